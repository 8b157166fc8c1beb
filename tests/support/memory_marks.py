"""How much memory a process has taken at most, between two looks, as Linux marks it."""

from pathlib import Path


def memory(pid: int) -> int:
    """What it holds now, in bytes."""
    return _status(pid, "VmRSS")


def highest_memory(pid: int) -> int:
    """The most that it held since `forget_memory`, in bytes."""
    return _status(pid, "VmHWM")


def forget_memory(pid: int) -> int:
    """Begin to mark anew; what it holds now, in bytes."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return memory(pid)


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
