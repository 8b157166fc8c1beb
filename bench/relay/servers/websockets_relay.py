"""The least relay that can be written with `websockets`: `python -m bench.relay.servers.websockets_relay UPSTREAM`.

PCM in binary frames on the browser's side, base64 in events on the other; whatever else there is passes as it came.
Nothing is checked, counted or stored. It prints its port.
"""

import asyncio
import sys
from base64 import b64decode, b64encode

import orjson
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

LARGEST = 16 * 1024 * 1024


async def up(browser: ServerConnection, upstream: ClientConnection) -> None:
    """What the browser sends, until it is gone."""
    async for frame in browser:
        if isinstance(frame, bytes):
            await upstream.send(
                b'{"type":"input_audio_buffer.append","audio":"' + b64encode(frame) + b'"}', text=True
            )
        else:
            await upstream.send(frame)


async def down(upstream: ClientConnection, browser: ServerConnection) -> None:
    """What the model sends, until it is gone."""
    while True:
        # Left as bytes: nobody needs it as a string.
        event = await upstream.recv(decode=False)
        told = orjson.loads(event)
        if told["type"] == "response.output_audio.delta":
            await browser.send(b64decode(told["delta"]))
        else:
            await browser.send(event, text=True)


async def serve_one(browser: ServerConnection, upstream_url: str) -> None:
    """One session: it ends with either side."""
    async with connect(upstream_url, compression=None, max_size=LARGEST) as upstream:
        ways = [asyncio.create_task(up(browser, upstream)), asyncio.create_task(down(upstream, browser))]
        _over, others = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in others:
            way.cancel()
        for outcome in await asyncio.gather(*ways, return_exceptions=True):
            if isinstance(outcome, Exception) and not isinstance(outcome, ConnectionClosed):
                raise outcome


async def main(upstream_url: str) -> None:
    async with serve(
        lambda browser: serve_one(browser, upstream_url), "127.0.0.1", 0, compression=None, max_size=LARGEST
    ) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
