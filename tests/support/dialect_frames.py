"""What servers of other dialects would say to a client's frames: the beta dialect, Azure AI Voice Live, and xAI."""

import copy
import json
from functools import cache
from typing import Any, Literal, Required

from openai.types.beta.realtime.realtime_client_event_param import RealtimeClientEventParam as BetaEventParam
from pydantic import ConfigDict, TypeAdapter
from typing_extensions import TypedDict

from tests.support import client_frames
from tests.support.client_frames import Json, beyond_types, misfit

_MAY_BE_NULL = ("turn_detection", "input_audio_transcription", "input_audio_noise_reduction")
"""Documented as `null` to switch off, though the SDK's types do not say so."""
_VOICES = {"openai", "azure-standard", "azure-custom", "azure-personal"}


def complaint(frame: str, dialect: str) -> str:
    """Why a strict server of that dialect would refuse this frame; empty when it would not.

    `dialect`: `ga`, `beta`, `voice-live` (beta with more) or `xai`.
    """
    if dialect == "ga":
        return client_frames.complaint(frame)
    event: Json = json.loads(frame)
    if dialect == "xai":
        return misfit(event, _xai(), event) or beyond_types(event)
    read_as = copy.deepcopy(event)
    session = read_as.get("session", {})
    for name in _MAY_BE_NULL:
        if name in session and session[name] is None:
            del session[name]
    for asked in (session, read_as.get("response", {})):
        if asked.get("modalities") == ["audio"]:
            return "modalities: sound alone is refused"
        if dialect == "voice-live" and (fault := _read_as_beta(asked)):
            return fault
    return misfit(event, _beta(), read_as) or beyond_types(event)


def _read_as_beta(asked: Json) -> str:
    """Take out of a session or response what Voice Live has beyond the beta dialect. What is wrong with that."""
    if asked.pop("input_audio_sampling_rate", 24000) != 24000:
        return "input_audio_sampling_rate: not the rate of our audio"
    if "speed" in asked:
        return "speed: unknown"
    asked.get("turn_detection", {}).pop("idle_timeout_ms", None)
    if (voice := asked.pop("voice", None)) is not None:
        if not isinstance(voice, dict) or set(voice) != {"name", "type"} or voice["type"] not in _VOICES:
            return f"voice: not an object of a name and a type: {voice!r}"
        asked["voice"] = voice["name"]
    return ""


@cache
def _beta() -> dict[str, TypeAdapter[Any]]:
    return dict(client_frames.adapters_of(BetaEventParam))


# --- xAI, as its recordings and its own list of client events have it -------------------------------------------------


class _Pcm(TypedDict):
    type: Literal["audio/pcm"]
    rate: Literal[24000]


class _Transcription(TypedDict, total=False):
    model: Required[str]
    language_hint: str


class _Hearing(TypedDict, total=False):
    format: _Pcm
    transcription: _Transcription


class _Speaking(TypedDict, total=False):
    format: _Pcm


class _Sound(TypedDict, total=False):
    input: _Hearing
    output: _Speaking


class _TurnDetection(TypedDict, total=False):
    type: Required[Literal["server_vad"] | None]
    threshold: float
    prefix_padding_ms: int
    silence_duration_ms: int
    idle_timeout_ms: int
    create_response: bool
    interrupt_response: bool


class _Session(TypedDict, total=False):
    instructions: str
    voice: str
    turn_detection: _TurnDetection
    audio: _Sound
    tools: list[Any]


class _Update(TypedDict, total=False):
    type: Required[Literal["session.update"]]
    event_id: str
    session: Required[_Session]


class _Bare(TypedDict, total=False):
    type: Required[
        Literal["response.create", "response.cancel", "input_audio_buffer.commit", "input_audio_buffer.clear"]
    ]
    event_id: str


class _Append(TypedDict, total=False):
    type: Required[Literal["input_audio_buffer.append"]]
    event_id: str
    audio: Required[str]


class _Content(TypedDict):
    type: Literal["input_text", "output_text"]
    text: str


class _Item(TypedDict, total=False):
    id: str
    type: Required[Literal["message"]]
    role: Required[Literal["user", "assistant", "system"]]
    content: Required[list[_Content]]


class _Create(TypedDict, total=False):
    type: Required[Literal["conversation.item.create"]]
    event_id: str
    item: Required[_Item]


class _Delete(TypedDict, total=False):
    type: Required[Literal["conversation.item.delete"]]
    event_id: str
    item_id: Required[str]


@cache
def _xai() -> dict[str, TypeAdapter[Any]]:
    events: dict[str, Any] = {
        "session.update": _Update,
        "input_audio_buffer.append": _Append,
        "conversation.item.create": _Create,
        "conversation.item.delete": _Delete,
    }
    events |= dict.fromkeys(
        ("response.create", "response.cancel", "input_audio_buffer.commit", "input_audio_buffer.clear"), _Bare
    )
    strict = ConfigDict(extra="forbid")
    return {kind: TypeAdapter(event | None, config=strict) for kind, event in events.items()}
