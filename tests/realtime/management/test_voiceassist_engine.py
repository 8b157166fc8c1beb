"""`manage.py voiceassist_engine`: the engine for any client, from the command line."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from django.core.management import CommandError, call_command
from websockets.asyncio.client import connect

from tests.support.project_files import ROOT

KEY = "sk-" + "clients"


@asynccontextmanager
async def command(*arguments: str) -> AsyncIterator[tuple[Process, str, str]]:
    """The running command, the address it printed and all it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        ROOT / "manage.py",
        "voiceassist_engine",
        "--port",
        "0",
        *arguments,
        stdout=PIPE,
        stderr=DEVNULL,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            said = b""
            while b"Ctrl-C" not in said:
                line = await process.stdout.readline()
                assert line, said
                said += line
        text = said.decode()
        address = text.split("Serving the Realtime API at ")[1].split()[0]
        yield process, address, text
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_it_serves_says_how_to_connect_and_ends_cleanly() -> None:
    async with command() as (process, address, said):
        assert f'websocket_base_url="{address.removesuffix("/realtime")}"' in said
        assert "no language model" in said
        async with connect(address) as connection:
            assert json.loads(await connection.recv())["type"] == "session.created"
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), timeout=10) == 0


async def test_control_c_with_a_session_open_leaves_nobody_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIENTS_KEY", KEY)
    async with command("--api-key-env", "CLIENTS_KEY") as (process, address, said):
        assert KEY not in said
        async with connect(address, additional_headers={"Authorization": f"Bearer {KEY}"}) as connection:
            assert json.loads(await connection.recv())["type"] == "session.created"
            children = children_of(process.pid)
            process.send_signal(signal.SIGINT)
            assert await asyncio.wait_for(process.wait(), timeout=10) == 0
    assert [pid for pid in children if is_alive(pid)] == []


def test_a_key_that_is_not_set_is_said() -> None:
    with pytest.raises(CommandError, match="NOT_SET_ANYWHERE is not set"):
        call_command("voiceassist_engine", port=0, api_key_env="NOT_SET_ANYWHERE")


def children_of(pid: int) -> list[int]:
    """The processes that `pid` has started, where the system tells."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]
    except OSError:
        return []


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
