"""That a server's threads allocate from one heap."""

import subprocess
import sys

import pytest

from voiceassist.management import allocator

_PROGRAM = """
import ctypes, threading
from voiceassist.management.allocator import share_one_heap
{asked}
library = ctypes.CDLL(None)
library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
places = []
def take(): places.append(library.malloc(4000))
take()
thread = threading.Thread(target=take)
thread.start()
thread.join()
# A heap of a thread's own begins at a multiple of 64 MB far from the one of the process.
print(abs(places[0] - places[1]) < 2**30)
"""


def shares(asked: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(asked=asked)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip() == "True"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the choice is glibc's")
def test_threads_take_memory_from_the_same_heap_and_would_not_by_themselves() -> None:
    assert shares("share_one_heap()")
    assert not shares("")


def test_where_the_library_knows_no_such_choice_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(name: None) -> None:
        raise OSError

    monkeypatch.setattr("ctypes.CDLL", refuses)
    allocator.share_one_heap()
