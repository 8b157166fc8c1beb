"""The seat of a session's client: who has it at the moment, what goes to it, and since when it is empty."""

import asyncio
from collections.abc import Callable
from typing import Protocol, assert_never

from realtime.client_line import ClientLine
from realtime.errors import EndReason
from realtime.meter import Meter
from realtime.protocol import wire
from realtime.protocol.effects import (
    Acknowledged,
    AudioToClient,
    ForClient,
    FrameToClient,
    PurgeAudio,
    ToClient,
)
from realtime.protocol.events import Event, text_of
from realtime.protocol.policy import Seen, is_of_the_line
from realtime.stalls import StallTimer


class Client(Protocol):
    """The browser or program at the other end of our socket."""

    async def send_text(self, frame: str) -> None:
        """Raises OSError when the client is gone."""

    async def send_audio(self, pcm: bytes) -> None:
        """Raises OSError when the client is gone."""

    @property
    def takes(self) -> Callable[[str | bytes], bool] | None:
        """Sends a frame at once, where nobody has to wait for that; False: it has to be sent. None: nothing is sent at
        once."""

    def dismiss(self, *, may_return: bool = False) -> None:
        """It will be sent nothing more: its session goes on with another socket, or waits for it if it `may_return`."""


class Seat:
    """Taken by one client at a time. Times are seconds of the relay's clock."""

    def __init__(self, client: Client | None, meter: Meter, *, keeps: bool) -> None:
        """`keeps`: a client that is lost may come back."""
        self._meter = meter
        self.client = client
        self.line = ClientLine(keeps=keeps, went=meter.went)
        self.lost_at: float | None = None
        """When the client was lost that is waited for."""
        self.left: EndReason | None = None
        """How the last client left for good; None while there is one, or one is waited for."""
        self.frames_taken = 0
        """How many frames of the client's were taken in, over all its sockets."""

    # --- who has it ---------------------------------------------------------------------------------------------

    def is_of(self, client: Client | None) -> bool:
        """Whether it is that one's, or whoever's when nobody is named."""
        return client is None or client is self.client

    def lost(self, now: float) -> None:
        """The client is gone and may come back."""
        self.client, self.lost_at, self.line.takes = None, now, None
        self.line.done()
        self._meter.away()

    def taken_up(self, client: Client, seen: Seen, greeting: Callable[[], Event]) -> bool:
        """The client is back and has seen so much: after the greeting it is sent what it lacks. False when that is no
        longer known."""
        if not self.line.take_up(seen):
            return False
        event = greeting()
        self.line.greet(wire.encode(event), event["event_id"])
        self.client, self.lost_at = client, None
        return True

    def given_up(self, reason: EndReason) -> None:
        """The client is gone for good."""
        if self.left is None:
            self.client, self.left = None, reason
            self.line.release()

    # --- what goes over it --------------------------------------------------------------------------------------

    def took(self, frame: str | bytes) -> None:
        """The session takes a frame in; what is about the line alone is no part of it."""
        if isinstance(frame, bytes) or not is_of_the_line(frame):
            self.frames_taken += 1

    def take(self, effect: ForClient) -> None:
        """Queue what the client is to get, or forget what it is not to get any more."""
        match effect:
            case FrameToClient(frame, event_id):
                self.line.put_event(frame, event_id)
            case AudioToClient(pcm, item_id):
                self.line.put_audio(pcm, item_id)
            case ToClient(event):
                self.line.put_event(wire.encode(event), text_of(event.get("event_id")))
            case Acknowledged(event_id):
                self.line.acknowledged(event_id)
            case PurgeAudio():
                self._meter.dropped(self.line.purge_audio(), "interrupted")
            case _:
                assert_never(effect)

    def take_sound(self, sound: str | bytes, item_id: str) -> bool:
        """The same for more of the sound of an item: a frame of upstream's, or PCM16. Whether it has gone, and waits
        no more."""
        if isinstance(sound, bytes):
            return not sound or self.line.put_audio(sound, item_id)
        return self.line.put_event(sound, "")

    async def serve(self, client: Client, stall: float, slow: Callable[[], None]) -> None:
        """Hand over what is queued until the client is gone; `slow` is called when it takes nothing for `stall` s.

        Where it may come back, that is the network, and it is gone then.
        """
        self.line.takes = client.takes
        try:
            while True:
                try:
                    await self._write(client, stall)
                except TimeoutError:
                    slow()
                    self.line.done()
                    if self.line.keeps:
                        return
        except OSError:
            if not self.line.keeps:
                self.line.release()

    async def _write(self, client: Client, stall: float) -> None:
        """Raises TimeoutError when the client takes nothing for `stall` seconds."""
        async with asyncio.timeout(None) as patience:
            waits = StallTimer(stall, lambda: patience.reschedule(asyncio.get_running_loop().time()))
            try:
                while True:
                    frame = await self.line.get()
                    self._meter.goes(frame)
                    waits.begins()
                    if isinstance(frame, bytes):
                        await client.send_audio(frame)
                    else:
                        await client.send_text(frame)
                    waits.ends()
                    self._meter.gone()
                    self.line.done()
            finally:
                waits.close()
