"""How many sessions one server process issues a second, and what each of them costs it.

    python -m bench.session_creation [--seconds 4] [--connections 1 4 16]

`manage.py serve` is started on loopback, with a database of its own: on the server that DATABASE_URL names, else a
SQLite file. `POST /api/voice/realtime-session` is asked with an access token over connections that stay open. What a
request costs is the processor time of the server's process, as Linux tells it; unlike the rate, it says the same on a
machine that does other things too.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.manage_program import free_port
from tests.support.project_files import ROOT
from tests.support.site_home import site_home

PATIENCE_SECONDS = 60
WARM_UP_SECONDS = 1.0
NAME, PASSWORD = "bench", "a-stopwatch-and-a-bench"
REQUEST = (
    "POST /api/voice/realtime-session HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
    "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
)


@dataclass(frozen=True)
class Server:
    """A process that serves the site."""

    pid: int
    port: int
    token: str

    def cpu_seconds(self) -> float:
        """Processor time it has used, as far as Linux tells it of another process."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Measured:
    connections: int
    latencies: list[float]
    seconds: float
    cpu_seconds: float

    def __str__(self) -> str:
        percentiles = statistics.quantiles(self.latencies, n=20)
        return (
            f"{self.connections:2} connections: {len(self.latencies) / self.seconds:4.0f} requests/s, "
            f"p50 {percentiles[9] * 1000:4.0f} ms, p95 {percentiles[18] * 1000:4.0f} ms, "
            f"{self.cpu_seconds / len(self.latencies) * 1000:.1f} ms of processor time each"
        )


@contextmanager
def running_server(environment: Mapping[str, str]) -> Iterator[Server]:
    """The site on a fresh database, with an account to ask for sessions."""
    port = free_port()
    own = os.environ | environment
    own |= {
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "REALTIME_PROVIDER": "embedded",
        "REALTIME_SESSION_RATE": "1000000/min",
        "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
    }
    account = ("--noinput", "--username", NAME, "--email", "bench@example.org")
    for command in (("migrate",), ("createsuperuser", *account)):
        assert manage(*command, environment=own).wait() == 0
    with manage("serve", environment=own) as process:
        try:
            yield Server(process.pid, port, access_token(f"http://127.0.0.1:{port}"))
        finally:
            process.terminate()


def manage(*command: str, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    # It warns that no static files were gathered; none is asked for.
    program = [sys.executable, "-W", "ignore", "manage.py", *command]
    return subprocess.Popen(program, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603 - ours


def access_token(url: str) -> str:
    """Wait for the server, and sign in."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            answer = httpx.post(f"{url}/api/token/", json={"username": NAME, "password": PASSWORD})
            return str(answer.raise_for_status().json()["access"])
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


async def measure(server: Server, connections: int, seconds: float) -> Measured:
    """Ask over so many connections at once, each for the next session as soon as it has one."""
    request = REQUEST.format(port=server.port, token=server.token).encode()
    cpu, began = server.cpu_seconds(), time.perf_counter()
    asking = (ask(server.port, request, until=began + seconds) for _ in range(connections))
    latencies = [each for of_one in await asyncio.gather(*asking) for each in of_one]
    return Measured(connections, latencies, time.perf_counter() - began, server.cpu_seconds() - cpu)


async def ask(port: int, request: bytes, *, until: float) -> list[float]:
    """How long each of one connection's requests took, in seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    latencies = []
    while (asked := time.perf_counter()) < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        assert head.startswith(b"HTTP/1.1 200"), body.decode()
        latencies.append(time.perf_counter() - asked)
    writer.close()
    await writer.wait_closed()
    return latencies


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--seconds", type=float, default=4.0, help="how long each number is measured")
    options.add_argument("--connections", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    chosen = options.parse_args()
    with (
        tempfile.TemporaryDirectory() as var,
        site_home(Path(var)) as home,
        running_server({"VAR_DIR": var} | home.environment) as server,
    ):
        asyncio.run(measure(server, 4, WARM_UP_SECONDS))
        for connections in chosen.connections:
            print(asyncio.run(measure(server, connections, chosen.seconds)))


if __name__ == "__main__":
    main()
