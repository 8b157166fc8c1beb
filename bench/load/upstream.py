"""An upstream that costs next to nothing: `python -m bench.load.upstream` serves it and prints its port.

Every frame of audio comes back at once, as sound of one answer that never ends; what is typed is answered in a word,
"flood N" with N megabytes of sound. A process of its own: what it computes is not the worker's and not the callers'.
"""

import asyncio
import base64
import json
from itertools import count
from typing import Any

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

from bench.load.sound import FRAME_BYTES

Json = dict[str, Any]
MEGABYTE = 1024 * 1024
_FLOOD_FRAMES = 16
"""Frames of audio in each piece of a flood."""
_APPEND = b'{"type":"input_audio_buffer.append","audio":"'
_TAIL = len(b'"}')
_serial = count(1)


def fresh(prefix: str) -> str:
    return f"{prefix}_L{next(_serial):015d}"


class Answerer(WSListener):
    """One connection of the worker's."""

    def __init__(self) -> None:
        self._session: Json = {"type": "realtime", "id": fresh("sess"), "model": "load"}
        self._typed = ""
        self._head = b""
        """The beginning of a frame of the endless answer; empty before it has begun."""
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._pouring: asyncio.Task[None] | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self._send("session.created", session=self._session)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if self._pouring is not None:
            self._pouring.cancel()

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        elif frame.msg_type is WSMsgType.TEXT:
            said = frame.get_payload_as_bytes()
            if said.startswith(_APPEND):
                self._echo(said[len(_APPEND) : -_TAIL])
            else:
                self._take(json.loads(said))

    def _echo(self, audio: bytes) -> None:
        if not self._head:
            self._head = self._begin(is_spoken=True)
        self._transport.send(WSMsgType.TEXT, self._head + audio + b'"}')

    def _take(self, event: Json) -> None:
        match event["type"]:
            case "input_audio_buffer.append":
                # Spaced or ordered otherwise than ours.
                self._echo(event["audio"].encode())
            case "session.update":
                self._session |= event["session"]
                self._send("session.updated", session=self._session)
            case "conversation.item.create":
                item = {"status": "completed"} | event["item"]
                self._typed = item["content"][0]["text"]
                for kind in ("added", "done"):
                    self._send(f"conversation.item.{kind}", previous_item_id=None, item=item)
            case "response.create" if self._typed.startswith("flood "):
                self._pouring = asyncio.create_task(self._pour(int(self._typed.split()[1])))
            case "response.create":
                self._answer("yes")

    def _answer(self, word: str) -> None:
        self._begin(is_spoken=False)
        self._send("response.output_text.delta", delta=word, **self._place)
        self._send("response.output_text.done", text=word, **self._place)
        item = self._item("completed", [{"type": "output_text", "text": word}])
        self._send("conversation.item.done", previous_item_id=None, item=item)
        response_id = self._place["response_id"]
        self._send("response.output_item.done", response_id=response_id, output_index=0, item=item)
        usage = {"total_tokens": 2, "input_tokens": 1, "output_tokens": 1}
        self._send("response.done", response=self._response("completed", [item]) | {"usage": usage})

    async def _pour(self, megabytes: int) -> None:
        """As much and as fast as the worker takes it."""
        head = self._begin(is_spoken=True)
        piece = head + base64.b64encode(bytes(FRAME_BYTES * _FLOOD_FRAMES)) + b'"}'
        for _ in range(megabytes * MEGABYTE // (FRAME_BYTES * _FLOOD_FRAMES)):
            self._transport.send(WSMsgType.TEXT, piece)
            await asyncio.sleep(0)
            await self._may_write.wait()

    def _begin(self, *, is_spoken: bool) -> bytes:
        """Begin an answer; what a frame of its sound begins with."""
        self._place = {
            "response_id": fresh("resp"),
            "item_id": fresh("item"),
            "output_index": 0,
            "content_index": 0,
        }
        response_id, item = self._place["response_id"], self._item("in_progress", [])
        part = {"type": "audio", "transcript": ""} if is_spoken else {"type": "text", "text": ""}
        self._send("response.created", response=self._response("in_progress", []))
        self._send("response.output_item.added", response_id=response_id, output_index=0, item=item)
        self._send("conversation.item.added", previous_item_id=None, item=item)
        self._send("response.content_part.added", part=part, **self._place)
        event = {"type": "response.output_audio.delta", "event_id": fresh("event")} | self._place
        return json.dumps(event)[:-1].encode() + b',"delta":"'

    def _item(self, status: str, content: list[Json]) -> Json:
        item = {"id": self._place["item_id"], "type": "message", "status": status, "role": "assistant"}
        return item | {"content": content}

    def _response(self, status: str, output: list[Json]) -> Json:
        response = {"object": "realtime.response", "id": self._place["response_id"], "status": status}
        return response | {"status_details": None, "output": output, "usage": None}

    def _send(self, kind: str, **members: Any) -> None:
        event = {"type": kind, "event_id": fresh("event")} | members
        self._transport.send(WSMsgType.TEXT, json.dumps(event).encode())


async def serve() -> None:
    server = await ws_create_server(
        lambda request: Answerer(), "127.0.0.1", 0, max_frame_size=16 * MEGABYTE, backlog=2048
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
