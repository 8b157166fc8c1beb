"""The session object: what it holds at first, which updates it takes, and how they are merged."""

import copy

from realtime.engine.dialogue import fields
from realtime.engine.dialogue.frames import ClientError, Json
from realtime.engine.dialogue.shapes import one_of
from realtime.engine.speech.vocabulary import SAMPLE_RATE, TurnTaking

LIFETIME_SECONDS = 3600
MODEL = "voiceassist-engine"
DEFAULT_INSTRUCTIONS = (
    "You are a helpful assistant. Answer briefly and in plain words; your answers are spoken aloud."
)
NO_VOICE = "none"
"""Shown as the voice where nothing can be spoken."""

OPENAI_VOICES = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar")
"""Taken from any client and spoken in the engine's own default voice."""

SEMANTIC_SILENCE_MS = {"low": 1500, "medium": 800, "auto": 800, "high": 500}
"""The engine judges turns by silence alone; eagerness says how long it waits for more."""

_DEFAULT_TRANSCRIPTION: Json = {"model": MODEL, "language": None, "prompt": None}
_TURN_DETECTION_DEFAULTS: dict[str, Json] = {
    "server_vad": {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 500,
        "idle_timeout_ms": None,
        "create_response": True,
        "interrupt_response": True,
    },
    "semantic_vad": {
        "type": "semantic_vad",
        "eagerness": "auto",
        "create_response": True,
        "interrupt_response": True,
    },
}


class Session:
    """The effective configuration of one session, as `session.created` and `session.updated` show it."""

    def __init__(
        self, *, session_id: str, expires_at: int, voice: str, voices: tuple[str, ...], model: str = ""
    ) -> None:
        self._voices = frozenset(voices) | frozenset(OPENAI_VOICES)
        self._models = {MODEL, model or MODEL}
        self._value: Json = {
            "type": "realtime",
            "object": "realtime.session",
            "id": session_id,
            "model": MODEL,
            "output_modalities": ["audio"],
            "instructions": DEFAULT_INSTRUCTIONS,
            "tools": [],
            "tool_choice": "auto",
            "max_output_tokens": "inf",
            "tracing": None,
            "truncation": "auto",
            "prompt": None,
            "expires_at": expires_at,
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": SAMPLE_RATE},
                    "transcription": None,
                    "noise_reduction": None,
                    "turn_detection": dict(_TURN_DETECTION_DEFAULTS["server_vad"]),
                },
                "output": {
                    "format": {"type": "audio/pcm", "rate": SAMPLE_RATE},
                    "voice": voice,
                    "speed": 1.0,
                },
            },
            "include": None,
        }

    def update(self, patch: object, *, voice_is_fixed: bool) -> None:
        """Merge one `session.update`. Raises ClientError and changes nothing when any part of it cannot be followed."""
        _check_type(patch)
        checked = fields.SESSION(patch, "session")
        self._check_rules(checked, voice_is_fixed=voice_is_fixed)
        self._value = _merged(self._value, checked)

    def check_voice(self, voice: str, path: str, *, voice_is_fixed: bool) -> None:
        """Refuse a voice nobody knows, and another one once the assistant was heard. Raises ClientError."""
        if voice not in self._voices:
            raise ClientError(
                "invalid_value", f"Invalid value for '{path}': this engine has no voice '{voice}'.", path
            )
        if voice_is_fixed and voice != self.voice:
            raise ClientError(
                "cannot_update_voice", "Cannot update a conversation's voice if assistant audio is present."
            )

    def shown(self) -> Json:
        """The whole session, for a frame."""
        return copy.deepcopy(self._value)

    @property
    def instructions(self) -> str:
        return str(self._value["instructions"])

    @property
    def output_modality(self) -> str:
        return str(self._value["output_modalities"][0])

    @property
    def voice(self) -> str:
        return str(self._value["audio"]["output"]["voice"])

    @property
    def speed(self) -> float:
        return float(self._value["audio"]["output"]["speed"])

    @property
    def max_output_tokens(self) -> int | str:
        limit: int | str = self._value["max_output_tokens"]
        return limit

    @property
    def transcribes(self) -> bool:
        """Whether the client asked to be told the words of what is spoken."""
        return self._value["audio"]["input"]["transcription"] is not None

    @property
    def turn_detection(self) -> Json | None:
        detection: Json | None = self._value["audio"]["input"]["turn_detection"]
        return detection

    def turn_taking(self) -> TurnTaking:
        """How the speech worker is to find turns."""
        detection = self.turn_detection
        if detection is None:
            return TurnTaking(by_voice=False)
        if detection["type"] == "semantic_vad":
            return TurnTaking(silence_duration_ms=SEMANTIC_SILENCE_MS[detection["eagerness"]])
        return TurnTaking(
            threshold=detection["threshold"],
            prefix_padding_ms=detection["prefix_padding_ms"],
            silence_duration_ms=detection["silence_duration_ms"],
        )

    def _check_rules(self, checked: Json, *, voice_is_fixed: bool) -> None:
        if checked.get("model", MODEL) not in self._models:
            raise ClientError("invalid_value", "The model of a session cannot be changed.", "session.model")
        output = checked.get("audio", {}).get("output", {})
        if "voice" in output:
            self.check_voice(output["voice"], "session.audio.output.voice", voice_is_fixed=voice_is_fixed)
        tracing = self._value["tracing"]
        if tracing is not None and checked.get("tracing", tracing) != tracing:
            raise ClientError(
                "invalid_value", "Tracing cannot be changed once it is enabled.", "session.tracing"
            )
        detection = checked.get("audio", {}).get("input", {}).get("turn_detection") or {}
        if detection.get("idle_timeout_ms") is not None:
            path = "session.audio.input.turn_detection.idle_timeout_ms"
            raise ClientError(
                "invalid_value",
                "This engine does not speak up by itself: idle_timeout_ms must be null.",
                path,
            )


def _check_type(patch: object) -> None:
    if not isinstance(patch, dict):
        raise ClientError("missing_required_parameter", "Missing required parameter: 'session'.", "session")
    if "type" not in patch:
        raise ClientError(
            "missing_required_parameter", "Missing required parameter: 'session.type'.", "session.type"
        )
    if patch["type"] == "transcription":
        raise ClientError(
            "invalid_parameter",
            "Passing a transcription session update event to a realtime session is not allowed.",
            "session.type",
        )
    one_of("realtime")(patch["type"], "session.type")


def _merged(session: Json, patch: Json) -> Json:
    merged = copy.deepcopy(session)
    audio = patch.get("audio", {})
    merged |= {name: value for name, value in patch.items() if name not in {"audio", "model", "type"}}
    if patch.get("instructions") == "":
        merged["instructions"] = DEFAULT_INSTRUCTIONS
    merged["audio"]["output"] |= audio.get("output", {})
    merged["audio"]["input"] = _merged_input(merged["audio"]["input"], audio.get("input", {}))
    return merged


def _merged_input(audio_input: Json, patch: Json) -> Json:
    merged = audio_input | patch
    transcription = patch.get("transcription")
    if transcription is not None:
        merged["transcription"] = (audio_input["transcription"] or _DEFAULT_TRANSCRIPTION) | transcription
    reduction = patch.get("noise_reduction")
    if reduction is not None:
        merged["noise_reduction"] = (audio_input["noise_reduction"] or {}) | reduction
    detection = patch.get("turn_detection")
    if detection is not None:
        before = audio_input["turn_detection"]
        kept = (
            before
            if before and before["type"] == detection["type"]
            else _TURN_DETECTION_DEFAULTS[detection["type"]]
        )
        merged["turn_detection"] = kept | detection
    return merged
