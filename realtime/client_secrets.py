"""OpenAI's way to ask for a session: a client secret with the session it opens. Ours are tickets.

What a program may choose is taken from the `session` it sends, as from a `session.update` on the socket; what is this
server's own in it (instructions, tools, model) is dropped, and what it leaves out is as the person prefers. Turn
detection is taken by its kind: its finer settings and noise reduction are for the open socket.
"""

import re
from typing import Any
from uuid import UUID

from rest_framework import serializers

from realtime import services
from realtime.config import RealtimeConfig
from realtime.options import LANGUAGE
from realtime.protocol import session as shapes
from realtime.protocol.policy import NotAllowed, SessionChange, session_change
from realtime.providers.base import GA_VOICES, Description

DEFAULT_SECONDS = 600
_MAX_VOICE = 60
_OBJECTS = ("audio", "audio.input", "audio.output", "audio.input.transcription", "input_audio_transcription")


class ExpiresAfterSerializer(serializers.Serializer[Any]):
    anchor = serializers.ChoiceField(choices=("created_at",), required=False)
    seconds = serializers.IntegerField(
        required=False,
        min_value=10,
        max_value=7200,
        default=DEFAULT_SECONDS,
        help_text="the server's own limit is lower (REALTIME_TOKEN_EXPIRY_SEC)",
    )


class ClientSecretRequestSerializer(serializers.Serializer[Any]):
    """The body of `POST /v1/realtime/client_secrets`."""

    # Its docstring is read by callers. Needs `description`, the provider's, in its context.

    expires_after = ExpiresAfterSerializer(required=False, allow_null=True)
    session = serializers.DictField(
        required=False,
        allow_null=True,
        help_text="voice, speed, output modalities, kind of turn detection and language are taken from it",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The body, with what the program may choose in place of its `session`."""
        asked = attrs.get("session") or {}
        _check_shape(asked)
        try:
            change = session_change({"type": "session.update", "session": asked})
        except NotAllowed as error:
            raise _problem(str(error), error.param) from error
        description: Description = self.context["description"]
        _check_language(change.language)
        _check_voice(change.voice, description)
        _check_turn_detection(change.turn_detection, description)
        return attrs | {"session": change}


class SecretQuerySerializer(serializers.Serializer[Any]):
    """The query of `POST /v1/realtime/client_secrets`."""

    conversation_id = serializers.UUIDField(required=False, help_text="left out: a new conversation")


class ClientSecretSerializer(serializers.Serializer[Any]):
    """The answer, in OpenAI's shape."""

    value = serializers.CharField(help_text="a one-time ticket of this server's")
    expires_at = serializers.IntegerField(help_text="unix seconds")
    session = serializers.DictField(help_text="the session that the ticket opens, as GA shows it")


def session_request(
    body: dict[str, Any], *, conversation_id: UUID | None, description: Description, web_session_key: str
) -> services.SessionRequest:
    """What a valid body asks for."""
    change: SessionChange = body["session"]
    expires_after = body.get("expires_after") or {}
    voice = change.voice or ""
    return services.SessionRequest(
        conversation_id=conversation_id,
        # Programs written for OpenAI name its voices; where others speak, the server's own does.
        voice=voice if not description.voices or voice in description.voices else "",
        speed=change.speed,
        language=change.language or "",
        output=(change.output_modalities or [""])[0],
        turn_detection=_turn_detection(change),
        web_session_key=web_session_key,
        token_expiry_sec=expires_after.get("seconds", DEFAULT_SECONDS),
    )


def client_secret(
    issued: services.Issued, *, config: RealtimeConfig, description: Description
) -> dict[str, Any]:
    """The answer to a request for a client secret. No key of the provider's is in it, and no instructions."""
    row = issued.session
    setup = shapes.SessionSetup(
        session_id=row.pk,
        conversation_id=str(row.conversation_id),
        model=description.model,
        provider_name=description.name,
        provider_label=description.label,
        is_language_model=description.is_language_model,
        instructions="",
        voice=row.voice,
        transcription_model=config.transcription_model or description.transcription_model,
        speed=row.speed,
        language=row.language,
        output=row.output,
        turn_detection=row.turn_detection,
    )
    session = shapes.configuration(setup, "")["session"] | {
        "model": setup.model,
        "max_output_tokens": "inf",
        "truncation": "auto",
        "expires_at": 0,
        "include": None,
    }
    return {
        "value": issued.ticket.secret,
        "expires_at": int(row.expires_at.timestamp()),
        "session": shapes.shown(session, setup),
    }


def _turn_detection(change: SessionChange) -> str:
    if "turn_detection" in change.clears:
        return "push_to_talk"
    return str((change.turn_detection or {}).get("type", ""))


def _check_shape(session: dict[str, Any]) -> None:
    """The socket passes over what has the wrong shape; who waits for an answer is told."""
    if session.get("type", "realtime") != "realtime":
        raise _problem(
            "Only sessions of type realtime can be opened here, no transcription sessions.", "session.type"
        )
    for path in _OBJECTS:
        value: Any = session
        for name in path.split("."):
            value = value.get(name) if value is not None else None
        if value is not None and not isinstance(value, dict):
            raise _problem("That is an object.", f"session.{path}")


def _check_language(language: str | None) -> None:
    if language is not None and not re.fullmatch(LANGUAGE, language):
        raise _problem(
            "Write the language as a code of two letters, such as en or de.",
            "session.audio.input.transcription.language",
        )


def _check_voice(voice: str | None, description: Description) -> None:
    if voice is None or (voice in GA_VOICES or voice in description.voices):
        return
    if description.voices:
        raise _problem(
            f"There is no voice {voice!r}. Choose one of {', '.join(description.voices)}.",
            "session.audio.output.voice",
        )
    if len(voice) > _MAX_VOICE:
        raise _problem(f"A voice's name has at most {_MAX_VOICE} characters.", "session.audio.output.voice")


def _check_turn_detection(detection: dict[str, Any] | None, description: Description) -> None:
    if detection is not None and detection["type"] not in description.turn_detection:
        raise _problem(
            f"Choose one of {', '.join(description.turn_detection)}.",
            "session.audio.input.turn_detection.type",
        )


def _problem(sentence: str, param: str | None) -> serializers.ValidationError:
    return serializers.ValidationError({param or "session": [sentence]})
