"""Voice sessions, from the ticket to the end."""

from django.conf import settings
from django.db import models

from conversations.models import Conversation
from realtime.prices import PriceTable, estimate


class VoiceSession(models.Model):
    """One session: issued with a ticket, live once the ticket is redeemed, ended with a reason of the one list."""

    class State(models.TextChoices):
        ISSUED = "issued"
        LIVE = "live"
        WAITING = "waiting"
        """The client was lost; for a short while it may come back."""
        ENDED = "ended"

    class Rating(models.TextChoices):
        GOOD = "good"
        BAD = "bad"

    id = models.CharField(primary_key=True, max_length=80, editable=False)
    """`rtc_<user id>_<random token>`"""
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="voice_sessions"
    )
    conversation = models.ForeignKey(
        Conversation, on_delete=models.SET_NULL, null=True, related_name="voice_sessions"
    )
    """None once the conversation is deleted. What was used in it stays counted."""
    state = models.CharField(max_length=7, choices=State, default=State.ISSUED)
    end_reason = models.CharField(max_length=24, blank=True)
    ticket_digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    """Until when the ticket may be redeemed."""
    epoch = models.PositiveIntegerField(default=0)
    """Raised at every takeover and checked at every write, so that an old worker cannot write beside the new one."""

    holder = models.CharField(max_length=64, blank=True, default="", db_default="")
    """The process whose relay holds it, live or waiting for its client; empty when nobody does."""

    provider = models.CharField(max_length=20)
    model = models.CharField(max_length=120, blank=True)
    transcription_model = models.CharField(max_length=120, blank=True)
    """What writes down the user's speech; empty where the server chooses."""
    voice = models.CharField(max_length=60, blank=True)
    speed = models.FloatField(default=1.0)
    language = models.CharField(max_length=12, blank=True)
    output = models.CharField(max_length=5, default="audio")
    turn_detection = models.CharField(max_length=12, default="server_vad")
    save_transcript = models.BooleanField(default=True)
    """False: off the record. The session is listed with its usage; no word of it is stored."""
    web_session_key = models.CharField(max_length=64, blank=True)
    """The digest of the web session that opened it; signing out there ends this session."""
    usage = models.JSONField(default=dict, blank=True)
    cost_usd = models.FloatField(null=True, blank=True)
    """What the usage came to when it was written down, in US dollars: an estimate. None where no price was known."""
    answers = models.PositiveIntegerField(default=0)
    """How many answers were heard to begin."""
    first_audio_ms = models.PositiveIntegerField(null=True, blank=True)
    """From the end of what the person said to the first sound of the answer: the median over the answers."""
    slowest_first_audio_ms = models.PositiveIntegerField(null=True, blank=True)
    rating = models.CharField(max_length=4, choices=Rating, blank=True)
    """What the caller thought of it; empty when they did not say."""

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    """The last heartbeat of the process that holds it."""
    client_lost_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_requested_at = models.DateTimeField(null=True, blank=True)
    end_requested_reason = models.CharField(max_length=24, blank=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=["state", "seen_at"], name="session_by_state"),
            models.Index(fields=["user", "state"], name="session_by_owner_and_state"),
            models.Index(fields=["conversation", "state"], name="session_by_conversation"),
            models.Index(fields=["user", "started_at"], name="session_by_owner_and_day"),
            models.Index(fields=["started_at"], name="session_by_day"),
            models.Index(fields=["user", "-created_at", "-id"], name="session_by_owner_and_age"),
        )
        permissions = (("end_voicesession", "Can end a live voice session"),)

    def __str__(self) -> str:
        return self.id

    def estimated_cost(self, prices: PriceTable) -> float | None:
        """What it comes to so far; None when that cannot be said."""
        return estimate(self.usage, prices, model=self.model, transcription_model=self.transcription_model)


class TalkingTime(models.Model):
    """How long a person talked on a day (UTC) in sessions whose rows were erased. The daily limit still counts it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    seconds = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "day"], name="one_talking_time_per_day"),)

    def __str__(self) -> str:
        return f"talking time of account {self.user_id} on {self.day}"


class Preferences(models.Model):
    """What a person chose for all their sessions. Empty, or None: not chosen. Who never chose anything has no row."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    voice = models.CharField(max_length=60, blank=True)
    speed = models.FloatField(null=True, blank=True)
    language = models.CharField(max_length=12, blank=True)
    output = models.CharField(max_length=5, blank=True)
    turn_detection = models.CharField(max_length=12, blank=True)

    def __str__(self) -> str:
        return f"preferences of account {self.user_id}"
