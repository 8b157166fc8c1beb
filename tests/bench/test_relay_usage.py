"""What a server has used is that of its children as well, and frames count only when they are whole."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from bench.load.sound import FRAME_BYTES, is_whole, stamped
from bench.relay.usage import cpu_seconds, memory_bytes

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {child!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
print("ready", flush=True)
sys.stdin.read()
"""
BUSY = "sum(range(20_000_000)); held = bytearray(64 << 20); print(flush=True); import sys; sys.stdin.read()"
IDLE = "print(flush=True); import sys; sys.stdin.read()"


def used_by(child: str) -> tuple[float, int]:
    """Seconds and bytes of a process that does nothing and has one child."""
    process = subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-c", PARENT.format(child=child)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n"
        return cpu_seconds(process.pid), memory_bytes(process.pid)
    finally:
        process.communicate()


def test_a_child_that_computes_and_holds_is_counted() -> None:
    idle_seconds, idle_bytes = used_by(IDLE)
    busy_seconds, busy_bytes = used_by(BUSY)
    assert busy_seconds > idle_seconds + 0.05
    assert busy_bytes - idle_bytes == pytest.approx(64 << 20, rel=0.1)


def test_a_process_that_is_gone_has_used_nothing_that_can_be_told() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert (cpu_seconds(process.pid), memory_bytes(process.pid)) == (0.0, 0)


@pytest.mark.parametrize("spoil", [lambda sound: sound[:-1], lambda sound: sound[:-1] + b"\0", bytes])
def test_a_frame_is_whole_when_nothing_behind_its_stamp_has_changed(spoil: Callable[[bytes], bytes]) -> None:
    frame = stamped(7)
    assert len(frame) == FRAME_BYTES
    assert is_whole(spoil(frame)) is (spoil is bytes)
