"""How the C library hands out memory to a server's threads."""

import ctypes
from contextlib import suppress

_ARENA_MAX = -8
"""M_ARENA_MAX of glibc's <malloc.h>."""


def share_one_heap() -> None:
    """Let all threads allocate from one heap. To be called before there is a second thread.

    glibc gives threads heaps of their own, so that they need not wait for one another. In Python they wait for the
    interpreter anyway, and each heap keeps the most that was ever needed at once for a request in one of its threads.
    Where the C library knows no such choice, nothing happens.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
