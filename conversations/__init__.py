"""Remembering: conversations and their messages. Knows nothing of voice."""
