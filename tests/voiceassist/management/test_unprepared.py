"""`manage.py serve` without `--prepare`, where something is not in place: one sentence says so, and no traceback."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.support.manage_program import Program, free_port, program
from tests.support.prepared_site import lay_out_tables
from tests.support.project_files import ROOT

# A process of its own; its database is a file, whatever the rest of the tests runs with.


def living_in(var: Path, port: int) -> dict[str, str]:
    return {"VAR_DIR": str(var), "PORT": str(port)}


def run(var: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """A command to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env={"PATH": "", "VAR_DIR": str(var)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_without_its_tables_it_does_not_start_and_says_what_to_do(tmp_path: Path) -> None:
    with program("serve", environment=living_in(tmp_path, free_port())) as running:
        with pytest.raises(AssertionError):
            running.wait_until(lambda: "is ready at" in running.screen)
        assert running.stop() == 1
    assert (
        "migrations are not applied. Run `manage.py migrate`, or start with `serve --prepare`."
        in running.screen
    )
    assert len(running.screen.strip().splitlines()) == 1


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int, Program]]:
    """A server with tables and without static files."""
    var, port = tmp_path_factory.mktemp("bare"), free_port()
    lay_out_tables(var)
    with program("serve", environment=living_in(var, port)) as running:
        running.wait_until(lambda: "is ready at" in running.screen)
        yield var, port, running
        assert running.stop() == 0
        assert "Traceback" not in running.screen


def test_without_static_files_it_starts_and_says_that_no_page_can_be_shown(
    bare: tuple[Path, int, Program],
) -> None:
    _, port, running = bare
    assert "static files are missing, so no page can be shown. Run `manage.py collectstatic" in running.screen
    answer = httpx.get(f"http://127.0.0.1:{port}/health/ready")
    assert (answer.status_code, answer.json()["failing"], answer.json()["degraded"]) == (
        200,
        [],
        ["static_files"],
    )


@pytest.mark.parametrize("path", ["/login", "/chat", "/nowhere", "/admin/login/", "/api/docs/"])
def test_without_static_files_a_page_says_in_a_sentence_that_it_is_not_there_yet(
    bare: tuple[Path, int, Program], path: str
) -> None:
    _, port, running = bare
    before = len(running.screen.splitlines())
    answer = httpx.get(f"http://127.0.0.1:{port}{path}", follow_redirects=True)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "Try again in a moment." in answer.text
    running.wait_until(lambda: "collectstatic" in "\n".join(running.screen.splitlines()[before:]))
    assert len(running.screen.splitlines()) - before <= 4, (
        "of the request itself and of its redirect, and why"
    )


def test_without_static_files_programs_are_answered_as_ever(bare: tuple[Path, int, Program]) -> None:
    answer = httpx.post(f"http://127.0.0.1:{bare[1]}/api/token", json={"username": "nobody", "password": "x"})
    assert (answer.status_code, answer.json()["code"]) == (401, "no_active_account")


def test_without_static_files_the_doctor_and_the_check_say_so(bare: tuple[Path, int, Program]) -> None:
    doctor = run(bare[0], "voiceassist_doctor")
    [line] = [line for line in doctor.stdout.splitlines() if "static files" in line[:24]]
    assert line.startswith("problem") and "collectstatic" in line
    assert doctor.returncode == 1
    assert "voiceassist.W106" in run(bare[0], "check", "--deploy").stderr


@pytest.fixture(scope="module")
def deserted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Program]]:
    """A server whose database is away from the start to the end."""
    var, port = tmp_path_factory.mktemp("deserted"), free_port()
    address = f"postgresql://voice:CANARY@127.0.0.1:{free_port()}/voice"
    with program("serve", environment=living_in(var, port) | {"DATABASE_URL": address}) as running:
        running.wait_until(lambda: "is ready at" in running.screen)
        yield port, running
        assert running.stop() == 0
        for ugly in ("Traceback", "never retrieved", "CANARY"):
            assert ugly not in running.screen


def test_without_its_database_it_starts_and_waits_for_it(deserted: tuple[int, Program]) -> None:
    port, running = deserted
    running.wait_until(lambda: "could not be tidied up" in running.screen)
    assert "The database is away, and requests are answered so until it is back" in running.screen
    answer = httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=15)
    assert (answer.status_code, answer.json()["failing"]) == (503, ["database"])


@pytest.mark.parametrize("key", ["ek_" + "a" * 43, "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoiMSJ9.sig"])
async def test_without_its_database_a_socket_is_refused_in_words(
    deserted: tuple[int, Program], key: str
) -> None:
    port, _ = deserted
    url = f"ws://127.0.0.1:{port}/v1/realtime?model=any"
    dress = [Subprotocol("voiceassist.v1"), Subprotocol(f"openai-insecure-api-key.{key}")]
    told = []
    async with asyncio.timeout(20), connect(url, subprotocols=dress) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                told.append(json.loads(await socket.recv()))
    assert [event["type"] for event in told] == ["error", "voiceassist.ended"]
    if key.startswith("ek_"):
        assert (told[1]["code"], told[1]["retryable"], told[1]["retry_after"]) == (
            "database_unavailable",
            True,
            2,
        )
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4503
