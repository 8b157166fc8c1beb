"""PCM16 little-endian mono at 24 kHz: lengths, and base64 that refuses what is not base64."""

from functools import partial

import pybase64

BYTES_PER_MS = 48
"""24,000 samples of two bytes a second."""


def milliseconds(pcm_bytes: int) -> int:
    """How long `pcm_bytes` bytes of audio last."""
    return pcm_bytes // BYTES_PER_MS


decode = partial(pybase64.b64decode, validate=True)
"""The bytes behind strict base64. Raises ValueError for anything else."""
encode = pybase64.b64encode_as_string
"""Base64 of bytes."""


def decoded_length(text: str) -> int:
    """How many bytes the base64 `text` stands for, without decoding it."""
    return len(text) * 3 // 4 - (text[-2:].count("=") if text else 0)
