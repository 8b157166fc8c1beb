"""The servers that VoiceAssist is measured beside, each a program of its own that prints its port."""
