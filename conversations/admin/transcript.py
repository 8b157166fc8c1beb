"""What the page of a conversation shows: its turns as they followed one another, and what reviewers made of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.timesince import timesince

from conversations import selectors
from conversations.models import AccessedTranscript, Conversation, Message, Review

TURNS_PER_PAGE = 200
PAUSE = timedelta(minutes=10)
"""A silence that is worth telling."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message in its place."""

    message: Message
    number: int
    """Counted from 1, so that people may speak of it."""
    opens_day: bool
    pause: str
    """How long nobody had said anything, in words; empty for a moment."""
    opens_unreviewed: bool
    """It is the first that was said since the review."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What reviewers made of a conversation, as far as it is told."""

    is_flagged: bool = False
    reviewed_at: datetime | None = None
    reviewer: str = ""
    turns_since: int = 0
    first_since: int = 0
    """The number of the first turn that nobody reviewed."""
    notes: str = ""

    @classmethod
    def of(cls, conversation: Conversation) -> "Standing":
        """An untouched conversation has no review, and then nothing is told."""
        review: Review | None = getattr(conversation, "review", None)
        if review is None:
            return cls()
        was_reviewed = review.reviewed_at is not None
        return cls(
            is_flagged=review.is_flagged,
            reviewed_at=review.reviewed_at,
            reviewer=review.reviewer.get_username() if review.reviewer else "",
            turns_since=conversation.message_count - review.reviewed_messages if was_reviewed else 0,
            first_since=review.reviewed_messages + 1 if was_reviewed else 0,
            notes=review.notes,
        )


@dataclass(frozen=True, slots=True)
class Numbers:
    """What there is of a conversation, counted in one query."""

    turns: int = 0
    """Those that are kept: `message_count` counts also those whose time was over."""
    before: int = 0
    """Of these, how many precede the turn that is looked for."""
    looks: int = 0
    """How often somebody has looked at it, lists that named it included."""

    @classmethod
    def of(cls, conversation: Conversation, *, turn: str) -> "Numbers":
        """`turn` is a number or nothing; one beyond the last turn means the last."""
        sought = min(int(turn), conversation.message_count) if turn.isdecimal() else 0
        kept = Message.objects.filter(conversation_id=OuterRef("pk"))
        before = kept.filter(position__lt=max(0, sought - 1))
        looks = AccessedTranscript.objects.filter(conversation_id=OuterRef("pk"))
        numbers = Conversation.objects.filter(pk=conversation.pk).values_list(
            _counted(kept), _counted(before), _counted(looks)
        )
        return cls(*(numbers.first() or ()))


def _counted(rows: QuerySet[Any]) -> Coalesce:
    return Coalesce(Subquery(rows.order_by().values("conversation_id").values(n=Count("pk"))), 0)


class _Turns(Paginator):  # type: ignore[type-arg] # generic in its stubs only
    """The pages of a conversation whose turns are counted already."""

    def __init__(self, conversation: Conversation, count: int) -> None:
        super().__init__(selectors.record_of(conversation), TURNS_PER_PAGE)
        self.count = count


def page_of(conversation: Conversation, numbers: Numbers, *, page: str) -> Page[Message]:
    """A page of it: the one that was asked for, else the one with the turn that is looked for, else the first."""
    return _Turns(conversation, numbers.turns).get_page(page or numbers.before // TURNS_PER_PAGE + 1)


def turns_of(messages: Iterable[Message], *, first_since: int) -> Iterator[Turn]:
    """The messages with what lies between them; of the very first it is not known what came before."""
    before: Message | None = None
    for message in messages:
        number = message.position + 1
        opens_day = before is None or _day_of(before) != _day_of(message)
        silence = timedelta() if before is None or opens_day else message.spoken_at - before.spoken_at
        yield Turn(
            message=message,
            number=number,
            opens_day=opens_day,
            pause=timesince(before.spoken_at, message.spoken_at, depth=1)
            if before and silence >= PAUSE
            else "",
            opens_unreviewed=number == first_since,
        )
        before = message


def _day_of(message: Message) -> object:
    return timezone.localtime(message.spoken_at).date()
