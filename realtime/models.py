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

    id = models.CharField(primary_key=True, max_length=80, editable=False)
    """`rtc_<user id>_<random token>`"""
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="voice_sessions"
    )
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="voice_sessions")
    state = models.CharField(max_length=7, choices=State, default=State.ISSUED)
    end_reason = models.CharField(max_length=24, blank=True)
    ticket_digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    """Until when the ticket may be redeemed."""
    epoch = models.PositiveIntegerField(default=0)
    """Raised at every takeover and checked at every write, so that an old worker cannot write beside the new one."""

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
        )

    def __str__(self) -> str:
        return self.id

    def estimated_cost(self, prices: PriceTable) -> float | None:
        """What it comes to so far; None when that cannot be said."""
        return estimate(self.usage, prices, model=self.model, transcription_model=self.transcription_model)
