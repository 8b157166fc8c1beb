"""Sessions as their owner is shown them, and what there is to choose for another."""

from typing import Any, get_args

from rest_framework import serializers

from conversations.refusals import ErrorSerializer
from conversations.serializers import StrictSerializer
from realtime.errors import EndReason
from realtime.models import VoiceSession
from realtime.options import OUTPUTS, TURN_DETECTION
from realtime.selectors import seconds_of
from realtime.serializers import ProviderSerializer


class SessionQuerySerializer(serializers.Serializer[Any]):
    """Which sessions are asked for."""

    state = serializers.ChoiceField(choices=VoiceSession.State.values, required=False)
    conversation_id = serializers.UUIDField(required=False)


class RatingSerializer(StrictSerializer):
    """What the caller thought of a session."""

    rating = serializers.ChoiceField(choices=VoiceSession.Rating.values, allow_null=True)


class SessionSerializer(serializers.ModelSerializer[VoiceSession]):
    """One session, from its ticket to its end. No word of it."""

    conversation_id = serializers.UUIDField(allow_null=True, help_text="null once it is deleted")
    state = serializers.ChoiceField(
        choices=VoiceSession.State.values,
        help_text="issued: its ticket is not redeemed; waiting: its client was lost and may come back",
    )
    end_reason = serializers.ChoiceField(
        choices=get_args(EndReason), allow_null=True, help_text="null until it is over"
    )
    language = serializers.CharField(help_text="empty: the provider finds out")
    output = serializers.ChoiceField(choices=OUTPUTS)
    turn_detection = serializers.ChoiceField(choices=TURN_DETECTION)
    saved = serializers.BooleanField(source="save_transcript", help_text="false: off the record")
    duration = serializers.SerializerMethodField(
        help_text="seconds, so far if it is not over; null: never opened"
    )
    usage = serializers.DictField(help_text="what the provider counted, summed up")
    estimated_cost = serializers.FloatField(
        source="cost_usd", allow_null=True, help_text="US dollars, an estimate; null: no price is known"
    )
    first_audio_ms = serializers.IntegerField(
        allow_null=True,
        help_text="from the end of what was said to the first sound of the answer: the median",
    )
    rating = serializers.ChoiceField(choices=VoiceSession.Rating.values, allow_null=True)

    class Meta:
        model = VoiceSession
        fields = (
            "id",
            "conversation_id",
            "state",
            "end_reason",
            "provider",
            "model",
            "voice",
            "language",
            "output",
            "turn_detection",
            "saved",
            "created_at",
            "started_at",
            "ended_at",
            "duration",
            "usage",
            "estimated_cost",
            "first_audio_ms",
            "rating",
        )
        read_only_fields = fields

    def get_duration(self, session: VoiceSession) -> float | None:
        seconds = seconds_of(session)
        return None if seconds is None else round(seconds, 1)

    def to_representation(self, session: VoiceSession) -> dict[str, Any]:
        shown = super().to_representation(session)
        return shown | {name: shown[name] or None for name in ("end_reason", "rating")}


class SpeedSerializer(serializers.Serializer[Any]):
    slowest = serializers.FloatField()
    fastest = serializers.FloatField()
    default = serializers.FloatField()


class LanguageSerializer(serializers.Serializer[Any]):
    default = serializers.CharField(help_text="empty: the provider finds out")
    pattern = serializers.CharField(help_text="what a code looks like")
    understood = serializers.ListField(
        child=serializers.CharField(), allow_null=True, help_text="null: only the provider knows"
    )
    note = serializers.CharField(help_text="what asking for a language does, for people")


class LimitsSerializer(serializers.Serializer[Any]):
    sessions_at_once = serializers.IntegerField(help_text="live, on different conversations")
    sessions_left = serializers.IntegerField(help_text="how many more of them the caller may open now")
    minutes_per_day = serializers.IntegerField(allow_null=True, help_text="null: no limit")
    seconds_left_today = serializers.IntegerField(
        allow_null=True, help_text="until midnight UTC; null: no limit"
    )
    idle_minutes = serializers.IntegerField(
        help_text="a session in which nothing happens for so long is ended"
    )
    ticket_seconds = serializers.IntegerField(help_text="for how long a ticket may be redeemed")
    session_rate = serializers.CharField(help_text="how often a session may be asked for, such as 20/min")


class OptionsSerializer(serializers.Serializer[Any]):
    """What there is to choose for a session on this server, and what bounds it."""

    enabled = serializers.BooleanField(help_text="whether a session can be had")
    problem = ErrorSerializer(allow_null=True, help_text="why it cannot")
    voice_problem = serializers.CharField(
        help_text="why there is no speech, though typing works; empty: there is"
    )
    provider = ProviderSerializer()
    model = serializers.CharField()
    voices = serializers.ListField(
        child=serializers.CharField(),
        help_text="empty: the provider alone knows them, and any may be asked for",
    )
    default_voice = serializers.CharField(help_text="empty: the provider's own")
    speed = SpeedSerializer()
    pitch = serializers.FloatField(allow_null=True, help_text="null: no provider here can change it")
    output = serializers.ListField(child=serializers.ChoiceField(choices=OUTPUTS))
    default_output = serializers.CharField()
    turn_detection = serializers.ListField(child=serializers.ChoiceField(choices=TURN_DETECTION))
    default_turn_detection = serializers.CharField()
    language = LanguageSerializer()
    limits = LimitsSerializer()
