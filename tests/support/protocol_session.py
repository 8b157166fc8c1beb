"""A session's core and its transcript under a clock that only tests move, and the events that upstream sends them."""

import json
from collections.abc import Iterable
from typing import Any

from realtime.protocol.core import RealtimeProtocol
from realtime.protocol.effects import (
    AudioToClient,
    AudioToUpstream,
    Effect,
    End,
    FrameToClient,
    Reconnect,
    RecordTurn,
    RecordUsage,
    ToClient,
    ToUpstream,
    Turn,
)
from realtime.protocol.events import Event
from realtime.protocol.session import SessionSetup
from realtime.protocol.stenographer import Stenographer
from realtime.protocol.transcript import TranscriptLog
from tests.support import upstream_turns as turns

SECOND = b"\0\1" * 24_000
"""One second of PCM16."""
Said = tuple[str, str, str]
"""Role, status and words of a turn."""


def setup_of(**given: Any) -> SessionSetup:
    """A session's setup; whatever matters to a test is given by name."""
    plain: dict[str, Any] = {
        "session_id": "rtc_7_example",
        "conversation_id": "5f0e6c36-60b8-4bd0-8ea4-0d6f8f3f4c11",
        "model": "gpt-realtime-2.1",
        "provider_name": "openai",
        "provider_label": "OpenAI gpt-realtime-2.1",
        "is_language_model": True,
        "instructions": "The persona, and what was said before.",
        "voice": "marin",
        "transcription_model": "gpt-transcribe",
    }
    return SessionSetup(**(plain | given))


# --- events that tests/support/upstream_turns.py does not have --------------------------------------------------------


