"""Conversations and the messages in them, in spoken order."""

import uuid
from collections.abc import Iterable
from typing import Any, NoReturn, TypeVar

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
    """How many messages there have been, hidden and deleted ones included, and so the position of the next one."""

    class Meta:
        ordering = ("-updated_at", "-id")
        indexes = (
            models.Index(fields=("user", "-updated_at", "-id"), name="conversation_by_owner"),
            models.Index(fields=("-updated_at", "-id"), name="conversation_by_age"),
        )
        permissions = (
            ("review_conversation", "Can flag conversations, mark them reviewed and write notes on them"),
            ("export_conversation", "Can export the transcripts of conversations"),
        )

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
    """Counted from 0 in spoken order. What was deleted since leaves its gap."""
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
            models.Index(fields=("spoken_at",), name="message_by_age"),
        )

    def __str__(self) -> str:
        return f"message {self.position} of conversation {self.conversation_id}"


class Review(models.Model):
    """What reviewers made of a conversation. Without a row nobody has looked at it with that intent."""

    conversation = models.OneToOneField(
        Conversation, on_delete=models.CASCADE, primary_key=True, related_name="review"
    )
    is_flagged = models.BooleanField(default=False, db_index=True)
    reviewed_at = models.DateTimeField(null=True, blank=True, db_index=True)
    """None: not reviewed."""
    reviewed_messages = models.PositiveIntegerField(default=0)
    """The conversation's `message_count` when it was reviewed: what was said since then nobody has reviewed."""
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    """Who marked it reviewed; while nobody did, who wrote here last."""
    notes = models.TextField(blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"review of conversation {self.conversation_id}"


_Row = TypeVar("_Row", bound=models.Model, covariant=True)


class _WrittenOnceRows(models.QuerySet[_Row]):
    """Rows that are added and read."""

    def bulk_create(
        self, objs: Iterable[Any], batch_size: int | None = None, *conflicts: Any, **how: Any
    ) -> list[_Row]:
        if any(conflicts) or any(how.values()):
            raise TypeError("The record of who looked at transcripts takes new rows only, and each of them.")
        return super().bulk_create(objs, batch_size)

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("The record of who looked at transcripts is not changed.")

    def delete(self) -> NoReturn:
        raise TypeError("The record of who looked at transcripts is not deleted.")


class _WrittenOnce(models.Model):
    """A row that is not changed and not deleted once it is there, as far as code here can help it."""

    objects = _WrittenOnceRows.as_manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("The record of who looked at transcripts is not changed.")
        # Else Django would first try to update the row that has this id.
        super().save(**kwargs | {"force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("The record of who looked at transcripts is not deleted.")


class TranscriptAccess(_WrittenOnce):
    """One look at other people's words, or their own taking out or erasing of them: ids and lengths, never words.

    Rows are written once (`conversations.audit`). They outlive the accounts and conversations that they name, so these
    are named by id alone.
    """

    class Action(models.TextChoices):
        LIST = "list"
        VIEW = "view"
        SEARCH = "search"
        EXPORT = "export"
        DELETE = "delete"

    class Via(models.TextChoices):
        ADMIN = "admin"
        API = "api", "API"
        PAGE = "page"

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        # The id stays when the account is gone. Nullable, so that joins keep the row then; never None.
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        null=True,
        related_name="+",
    )
    action = models.CharField(max_length=6, choices=Action)
    via = models.CharField(max_length=5, choices=Via)
    address = models.CharField(max_length=45, blank=True)
    """The IP address it came from; empty on a Unix socket."""
    query_length = models.PositiveIntegerField(default=0)
    """How many characters were searched for."""

    class Meta(_WrittenOnce.Meta):
        ordering = ("-at", "-id")
        verbose_name = "transcript access"
        verbose_name_plural = "transcript accesses"

    def __str__(self) -> str:
        return f"{self.action} #{self.pk}"


class AccessedTranscript(_WrittenOnce):
    """A conversation that one look showed."""

    access = models.ForeignKey(TranscriptAccess, on_delete=models.PROTECT, related_name="transcripts")
    conversation_id = models.UUIDField(db_index=True)
    owner_id = models.PositiveBigIntegerField(db_index=True)
    """Whose words they were."""

    class Meta(_WrittenOnce.Meta):
        ordering = ("id",)

    def __str__(self) -> str:
        return f"conversation {self.conversation_id}"
