"""The session as upstream is asked for it and as a client is shown it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from realtime.prices import PRICES, PriceTable
from realtime.protocol.effects import Turn
from realtime.protocol.events import Event, mapping_of
from realtime.protocol.policy import SessionChange

PCM = {"type": "audio/pcm", "rate": 24000}
SERVER_VAD = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500}
_ANSWERS = {"create_response": True, "interrupt_response": True}


@dataclass(frozen=True, slots=True)
class SessionSetup:
    """All that decides one session, fixed when it begins."""

    session_id: str
    conversation_id: str
    model: str
    provider_name: str
    provider_label: str
    is_language_model: bool
    instructions: str
    voice: str
    transcription_model: str
    speed: float = 1.0
    language: str = ""
    output: str = "audio"
    turn_detection: str = "server_vad"
    """`server_vad`, `semantic_vad` or `push_to_talk`."""
    save: bool = True
    """False: nothing that is said is recorded."""
    epoch: int = 1
    """How often the session was taken up, this time included."""
    binary_audio: bool = False
    """The client takes and sends audio as binary frames."""
    announces: bool = False
    """The client knows our own `voiceassist.*` events."""
    idle_seconds: float = 600.0
    voice_problem: str = ""
    """Why there is no speech here, in a sentence for people; empty when there is."""
    remember: Callable[[Sequence[Turn]], str] | None = None
    """The instructions for a further upstream session, given the turns of this one so far in spoken order. None:
    `instructions` again."""
    usage: Event = field(default_factory=dict)
    """What this session used before this socket: the sums of its row."""
    prices: PriceTable = PRICES


def turn_detection(kind: str) -> Event | None:
    """The GA object of a turn detection mode; None for push-to-talk."""
    if kind == "push_to_talk":
        return None
    return (SERVER_VAD if kind == "server_vad" else {"type": "semantic_vad"}) | _ANSWERS


def transcription(setup: SessionSetup, language: str | None = None) -> Event:
    """The GA object of the transcription, always whole: a partial one would lose its model."""
    language = language or setup.language
    return {"model": setup.transcription_model} | ({"language": language} if language else {})


def configuration(setup: SessionSetup, event_id: str) -> Event:
    """The first `session.update`, which makes upstream's session ours."""
    return {
        "type": "session.update",
        "event_id": event_id,
        "session": {
            "type": "realtime",
            "instructions": setup.instructions,
            "output_modalities": [setup.output],
            "audio": {
                "input": {
                    "format": PCM,
                    "transcription": transcription(setup),
                    "turn_detection": turn_detection(setup.turn_detection),
                },
                "output": {"format": PCM, "voice": setup.voice, "speed": setup.speed},
            },
        },
    }


def update(change: SessionChange, setup: SessionSetup, event_id: str | None) -> Event:
    """The `session.update` for what a client may change; `event_id` as the client gave it."""
    heard: Event = {}
    if change.turn_detection is not None or "turn_detection" in change.clears:
        heard["turn_detection"] = change.turn_detection
    if change.noise_reduction is not None or "noise_reduction" in change.clears:
        heard["noise_reduction"] = change.noise_reduction
    if change.language is not None:
        heard["transcription"] = transcription(setup, change.language)
    spoken: Event = {}
    if change.voice is not None:
        spoken["voice"] = change.voice
    if change.speed is not None:
        spoken["speed"] = change.speed
    session: Event = {"type": "realtime"}
    if change.output_modalities is not None:
        session["output_modalities"] = change.output_modalities
    sound = {name: part for name, part in (("input", heard), ("output", spoken)) if part}
    if sound:
        session["audio"] = sound
    return {"type": "session.update", "event_id": event_id, "session": session}


def shown(upstream: Event, setup: SessionSetup) -> Event:
    """Upstream's session as a client may see it: under our id, without what is the server's own."""
    blanks: dict[str, Any] = {
        "instructions": "",
        "tools": [],
        "tool_choice": "auto",
        "prompt": None,
        "tracing": None,
    }
    return upstream | blanks | {"type": "realtime", "object": "realtime.session", "id": setup.session_id}


def interrupts(upstream: Event) -> bool:
    """Whether upstream stops its answer when the user begins to speak."""
    detection = mapping_of(_input_of(upstream).get("turn_detection"))
    return bool(detection) and detection.get("interrupt_response") is not False


def is_push_to_talk(upstream: Event) -> bool:
    """Whether only the client says where a turn ends."""
    hearing = _input_of(upstream)
    return "turn_detection" in hearing and hearing["turn_detection"] is None


def _input_of(upstream: Event) -> Event:
    return mapping_of(mapping_of(upstream.get("audio")).get("input"))
