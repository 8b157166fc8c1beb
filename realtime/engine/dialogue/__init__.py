"""The sans-IO core of the engine: client frames, findings of the speech worker and words of answers in; frames out."""
