"""A chat-completions server on a free port that answers as its script says, and remembers what it was asked."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Step = str | float
"""A chunk of the body, or a pause in seconds."""


@dataclass
class ChatScript:
    """What the server does with every request."""

    body: Sequence[Step] = ()
    status: str = "200 OK"
    hangs: bool = False
    """Never ends the answer."""
    breaks_off: bool = False
    """Cuts the connection in the middle of the body."""
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    client_left: asyncio.Event = field(default_factory=asyncio.Event)


def streamed(*words: str, finish: str = "stop") -> list[Step]:
    """The body of a usual answer."""
    events: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}
    ]
    events += [{"choices": [{"index": 0, "delta": {"content": word}}]} for word in words]
    events += [{"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}, {"choices": []}]
    return [*(f"data: {json.dumps(event)}\n\n" for event in events), "data: [DONE]\n\n"]


@asynccontextmanager
async def chat_server(script: ChatScript) -> AsyncIterator[ChatScript]:
    """Serve the script; `script.url` is the base address while it runs."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _remember(script, reader)
            await _answer(script, writer)
            if script.hangs:
                await reader.read()
                script.client_left.set()
        except ConnectionError:
            script.client_left.set()
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    script.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with server:
        yield script


async def _remember(script: ChatScript, reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in head[1:] if line)
    headers = {name.lower(): value for name, value in headers.items()}
    script.paths.append(head[0])
    script.headers.append(headers)
    script.requests.append(json.loads(await reader.readexactly(int(headers["content-length"]))))


async def _answer(script: ChatScript, writer: asyncio.StreamWriter) -> None:
    writer.write(
        f"HTTP/1.1 {script.status}\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    )
    for step in script.body:
        if isinstance(step, float):
            await asyncio.sleep(step)
            continue
        chunk = step.encode()
        writer.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
        await writer.drain()
    if not script.hangs and not script.breaks_off:
        writer.write(b"0\r\n\r\n")
    await writer.drain()
