"""Door: between a server's dialect and the GA dialect of the house, both ways. Pure: frames in, frames out."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from realtime.protocol import wire
from realtime.protocol.dialects import beta, ga, hybrid, sessions
from realtime.protocol.dialects.reader import Reader
from realtime.protocol.events import Event, is_well_formed, mapping_of, text_of

Dialect = Literal["auto", "ga", "beta", "hybrid"]
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)

_SPEAKERS = {"ga": ga.spoken, "beta": beta.spoken, "hybrid": hybrid.spoken}
_APPEND = '{"type":"input_audio_buffer.append"'
"""How our own microphone frames begin; every dialect takes them as they are."""
_AUDIO = '"response.output_audio.delta"'
_HEAD = 512
"""Letters of a frame in which its type and item are looked for before it is read at all."""


@dataclass(frozen=True, slots=True)
class Passed:
    """What became of a frame on its way up."""

    upstream: list[str] = field(default_factory=list)
    """Frames for the server, in its dialect."""
    answered: list[str] = field(default_factory=list)
    """GA frames with which the door itself answers, where the server could not."""


class Door:
    """One connection's door. A new connection gets a new door.

    `auto` finds the dialect out from `session.created`. A dialect that was named is kept whatever the server shows,
    so that one which shows next to nothing can be told what to speak; what comes in is understood in any case.
    """

    def __init__(self, dialect: str, *, transcription_model: str = "") -> None:
        """`dialect`: a Dialect. `transcription_model`: what to ask for where a session names none of its own."""
        if dialect not in DIALECTS:
            raise ValueError(f"no such dialect: {dialect!r}")
        self.dialect: Dialect = dialect
        """As it was named, or as it was found."""
        self._transcription_model = transcription_model
        self._reader = Reader()
        self._greeting: Event = {}
        self._session: Event = {}
        """As a GA client was shown it last."""
        self._sounding = ""
        """The item whose sound is coming, quoted."""
        self._serial = 0
        if self.dialect != "auto":
            self._reader.knows(self.dialect)

    # --- from the server ----------------------------------------------------------------------------------------

    def received(self, frame: str) -> list[str]:
        """A frame of the server's, as GA frames; a GA server's frame as the very same string.

        One that cannot be read or has not the shape of its kind passes, too: whoever acts on frames leaves it aside,
        and counts it.
        """
        if self._is_more_of_the_same(frame):
            return [frame]
        try:
            event = wire.decode(frame)
        except wire.MalformedFrame:
            return [frame]
        if not is_well_formed(event):
            return [frame]
        if event["type"] == "session.created":
            self._greet(mapping_of(event.get("session")))
        told = list(self._reader.read(event))
        for each in told:
            if each["type"].startswith("session."):
                self._session = mapping_of(each.get("session"))
        self._sounding = ""
        if self.dialect == "ga" and told == [event] and event["type"] == "response.output_audio.delta":
            self._sounding = f'"{text_of(event.get("item_id"))}"'
        return [frame if each is event else wire.encode(each) for each in told]

    def _is_more_of_the_same(self, frame: str) -> bool:
        """Whether a frame is more sound of an answer that was begun as GA has it: nothing can be amiss with it."""
        return bool(self._sounding) and _AUDIO in frame[:_HEAD] and self._sounding in frame[:_HEAD]

    def _greet(self, session: Event) -> None:
        self._greeting = session
        if self.dialect == "auto":
            spoken = sessions.dialect_of(session)
            self.dialect = spoken
            self._reader.knows(spoken)

    # --- to the server ------------------------------------------------------------------------------------------

    @staticmethod
    def is_sound(frame: str) -> bool:
        """Whether it is one of our own microphone frames, which goes up as it is."""
        return frame.startswith(_APPEND)

    def sent(self, frame: str) -> Passed:
        """A GA frame for the server."""
        if self.dialect == "auto" or self.is_sound(frame):
            return Passed([frame])
        try:
            event = wire.decode(frame)
        except wire.MalformedFrame:
            return Passed([frame])
        if self.dialect == "hybrid" and (answer := self._instead(event)) is not None:
            return Passed(answered=[wire.encode(answer)])
        if event["type"] == "conversation.item.delete":
            self._reader.course.conversation.deletes(text_of(event.get("item_id")))
        said = _SPEAKERS[self.dialect](event, self._greeting, self._transcription_model)
        if said is None:
            # Nothing that the server has a word for: the session stays as it is.
            return Passed(answered=[wire.encode(self._event("session.updated", session=self._session))])
        upstream = [frame if said is event else wire.encode(said)]
        if said["type"] == "session.update":
            return Passed(upstream, self._updated(mapping_of(said.get("session"))))
        return Passed(upstream)

    def _updated(self, asked: Event) -> list[str]:
        """What to tell of an update that is on its way: nothing, unless the server will not say a word of it."""
        if self.dialect != "ga":
            self._reader.asked(asked)
            return []
        if not ga.answers_no_update(self._greeting):
            return []
        self._session = ga.updated(self._session, asked)
        return [wire.encode(self._event("session.updated", session=self._session))]

    def _instead(self, event: Event) -> Event | None:
        """Our answer to a request that the server does not know."""
        item_id = text_of(event.get("item_id"))
        if event["type"] == "conversation.item.truncate":
            place = {
                "content_index": event.get("content_index", 0),
                "audio_end_ms": event.get("audio_end_ms", 0),
            }
            return self._event("conversation.item.truncated", item_id=item_id, **place)
        if event["type"] == "conversation.item.retrieve":
            if (item := self._reader.course.conversation.item(item_id)) is not None:
                return self._event("conversation.item.retrieved", item=item)
            return self._event(
                "error",
                error={
                    "type": "invalid_request_error",
                    "code": "item_retrieve_invalid_item_id",
                    "message": "There is no item with that id.",
                    "param": None,
                    "event_id": event.get("event_id"),
                },
            )
        return None

    def _event(self, kind: str, **fields: object) -> Event:
        self._serial += 1
        return {"type": kind, "event_id": f"event_door_answer_{self._serial}"} | fields
