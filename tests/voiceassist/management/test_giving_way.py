"""Who talks while a request is handled: how soon the event loop has its turn beside a thread that computes."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import pytest

from voiceassist.management.commands.serve import _give_way_sooner

PAUSE_SECONDS = 0.002
PAUSES = 25
ROUNDS = 5


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


@contextmanager
def somebody_computes() -> Iterator[None]:
    is_over = threading.Event()

    def compute() -> None:
        while not is_over.is_set():
            sum(range(50))

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def lateness() -> float:
    """By how many seconds somebody comes late who meant to sleep for a moment."""
    late = []
    for _ in range(PAUSES):
        began = time.perf_counter()
        time.sleep(PAUSE_SECONDS)
        late.append(time.perf_counter() - began - PAUSE_SECONDS)
    return median(late)


def test_the_loop_waits_less_than_half_as_long_for_a_thread_that_computes() -> None:
    pythons_own = sys.getswitchinterval()
    ratios = []
    with somebody_computes():
        for _ in range(ROUNDS):
            sys.setswitchinterval(pythons_own)
            without = lateness()
            _give_way_sooner()
            ratios.append(lateness() / without)
    assert median(ratios) < 0.5
