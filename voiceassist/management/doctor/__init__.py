"""The examination of `manage.py voiceassist_doctor`: each part of a server, tried out, in a sentence each."""
