"""Prints DATABASE_URL=... and REDIS_URL=... for those services of this machine that answer."""

import os
import socket
import sys
from urllib.parse import urlsplit

_USUAL = {
    "DATABASE_URL": "postgresql://postgres@127.0.0.1:5432/test",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
}


def reachable(address: str) -> bool:
    """Whether something accepts connections there within a second."""
    url = urlsplit(address)
    try:
        socket.create_connection((url.hostname or "127.0.0.1", url.port or 0), timeout=1).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    given = {name: os.environ.get(f"CI_{name}", usual) for name, usual in _USUAL.items()}
    found = [f"{name}={address}" for name, address in given.items() if reachable(address)]
    silent = [name for name in given if not any(line.startswith(name) for line in found)]
    if silent:
        print(f"Nothing answers for {' and '.join(silent)}; that part is not tried.", file=sys.stderr)  # noqa: T201
    print(" ".join(found))  # noqa: T201
