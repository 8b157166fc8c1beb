"""The session as upstream is asked for it and as a client is shown it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from realtime.prices import PRICES, PriceTable
from realtime.protocol.audio import BYTES_PER_MS
from realtime.protocol.effects import Turn
from realtime.protocol.events import Event, mapping_of, text_of
from realtime.protocol.policy import SessionChange

PCM = {"type": "audio/pcm", "rate": 24000}
SERVER_VAD: Event = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 500,
}
_ANSWERS = {"create_response": True, "interrupt_response": True}
_NO_WISHES = SessionChange()
_PATIENCE_MS = {"low": 8_000, "medium": 4_000, "high": 2_000}
"""How long semantic voice detection waits for somebody who does not sound finished."""


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
    owes_answer: bool = False
    """The last thing that was said before this session was taken up is a spoken turn, and nobody answered it."""
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
    model = {"model": setup.transcription_model} if setup.transcription_model else {}
    return model | ({"language": language} if language else {})


def configuration(
    setup: SessionSetup, event_id: str, wishes: SessionChange = _NO_WISHES, instructions: str | None = None
) -> Event:
    """The first `session.update`, which makes upstream's session ours, with what the client has asked for so far."""
    heard: Event = {
        "format": PCM,
        "transcription": transcription(setup, wishes.language),
        "turn_detection": _wished_detection(setup, wishes),
    }
    if wishes.noise_reduction is not None or "noise_reduction" in wishes.clears:
        heard["noise_reduction"] = wishes.noise_reduction
    speed = setup.speed if wishes.speed is None else wishes.speed
    spoken: Event = {"format": PCM, "speed": speed}
    if voice := wishes.voice or setup.voice:
        spoken["voice"] = voice
    return {
        "type": "session.update",
        "event_id": event_id,
        "session": {
            "type": "realtime",
            "instructions": setup.instructions if instructions is None else instructions,
            "output_modalities": wishes.output_modalities or [setup.output],
            "audio": {"input": heard, "output": spoken},
        },
    }


def _wished_detection(setup: SessionSetup, wishes: SessionChange) -> Event | None:
    """Turn detection, always whole: what a client left out of its wish stays as the setup has it."""
    given = turn_detection(setup.turn_detection)
    wish = wishes.turn_detection
    if wish is None:
        return None if "turn_detection" in wishes.clears else given
    if given is None or given["type"] != wish["type"]:
        given = turn_detection(wish["type"]) or {}
    return given | wish


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


def shown(upstream: Event, setup: SessionSetup, wishes: SessionChange = _NO_WISHES) -> Event:
    """Upstream's session as a client may see it: whole, under our id, without what is the server's own."""
    asked = configuration(setup, "", wishes)["session"]
    hearing, speaking = asked["audio"]["input"], asked["audio"]["output"]
    shown_audio = {
        "input": {"noise_reduction": None} | hearing | _input_of(upstream),
        "output": speaking | mapping_of(mapping_of(upstream.get("audio")).get("output")),
    }
    defaults = {
        "model": setup.model,
        "output_modalities": asked["output_modalities"],
        "max_output_tokens": "inf",
        "truncation": "auto",
        "include": None,
    }
    blanks: dict[str, Any] = {
        "instructions": "",
        "tools": [],
        "tool_choice": "auto",
        "prompt": None,
        "tracing": None,
        "audio": shown_audio,
    }
    given = {name: value for name, value in upstream.items() if value is not None or name not in defaults}
    ours = {"type": "realtime", "object": "realtime.session", "id": setup.session_id}
    return defaults | given | blanks | ours


def closing_silence(upstream: Event) -> bytes:
    """So much silence that upstream's voice detection takes a turn for ended."""
    detection = mapping_of(_input_of(upstream).get("turn_detection"))
    if detection.get("type") == "semantic_vad":
        milliseconds = _PATIENCE_MS.get(detection.get("eagerness", "auto"), 4_000)
    else:
        asked = detection.get("silence_duration_ms")
        milliseconds = asked if isinstance(asked, int) else SERVER_VAD["silence_duration_ms"]
    return bytes((min(milliseconds, 10_000) + 200) * BYTES_PER_MS)


def effective(upstream: Event, setup: SessionSetup, wishes: SessionChange) -> Event:
    """Upstream's session with what it left out: there it is taken to do what it was asked to."""
    hearing = configuration(setup, "", wishes)["session"]["audio"]["input"] | _input_of(upstream)
    return upstream | {"audio": mapping_of(upstream.get("audio")) | {"input": hearing}}


def answers_speech(upstream: Event) -> bool:
    """Whether upstream answers a spoken turn without being asked."""
    detection = mapping_of(_input_of(upstream).get("turn_detection"))
    return bool(detection) and detection.get("create_response") is not False


def interrupts(upstream: Event) -> bool:
    """Whether upstream stops its answer when the user begins to speak."""
    detection = mapping_of(_input_of(upstream).get("turn_detection"))
    return bool(detection) and detection.get("interrupt_response") is not False


def is_push_to_talk(upstream: Event) -> bool:
    """Whether only the client says where a turn ends."""
    hearing = _input_of(upstream)
    return "turn_detection" in hearing and hearing["turn_detection"] is None


def voice_of(upstream: Event) -> str:
    """The voice that upstream speaks with; empty when it does not say."""
    return text_of(mapping_of(mapping_of(upstream.get("audio")).get("output")).get("voice"))


def _input_of(upstream: Event) -> Event:
    return mapping_of(mapping_of(upstream.get("audio")).get("input"))
