"""What the core asks of the relay. The core itself touches nothing."""

from dataclasses import dataclass, field
from typing import Literal

from realtime.errors import EndReason
from realtime.protocol.events import Event


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn as it is to be stored. Sent again with the same `item_id` when more is known of it."""

    item_id: str
    role: Literal["user", "assistant"]
    modality: Literal["text", "audio"]
    status: Literal["pending", "final", "interrupted", "failed"]
    text: str
    """What was said and, of an answer, heard."""
    unheard_text: str = ""
    heard_is_estimated: bool = False
    hidden: bool = False
    """Nothing was said (noise): the place is kept and not shown."""
    at: float = 0.0
    """When it was said, in seconds of the clock that the core is given."""
    key: str = ""
    """Under which it is stored where `item_id` alone could be used twice; empty: under its `item_id`."""


@dataclass(frozen=True, slots=True)
class ToClient:
    """An event of ours, or a changed one of upstream's."""

    event: Event


@dataclass(frozen=True, slots=True)
class FrameToClient:
    """A frame of upstream's, passed on as it came."""

    frame: str
    event_id: str = field(default="", compare=False)
    """As upstream gave it; empty when it gave none."""


@dataclass(frozen=True, slots=True)
class AudioToClient:
    """Audio of the answer that is being given, for a client that takes binary frames."""

    pcm: bytes
    item_id: str = field(default="", compare=False)
    """The answer that it is of."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The client has processed everything up to and including the event of that id."""

    event_id: str


@dataclass(frozen=True, slots=True)
class PurgeAudio:
    """Drop the audio that still waits to be sent to the client: it belongs to an answer that was interrupted."""


@dataclass(frozen=True, slots=True)
class ToUpstream:
    event: Event


@dataclass(frozen=True, slots=True)
class AudioToUpstream:
    """Microphone audio that is known to be PCM16."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class RecordTurn:
    turn: Turn


@dataclass(frozen=True, slots=True)
class RecordUsage:
    """The `usage` object of one finished response."""

    usage: Event


@dataclass(frozen=True, slots=True)
class FirstAudio:
    """An answer begins to sound, so many seconds after the end of what it answers."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Ready:
    """Upstream is configured; the client may speak."""


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Let go of this upstream, forget what waits to be sent to it, and open another one after `pause` seconds."""

    pause: float = 0.0
    code: str = ""
    """Why, for the log."""


@dataclass(frozen=True, slots=True)
class TellOperator:
    """Something that only whoever runs the server can mend, for the log: a stable code, never words of a session."""

    code: str


@dataclass(frozen=True, slots=True)
class MalformedFromUpstream:
    """What upstream sent could not be read, or had not the shape of its kind. It was left aside; count it."""


@dataclass(frozen=True, slots=True)
class End:
    """Close the client with `close_code` and end the session for `reason`."""

    reason: EndReason
    close_code: int
    code: str = field(default="", compare=False)
    """What programs are told, for the log: often more exact than the reason."""


ForClient = ToClient | FrameToClient | AudioToClient | Acknowledged | PurgeAudio
"""What is about what the client gets."""
Effect = (
    ForClient
    | ToUpstream
    | AudioToUpstream
    | RecordTurn
    | RecordUsage
    | FirstAudio
    | Ready
    | Reconnect
    | TellOperator
    | MalformedFromUpstream
    | End
)
