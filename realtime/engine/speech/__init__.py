"""Ears and mouth: voice activity, recognition and synthesis in a process of their own, and the pool of these."""
