"""Whoever finds the words of an answer: the built-in responder, or a chat-completions server."""