def spoken_answer_begins(
    item_id: str, *, after: str | None = None, response_id: str = "resp_1"
) -> list[Event]:
    """A spoken answer, up to its first audio part."""
    item = {"id": item_id, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    return [
        turns.event("response.created", response={"id": response_id, "status": "in_progress", "output": []}),
        turns.event("response.output_item.added", response_id=response_id, output_index=0, item=item),
        turns.event("conversation.item.added", previous_item_id=after, item=item),
        turns.event(
            "response.content_part.added",
            **_place(item_id, response_id),
            part={"type": "audio", "transcript": ""},
        ),
    ]


def words(item_id: str, delta: str, *, response_id: str = "resp_1") -> Event:
    """Some of the words of a spoken answer."""
    return turns.event("response.output_audio_transcript.delta", **_place(item_id, response_id), delta=delta)


def spoken_answer_ends(
    item_id: str,
    text: str,
    *,
    response_id: str = "resp_1",
    status: str = "completed",
    reason: str | None = None,
) -> list[Event]:
    """The closing events of a spoken answer, in the order of a real server."""
    item_status = "completed" if status == "completed" else "incomplete"
    content = [{"type": "output_audio", "transcript": text}]
    item = {"id": item_id, "type": "message", "role": "assistant", "status": item_status, "content": content}
    details = None if status == "completed" else {"type": status, "reason": reason}
    response = {"id": response_id, "status": status, "status_details": details, "output": [item]}
    return [
        turns.event("response.output_audio.done", **_place(item_id, response_id)),
        turns.event("response.output_audio_transcript.done", **_place(item_id, response_id), transcript=text),
        turns.event("conversation.item.done", previous_item_id=None, item=item),
        turns.event("response.output_item.done", response_id=response_id, output_index=0, item=item),
        turns.event("response.done", response=response | {"usage": {"total_tokens": 7}}),
    ]


def spoken_answer(
    item_id: str, text: str, seconds: int, *, after: str | None = None, response_id: str = "resp_1"
) -> list[Event]:
    """A whole spoken answer of so many seconds; like a real one it comes all at once."""
    return [
        *spoken_answer_begins(item_id, after=after, response_id=response_id),
        words(item_id, text, response_id=response_id),
        *(turns.sound(item_id, SECOND, response_id=response_id) for _ in range(seconds)),
        *spoken_answer_ends(item_id, text, response_id=response_id),
    ]


def not_heard(item_id: str) -> Event:
    """The words of a spoken turn could not be made out."""
    error = {"type": "server_error", "code": "DeploymentNotFound", "message": "the upstream's own words"}
    return turns.event(
        "conversation.item.input_audio_transcription.failed", item_id=item_id, content_index=0, error=error
    )


def truncated(item_id: str, audio_end_ms: int, **extra: Any) -> Event:
    """The acknowledgement of a truncation."""
    return turns.event(
        "conversation.item.truncated", item_id=item_id, content_index=0, audio_end_ms=audio_end_ms, **extra
    )


def typed_by_client(text: str, item_id: str | None = None, **extra: Any) -> Event:
    """What a client sends for a typed turn."""
    item: Event = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    return {"type": "conversation.item.create", "item": item | ({"id": item_id} if item_id else {})} | extra


def _place(item_id: str, response_id: str) -> Event:
    return {"response_id": response_id, "item_id": item_id, "output_index": 0, "content_index": 0}


# --- under test -------------------------------------------------------------------------------------------------------


class Notebook:
    """Turns as a store would keep them: one row for each item, in the order in which they were first told."""

    def __init__(self) -> None:
        self.rows: dict[str, Turn] = {}
        self.told: list[Turn] = []

    def keep(self, told: Iterable[Turn]) -> None:
        for turn in told:
            self.told.append(turn)
            self.rows[turn.key or turn.item_id] = turn

    def said(self) -> list[Said]:
        """Role, status and words of every turn, in order."""
        return [(turn.role, turn.status, turn.text) for turn in self.rows.values()]


class Minutes(Notebook):
    """A transcript that takes down what upstream sends, and is asked for its turns as the core asks."""

    def __init__(self) -> None:
        super().__init__()
        self.log = TranscriptLog()
        self.now = 100.0
        self._stenographer = Stenographer(self.log)

    def hear(self, *events: Event) -> list[Turn]:
        """What upstream sends, one after another. What was told of it."""
        before = len(self.told)
        for event in events:
            self._stenographer.take_down(event, self.now)
            self.keep(self.log.take(self.now))
        return self.told[before:]

    def later(self, seconds: float) -> list[Turn]:
        """Let time pass; the transcript is asked whenever it wants to be. What was told meanwhile."""
        before, until = len(self.told), self.now + seconds
        while (deadline := self.log.deadline()) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            self.keep(self.log.take(self.now))
        self.now = until
        return self.told[before:]

    def finish(self) -> list[Turn]:
        told = self.log.finish(self.now)
        self.keep(told)
        return told


class ProtocolSession(Notebook):
    """A session's core with everything it asked for. It is set up and ready unless `greeted` says otherwise."""

    def __init__(self, *, greeted: bool = True, unix_now: float = 0.0, **setup: Any) -> None:
        super().__init__()
        self.now = 100.0
        self.core = RealtimeProtocol(setup_of(**setup), self.now, unix_now)
        self.effects: list[Effect] = []
        if greeted:
            self.upstream(turns.created(), updated())
            self.effects.clear()

    def upstream(self, *events: Event | str) -> list[Effect]:
        """Frames come from upstream. What the core asks for in answer."""
        return self._did(
            *(
                self.core.upstream_frame(each if isinstance(each, str) else json.dumps(each), self.now)
                for each in events
            )
        )

    def client(self, *frames: Event | str | bytes) -> list[Effect]:
        """Frames come from the client, and go on at once. What the core asks for in answer."""
        effects = []
        for frame in frames:
            text = json.dumps(frame) if isinstance(frame, dict) else frame
            effects += self._did(self.core.client_frame(text, self.now))
            self.core.behind(0)
        return effects

    def loses_upstream(self, closed_with: int = 1006, reason: str = "") -> list[Effect]:
        """The connection to upstream ends. What the core asks for in answer."""
        return self._did(self.core.upstream_closed(closed_with, reason, self.now))

    def gets_upstream(self, **session: Any) -> list[Effect]:
        """Another upstream is there and takes the configuration. What the core asks for in answer."""
        return self.upstream(turns.created(), updated(**session))

    def later(self, seconds: float) -> list[Effect]:
        """Let time pass; the core is woken whenever it wants to be. What it asked for meanwhile."""
        before, until = len(self.effects), self.now + seconds
        while (deadline := self.core.deadline()) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            self._did(self.core.tick(self.now))
        self.now = until
        return self.effects[before:]

    def hang_up(self) -> list[Effect]:
        return self._did(self.core.client_left(self.now))

    def finish(self) -> list[Effect]:
        return self._did(self.core.finish(self.now))

    def does(self, effects: list[Effect]) -> list[Effect]:
        """Keep what the core asked for when a test called it itself."""
        return self._did(effects)

    def _did(self, *answers: list[Effect]) -> list[Effect]:
        effects = [effect for answer in answers for effect in answer]
        self.effects += effects
        self.keep(effect.turn for effect in effects if isinstance(effect, RecordTurn))
        return effects

    # --- what came of it --------------------------------------------------------------------------------------------

    @property
    def reconnects(self) -> list[Reconnect]:
        """How often the core asked for another upstream."""
        return [effect for effect in self.effects if isinstance(effect, Reconnect)]

    @property
    def end(self) -> End | None:
        return next((effect for effect in self.effects if isinstance(effect, End)), None)

    @property
    def usage(self) -> list[Event]:
        return [effect.usage for effect in self.effects if isinstance(effect, RecordUsage)]

    def told_client(self, kind: str = "") -> list[Event]:
        """The events that the client got, or those of one type."""
        return [event for event in events_to_client(self.effects) if not kind or event["type"] == kind]

    def sent(self, kind: str = "") -> list[Event]:
        """The events that went upstream, microphone audio left out, or those of one type."""
        return [event for event in events_to_upstream(self.effects) if not kind or event["type"] == kind]

    def errors(self) -> list[str]:
        """The codes of the errors that the client was told of."""
        return [event["error"]["code"] for event in self.told_client("error")]

    def sound(self) -> bytes:
        """The audio that went to the client in binary frames."""
        return b"".join(effect.pcm for effect in self.effects if isinstance(effect, AudioToClient))

    def voice(self) -> bytes:
        """The audio that went upstream."""
        return b"".join(effect.pcm for effect in self.effects if isinstance(effect, AudioToUpstream))


def updated(**session: Any) -> Event:
    """Upstream's answer to our configuration: server_vad that interrupts, unless said otherwise."""
    return turns.updated(**session)


def events_to_client(effects: Iterable[Effect]) -> list[Event]:
    """The events among what a core asked for that a client gets."""
    found: list[Event] = []
    for effect in effects:
        if isinstance(effect, ToClient):
            found.append(effect.event)
        elif isinstance(effect, FrameToClient):
            found.append(json.loads(effect.frame))
    return found


def events_to_upstream(effects: Iterable[Effect]) -> list[Event]:
    """The events among what a core asked for that upstream gets."""
    return [effect.event for effect in effects if isinstance(effect, ToUpstream)]
