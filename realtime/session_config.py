"""An issued session as its asker is told of it: all that is needed to connect, and no key of the provider's."""

from typing import Any

from realtime.config import RealtimeConfig
from realtime.models import VoiceSession
from realtime.protocol.session import SERVER_VAD
from realtime.providers.base import Description
from realtime.tickets import Ticket


def session_config(
    session: VoiceSession, ticket: Ticket, *, config: RealtimeConfig, description: Description
) -> dict[str, Any]:
    """The answer to a request for a session."""
    return {
        "url": socket_url(config.public_url),
        "model": description.model,
        "api_key": ticket.secret,
        "session_id": session.id,
        "expires_at": int(session.expires_at.timestamp()),
        "conversation_id": str(session.conversation_id),
        "voice_config": _voice_config(session, config, description),
        "provider": {
            "name": description.name,
            "label": description.label,
            "is_language_model": description.is_language_model,
        },
    }


def socket_url(public_url: str) -> str:
    """Where our socket is, for the address that people use: wss behind https, ws on plain http."""
    return public_url.replace("http", "ws", 1) + "/v1/realtime"


def _voice_config(session: VoiceSession, config: RealtimeConfig, description: Description) -> dict[str, Any]:
    """The session as old clients know it, in the flat words of the first Realtime API."""
    detection: dict[str, Any] | None = None
    if session.turn_detection == "server_vad":
        detection = dict(SERVER_VAD)
    elif session.turn_detection == "semantic_vad":
        detection = {"type": "semantic_vad"}
    return {
        "voice": session.voice,
        "modalities": ["text"] if session.output == "text" else ["text", "audio"],
        "input_audio_format": "pcm16",
        "output_audio_format": "pcm16",
        "input_audio_transcription": {"model": config.transcription_model or description.transcription_model},
        "turn_detection": detection,
    }
