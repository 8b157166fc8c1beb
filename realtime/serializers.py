"""What callers may ask of a session, checked, and the answer with which they connect."""

from typing import Any

from rest_framework import serializers

from conversations.serializers import StrictSerializer
from realtime.options import FASTEST, LANGUAGE, OUTPUTS, SLOWEST, TURN_DETECTION
from realtime.providers.base import Description


class SessionRequestSerializer(StrictSerializer):
    """The body of `POST /api/voice/realtime-session`."""

    # Its docstring is read by callers. Needs `description`, the provider's, in its context.

    conversation_id = serializers.UUIDField(
        required=False, allow_null=True, help_text="null: a new conversation"
    )
    voice = serializers.CharField(required=False, max_length=60)
    speed = serializers.FloatField(required=False, min_value=SLOWEST, max_value=FASTEST)
    pitch = serializers.FloatField(required=False, help_text="only where the provider has it")
    language = serializers.RegexField(
        LANGUAGE,
        required=False,
        error_messages={"invalid": "Write the language as a code of two letters, such as en or de."},
    )
    output = serializers.ChoiceField(choices=OUTPUTS, required=False)
    turn_detection = serializers.ChoiceField(choices=TURN_DETECTION, required=False)
    # DRF takes fields off the class, so the method of that name stays.
    save = serializers.BooleanField(  # type: ignore[assignment]
        required=False, help_text="false: off the record, nothing said is stored"
    )
    resume_session_id = serializers.CharField(required=False, max_length=80)

    def validate_voice(self, voice: str) -> str:
        description: Description = self.context["description"]
        if description.voices and voice not in description.voices:
            raise serializers.ValidationError(
                f"There is no voice {voice!r}. Choose one of {', '.join(description.voices)}."
            )
        return voice

    def validate_pitch(self, pitch: float) -> float:
        raise serializers.ValidationError("The speech provider of this server cannot change the pitch.")

    def validate_turn_detection(self, kind: str) -> str:
        description: Description = self.context["description"]
        if kind not in description.turn_detection:
            raise serializers.ValidationError(f"Choose one of {', '.join(description.turn_detection)}.")
        return kind


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
