"""A session's core behind a door: frames of any dialect come in, and what goes up and what a client gets is kept."""

import json
from typing import Any

from realtime.protocol import wire
from realtime.protocol.dialects import Dialect, Door
from realtime.protocol.effects import AudioToUpstream, Effect, Reconnect, ToUpstream
from realtime.protocol.events import Event
from tests.support.protocol_session import ProtocolSession


class BehindDoor(ProtocolSession):
    """Like a ProtocolSession, with a Door between the core and upstream. A new connection gets a new door."""

    def __init__(self, dialect: Dialect = "auto", *, transcription_model: str = "", **setup: Any) -> None:
        self._dialect: Dialect = dialect
        self._transcription_model = transcription_model
        self.door = self._new_door()
        self.went_up: list[str] = []
        """Every frame that reached the server, in its dialect."""
        super().__init__(greeted=False, **setup)

    def upstream(self, *events: Event | str) -> list[Effect]:
        before = len(self.effects)
        for event in events:
            frame = event if isinstance(event, str) else json.dumps(event)
            for told in self.door.received(frame):
                super().upstream(told)
        return self.effects[before:]

    def goes_up(self, kind: str = "") -> list[Event]:
        """The events that reached the server, or those of one type."""
        events = [json.loads(frame) for frame in self.went_up]
        return [event for event in events if not kind or event["type"] == kind]

    def lose(self, code: int, reason: str = "") -> list[Effect]:
        """The connection to the server ends."""
        return self.does(self.core.upstream_closed(code, reason, self.now))

    def _did(self, *answers: list[Effect]) -> list[Effect]:
        effects = super()._did(*answers)
        for effect in effects:
            if isinstance(effect, Reconnect):
                self.door = self._new_door()
            elif isinstance(effect, ToUpstream):
                self._send(wire.encode(effect.event))
            elif isinstance(effect, AudioToUpstream):
                self._send(wire.append_frame(effect.pcm))
        return effects

    def _send(self, frame: str) -> None:
        passed = self.door.sent(frame)
        self.went_up += passed.upstream
        for answer in passed.answered:
            super().upstream(answer)

    def _new_door(self) -> Door:
        return Door(self._dialect, transcription_model=self._transcription_model)
