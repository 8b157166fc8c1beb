"""What a client says, in the beta dialect: a flat session, and voices that may be objects."""

from realtime.protocol.dialects import formats, items
from realtime.protocol.events import Event, mapping_of

TRANSCRIPTION_MODEL = "whisper-1"
"""Where nobody named one."""
_OF_OTHER_VOICES = "azure-speech"
"""Where the voice is not the model's own, the ear is not either."""
_SAME = ("instructions", "tools", "tool_choice")
_TRANSCRIPTION = ("model", "language", "prompt")
_RESPONSE = ("conversation", "input", "instructions", "metadata", "tools", "tool_choice")


def spoken(event: Event, greeting: Event, transcription_model: str) -> Event | None:
    """A GA client event for a beta server; None when it has no word for any of it.

    `greeting` is the session that the server showed at the beginning: what it does not show there it may refuse,
    and one unknown field loses a whole update.
    """
    match event["type"]:
        case "session.update":
            session = _session(mapping_of(event.get("session")), greeting, transcription_model)
            return event | {"session": session} if session else None
        case "response.create" if "response" in event:
            return event | {"response": _response(mapping_of(event["response"]), greeting)}
        case "conversation.item.create":
            return event | {"item": items.in_beta(mapping_of(event.get("item")))}
        case _:
            return event


def _session(asked: Event, greeting: Event, transcription_model: str) -> Event:
    session = {name: asked[name] for name in _SAME if name in asked}
    if "output_modalities" in asked:
        session["modalities"] = formats.modalities(asked["output_modalities"])
    if "max_output_tokens" in asked:
        session["max_response_output_tokens"] = asked["max_output_tokens"]
    sound = mapping_of(asked.get("audio"))
    session |= _hearing(mapping_of(sound.get("input")), greeting, transcription_model)
    return session | _speaking(mapping_of(sound.get("output")), greeting)


def _hearing(asked: Event, greeting: Event, transcription_model: str) -> Event:
    flat: Event = {}
    if "format" in asked and not _is_fixed(greeting):
        flat["input_audio_format"] = formats.flat_format(asked["format"])
        if "input_audio_sampling_rate" in greeting:
            flat["input_audio_sampling_rate"] = mapping_of(asked["format"]).get("rate", 24000)
    if "transcription" in asked:
        heard = asked["transcription"]
        model = transcription_model or _transcription_model(greeting)
        flat["input_audio_transcription"] = None if heard is None else _transcription(heard, model)
    if "noise_reduction" in asked:
        flat["input_audio_noise_reduction"] = asked["noise_reduction"]
    if "turn_detection" in asked:
        flat["turn_detection"] = asked["turn_detection"] and _turn_detection(
            asked["turn_detection"], greeting
        )
    return flat


def _transcription_model(greeting: Event) -> str:
    if own := mapping_of(greeting.get("input_audio_transcription")).get("model"):
        return str(own)
    house = mapping_of(greeting.get("voice")).get("type", "openai")
    return TRANSCRIPTION_MODEL if house == "openai" else _OF_OTHER_VOICES


def _transcription(asked: Event, model: str) -> Event:
    return {name: asked[name] for name in _TRANSCRIPTION if asked.get(name)} | {
        "model": asked.get("model") or model
    }


def _turn_detection(asked: Event, greeting: Event) -> Event:
    unknown = {"prefix_padding_ms"} if _is_fixed(greeting) else set()
    if "idle_timeout_ms" not in mapping_of(greeting.get("turn_detection")):
        unknown |= {"idle_timeout_ms"}
    return {name: value for name, value in asked.items() if name not in unknown}


def _is_fixed(greeting: Event) -> bool:
    """Whether formats and padding are what they are: speaches complains of an update that names them at all."""
    return "speech_model" in greeting


def _speaking(asked: Event, greeting: Event) -> Event:
    flat: Event = {}
    if "format" in asked and not _is_fixed(greeting):
        flat["output_audio_format"] = formats.flat_format(asked["format"])
    if asked.get("voice"):
        flat["voice"] = _voice(asked["voice"], greeting)
    if "speed" in greeting and "speed" in asked:
        flat["speed"] = asked["speed"]
    return flat


def _voice(asked: object, greeting: Event) -> Event | str:
    name = formats.voice_name(asked)
    return formats.voice_object(name) if isinstance(greeting.get("voice"), dict) else name


def _response(asked: Event, greeting: Event) -> Event:
    response = {name: asked[name] for name in _RESPONSE if name in asked}
    if "output_modalities" in asked:
        response["modalities"] = formats.modalities(asked["output_modalities"])
    if "max_output_tokens" in asked:
        response["max_response_output_tokens"] = asked["max_output_tokens"]
    speaking = mapping_of(mapping_of(asked.get("audio")).get("output"))
    return response | {
        name: value for name, value in _speaking(speaking, greeting).items() if name != "speed"
    }
