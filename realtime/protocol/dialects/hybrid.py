"""What a client says, for a server with GA's events and a session that is half flat, as xAI's."""

from realtime.protocol.events import Event, mapping_of

TRANSCRIPTION_MODEL = "grok-transcribe"
"""Where nobody named one."""
_TURN_DETECTION = (
    "type",
    "threshold",
    "prefix_padding_ms",
    "silence_duration_ms",
    "create_response",
    "interrupt_response",
    "idle_timeout_ms",
)
_LEAST_THRESHOLD, _MOST_THRESHOLD = 0.1, 0.9


def spoken(event: Event, greeting: Event, transcription_model: str) -> Event | None:
    """A GA client event for such a server; None when it has no word for any of it."""
    match event["type"]:
        case "session.update":
            session = _session(mapping_of(event.get("session")), transcription_model)
            return event | {"session": session} if session else None
        case "response.create" | "response.cancel":
            return {name: event[name] for name in ("type", "event_id") if name in event}
        case _:
            return event


def _session(asked: Event, transcription_model: str) -> Event:
    """Answers are always spoken there, at the server's own pace: modalities, speed and the like have no place."""
    session: Event = {name: asked[name] for name in ("instructions", "tools") if name in asked}
    sound = mapping_of(asked.get("audio"))
    hearing, speaking = mapping_of(sound.get("input")), mapping_of(sound.get("output"))
    if speaking.get("voice"):
        session["voice"] = speaking["voice"]
    if "turn_detection" in hearing:
        session["turn_detection"] = _turn_detection(hearing["turn_detection"])
    heard = {"format": hearing["format"]} if "format" in hearing else {}
    if hearing.get("transcription") is not None:
        heard["transcription"] = _transcription(hearing["transcription"], transcription_model)
    spoken = {"format": speaking["format"]} if "format" in speaking else {}
    if audio := {name: part for name, part in (("input", heard), ("output", spoken)) if part}:
        session["audio"] = audio
    return session


def _turn_detection(asked: Event | None) -> Event:
    """By silence, or by nobody but the client."""
    if asked is None:
        return {"type": None}
    detection = {name: asked[name] for name in _TURN_DETECTION if name in asked} | {"type": "server_vad"}
    if "threshold" in detection:
        detection["threshold"] = min(max(detection["threshold"], _LEAST_THRESHOLD), _MOST_THRESHOLD)
    return detection


def _transcription(asked: Event, transcription_model: str) -> Event:
    heard = {"model": asked.get("model") or transcription_model or TRANSCRIPTION_MODEL}
    return heard | ({"language_hint": asked["language"]} if asked.get("language") else {})
