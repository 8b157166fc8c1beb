"""The least server with the agents SDK's realtime session: `agents_app.py UPSTREAM`, in that SDK's own environment.

It does what the SDK's demonstration does: a session of the SDK for each socket, microphone as lists of int16 in JSON,
the session's events as JSON with base64. What the demonstration checks of each sample is left out, which is in the
SDK's favour. It prints its port.
"""

import asyncio
import base64
import json
import socket
import struct
import sys
from typing import Any

import uvicorn
from agents import set_tracing_disabled  # type: ignore[import-not-found]
from agents.realtime import (  # type: ignore[import-not-found]
    RealtimeAgent,
    RealtimeRunner,
    RealtimeSession,
    RealtimeSessionEvent,
)
from fastapi import FastAPI, WebSocket, WebSocketDisconnect  # type: ignore[import-not-found]

app = FastAPI()
AGENT = RealtimeAgent(name="Assistant", instructions="Answer in a word.")


def as_json(event: RealtimeSessionEvent) -> dict[str, Any]:
    """What the browser is told of an event."""
    told: dict[str, Any] = {"type": event.type}
    match event.type:
        case "audio":
            told["audio"] = base64.b64encode(event.audio.data).decode()
        case "raw_model_event":
            told["raw_model_event"] = {"type": event.data.type}
        case "history_updated":
            told["history"] = [item.model_dump(mode="json") for item in event.history]
        case "history_added":
            told["item"] = event.item.model_dump(mode="json")
        case "error":
            told["error"] = str(event.error)
    return told


async def tell(session: RealtimeSession, browser: WebSocket) -> None:
    """Every event of the session, for as long as there are any."""
    async for event in session:
        await browser.send_text(json.dumps(as_json(event)))


@app.websocket("/ws")  # type: ignore[untyped-decorator]
async def serve_one(browser: WebSocket) -> None:
    """One session: it ends with the browser."""
    await browser.accept()
    model = {"url": sys.argv[1], "api_key": "sk-of-nobody"}
    async with await RealtimeRunner(AGENT).run(model_config=model) as session:
        telling = asyncio.create_task(tell(session, browser))
        try:
            while True:
                message = json.loads(await browser.receive_text())
                if message["type"] == "audio":
                    samples = message["data"]
                    await session.send_audio(struct.pack(f"<{len(samples)}h", *samples))
        except WebSocketDisconnect:
            pass
        finally:
            telling.cancel()


def main() -> None:
    set_tracing_disabled(True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        configuration = uvicorn.Config(app, log_level="warning", ws_per_message_deflate=False)
        uvicorn.Server(configuration).run(sockets=[listener])


if __name__ == "__main__":
    main()
