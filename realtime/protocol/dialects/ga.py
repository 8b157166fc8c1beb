"""What a client says, for a GA server: as it is, but for the one thing that nobody may have named."""

from realtime.protocol.events import Event, mapping_of

TRANSCRIPTION_MODEL = "gpt-transcribe"
"""Where nobody named one."""


def spoken(event: Event, greeting: Event, transcription_model: str) -> Event | None:
    """A GA client event; the very same one unless it asks for transcription and nobody says by which model.

    A server that showed a model of its own in its greeting keeps it: naming any other can make it load that one.
    """
    if event["type"] != "session.update":
        return event
    session = mapping_of(event.get("session"))
    sound = mapping_of(session.get("audio"))
    hearing = mapping_of(sound.get("input"))
    heard = hearing.get("transcription")
    if not isinstance(heard, dict) or heard.get("model"):
        return event
    shown = mapping_of(_hearing_of(greeting).get("transcription")).get("model")
    model = transcription_model or ("" if shown else TRANSCRIPTION_MODEL)
    if not model:
        return event
    heard = heard | {"model": model}
    return event | {"session": session | {"audio": sound | {"input": hearing | {"transcription": heard}}}}


def answers_no_update(greeting: Event) -> bool:
    """Whether the server takes updates without a word: one whose sessions have no id keeps them for itself."""
    return bool(greeting) and "id" not in greeting


def updated(shown: Event, asked: Event) -> Event:
    """The session after an update that the server says nothing of."""
    both = {name: value for name, value in shown.items() if isinstance(value, dict)}
    return shown | {
        name: updated(both[name], value) if name in both and isinstance(value, dict) else value
        for name, value in asked.items()
    }


def _hearing_of(session: Event) -> Event:
    return mapping_of(mapping_of(session.get("audio")).get("input"))
