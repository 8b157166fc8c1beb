"""What callers may ask of a session, checked, and the answer with which they connect."""

import math
from typing import Any

from rest_framework import serializers

from conversations.serializers import StrictSerializer
from realtime.options import FASTEST, LANGUAGE, OUTPUTS, SLOWEST, TURN_DETECTION
from realtime.providers.base import Description

_LANGUAGE_SHAPE: dict[str, Any] = {
    "invalid": "Write the language as a code of two letters, such as en or de."
}


class _ChoicesSerializer(StrictSerializer):
    """Checks what is chosen against what the provider has. Needs `description`, the provider's, in its context."""

    def validate_voice(self, voice: str | None) -> str | None:
        description: Description = self.context["description"]
        if voice is not None and description.voices and voice not in description.voices:
            raise serializers.ValidationError(
                f"There is no voice {voice!r}. Choose one of {', '.join(description.voices)}."
            )
        return voice

    def validate_speed(self, speed: float | None) -> float | None:
        # The framework takes the text "nan" for a number, and it is neither too slow nor too fast.
        if speed is not None and math.isnan(speed):
            raise serializers.ValidationError("That is no number.")
        return speed

    def validate_pitch(self, pitch: float | None) -> float | None:
        if pitch is not None:
            raise serializers.ValidationError("The speech provider of this server cannot change the pitch.")
        return pitch

    def validate_turn_detection(self, kind: str | None) -> str | None:
        description: Description = self.context["description"]
        if kind is not None and kind not in description.turn_detection:
            raise serializers.ValidationError(f"Choose one of {', '.join(description.turn_detection)}.")
        return kind


class SessionRequestSerializer(_ChoicesSerializer):
    """The body of `POST /api/voice/realtime-session`. What is left out is as the caller prefers, else as the server
    has it."""

    # Its docstring is read by callers.

    conversation_id = serializers.UUIDField(
        required=False, allow_null=True, help_text="null: a new conversation"
    )
    voice = serializers.CharField(required=False, max_length=60)
    speed = serializers.FloatField(required=False, min_value=SLOWEST, max_value=FASTEST)
    pitch = serializers.FloatField(required=False, help_text="only where the provider has it")
    language = serializers.RegexField(LANGUAGE, required=False, error_messages=_LANGUAGE_SHAPE)
    output = serializers.ChoiceField(choices=OUTPUTS, required=False)
    turn_detection = serializers.ChoiceField(choices=TURN_DETECTION, required=False)
    # DRF takes fields off the class, so the method of that name stays.
    save = serializers.BooleanField(  # type: ignore[assignment]
        required=False, help_text="false: off the record, nothing said is stored"
    )
    resume_session_id = serializers.CharField(required=False, max_length=80)


class PreferencesSerializer(_ChoicesSerializer):
    """What the caller chose for all their sessions. null: nothing, so the server's own counts."""

    voice = serializers.CharField(required=False, allow_null=True, max_length=60)
    speed = serializers.FloatField(required=False, allow_null=True, min_value=SLOWEST, max_value=FASTEST)
    pitch = serializers.FloatField(
        required=False, allow_null=True, help_text="always null: no provider here can change it"
    )
    language = serializers.RegexField(
        LANGUAGE, required=False, allow_null=True, error_messages=_LANGUAGE_SHAPE
    )
    output = serializers.ChoiceField(
        choices=OUTPUTS, required=False, allow_null=True, help_text="text: spoken questions, written answers"
    )
    turn_detection = serializers.ChoiceField(choices=TURN_DETECTION, required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in attrs.items() if name != "pitch"}

    def to_representation(self, preferred: Any) -> dict[str, Any]:
        return {str(name): getattr(preferred, str(name), None) or None for name in self.fields}


class TurnDetectionSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    threshold = serializers.FloatField(required=False)
    prefix_padding_ms = serializers.IntegerField(required=False)
    silence_duration_ms = serializers.IntegerField(required=False)


class TranscriptionSerializer(serializers.Serializer[Any]):
    model = serializers.CharField(allow_blank=True, help_text="empty: the server's own")


class VoiceConfigSerializer(serializers.Serializer[Any]):
    voice = serializers.CharField(allow_blank=True, help_text="empty: the server's own")
    modalities = serializers.ListField(child=serializers.CharField())
    input_audio_format = serializers.CharField()
    output_audio_format = serializers.CharField()
    input_audio_transcription = TranscriptionSerializer()
    turn_detection = TurnDetectionSerializer(allow_null=True)


class ProviderSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # as above
    is_language_model = serializers.BooleanField()


class SessionConfigSerializer(serializers.Serializer[Any]):
    """The answer: all a client needs to connect, and no key of the provider's."""

    url = serializers.CharField(help_text="where to open the WebSocket")
    model = serializers.CharField()
    api_key = serializers.CharField(help_text="a one-time ticket of this server's")
    session_id = serializers.CharField()
    expires_at = serializers.IntegerField(help_text="unix seconds")
    conversation_id = serializers.UUIDField()
    voice_config = VoiceConfigSerializer()
    provider = ProviderSerializer()
