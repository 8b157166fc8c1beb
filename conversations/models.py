"""Conversations and the messages in them, in spoken order."""

import uuid

from django.conf import settings
from django.db import models


class Conversation(models.Model):
    """One thread between a person and the assistant. Without a message to be seen it is not listed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations")
    title = models.CharField(max_length=120, blank=True)
    """Given by its owner, else taken from the first words the person said."""
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    """When something was last said in it. Renaming is not saying."""
    message_count = models.PositiveIntegerField(default=0, editable=False)
    """How many messages there are, hidden ones included, and so the position of the next one."""

    class Meta:
        ordering = ("-updated_at", "-id")
        indexes = (models.Index(fields=("user", "-updated_at", "-id"), name="conversation_by_owner"),)

    def __str__(self) -> str:
        return f"conversation {self.id}"


class Message(models.Model):
    """One turn of one side. `text` is what was said and heard; the rest of an interrupted answer stands apart."""

    class Role(models.TextChoices):
        USER = "user"
        ASSISTANT = "assistant"

    class Modality(models.TextChoices):
        TEXT = "text"
        AUDIO = "audio"

    class Status(models.TextChoices):
        PENDING = "pending"
        """Said, not yet transcribed: it holds its place."""
        FINAL = "final"
        INTERRUPTED = "interrupted"
        FAILED = "failed"
        """Could not be transcribed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    position = models.PositiveIntegerField()
    """Counted from 0 without gaps, in spoken order."""
    role = models.CharField(max_length=9, choices=Role)
    modality = models.CharField(max_length=5, choices=Modality, default=Modality.TEXT)
    status = models.CharField(max_length=11, choices=Status, default=Status.FINAL)
    text = models.TextField(blank=True)
    unheard_text = models.TextField(blank=True)
    heard_is_estimated = models.BooleanField(default=False)
    """Where the answer was cut is worked out from the clock, not reported by the player."""
    hidden = models.BooleanField(default=False)
    """A turn without words (noise): it keeps its place and is not shown."""
    external_id = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 - NULLs do not collide
    """`<session id>:<item id>`; None for a message that no session said."""
    spoken_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        # Not ("conversation", ...): that would join the conversation's own ordering into every query.
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=("conversation", "position"), name="one_message_per_position"),
            models.UniqueConstraint(
                fields=("conversation", "external_id"), name="one_message_per_external_id"
            ),
        )
        indexes = (
            models.Index(
                fields=("external_id",), condition=models.Q(status="pending"), name="message_still_pending"
            ),
        )

    def __str__(self) -> str:
        return f"message {self.position} of conversation {self.conversation_id}"
