"""Filters beside the admin's lists: boxes for a name and for days, and what reviewers made of a conversation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from conversations.services import storable


@dataclass(frozen=True, slots=True)
class Box:
    """One box of a filter that is written into."""

    name: str
    label: str
    type: str


class BoxesFilter(admin.ListFilter):
    """A filter that is written into: a list of all that can be asked for would be as long as the site is old."""

    template = "admin/conversations/boxes_filter.html"
    boxes: ClassVar[tuple[Box, ...]]
    complaint: ClassVar[str] = ""
    """Said beside the boxes when what was written into them means nothing."""

    def __init__(
        self, request: HttpRequest, params: dict[str, list[str]], model: Any, model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        self.written: dict[str, str] = {}
        for box in self.boxes:
            if written := storable(params.pop(box.name, [""])[-1]).strip():
                self.written[box.name] = written
        self.meant = self._meant()

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return [box.name for box in self.boxes]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """One answer: the boxes with what is in them, what else the list is asked for, and the way back."""
        others = {
            name: values
            for name, values in changelist.filter_params.items()
            if name not in self.expected_parameters()
        }
        yield {
            "boxes": [(box, self.written.get(box.name, "")) for box in self.boxes],
            "others": [(name, value) for name, values in others.items() for value in values],
            "is_used": bool(self.written),
            "complaint": self.complaint if self.meant is None else "",
            "without": changelist.get_query_string(remove=self.expected_parameters()),
        }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        # Nothing rather than everything, which would look like an answer.
        return queryset.none() if self.meant is None else queryset.filter(self.meant)

    def _meant(self) -> Q | None:
        """What the rows must be like; None: what was written means nothing."""
        try:
            return self.asked_for(self.written) if self.written else Q()
        except (ValueError, OverflowError):
            return None

    def asked_for(self, written: Mapping[str, str]) -> Q:
        """What the rows must be like. Raises ValueError or OverflowError for what means nothing."""
        raise NotImplementedError


class OwnerFilter(BoxesFilter):
    title = "person"
    boxes = (Box("person", "Part of a name", "search"),)

    def asked_for(self, written: Mapping[str, str]) -> Q:
        return Q(user__username__icontains=written["person"])


class ActorFilter(BoxesFilter):
    """Who looked. Of accounts that are gone only the number is known."""

    title = "who looked"
    boxes = (Box("actor", "Part of a name, or an account's number", "search"),)

    def asked_for(self, written: Mapping[str, str]) -> Q:
        name = written["actor"]
        # Not by a join, which would leave out what deleted accounts did.
        asked = Q(actor_id__in=User.objects.filter(username__icontains=name).values("pk"))
        if name.isdecimal() and len(name) < 19:
            asked |= Q(actor_id=int(name))
        return asked


class DaysFilter(BoxesFilter):
    """From one day to another, both included; either may be left open."""

    field: ClassVar[str]
    boxes = (Box("since", "From", "date"), Box("until", "To", "date"))
    complaint = "That is no day one can ask for, so nothing is listed. Days are written like 2026-01-31."

    def asked_for(self, written: Mapping[str, str]) -> Q:
        asked = Q()
        if "since" in written:
            asked &= Q((f"{self.field}__gte", _midnight(date.fromisoformat(written["since"]))))
        if "until" in written:
            after = date.fromisoformat(written["until"]) + timedelta(days=1)
            asked &= Q((f"{self.field}__lt", _midnight(after)))
        return asked


class SpokenFilter(DaysFilter):
    title, field = "day it was last spoken", "updated_at"


class LookedFilter(DaysFilter):
    title, field = "day", "at"


class _ReviewFilter(admin.SimpleListFilter):
    """Conversations by what reviewers made of them; one that nobody touched has no row to ask."""

    answers: ClassVar[Mapping[str, tuple[str, Q]]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, words) for value, (words, _) in self.answers.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        value = self.value()
        if value is None:
            return None
        return queryset.filter(self.answers[value][1]) if value in self.answers else queryset.none()


class FlaggedFilter(_ReviewFilter):
    title, parameter_name = "flag", "flagged"
    answers: ClassVar = {
        "yes": ("Flagged", Q(review__is_flagged=True)),
        "no": ("Not flagged", ~Q(review__is_flagged=True)),
    }


class ReviewedFilter(_ReviewFilter):
    title, parameter_name = "review", "reviewed"
    _was = Q(review__reviewed_at__isnull=False)
    answers: ClassVar = {
        "yes": ("Reviewed to the end", _was & Q(review__reviewed_messages__gte=F("message_count"))),
        "newer": ("Newer turns since", _was & Q(review__reviewed_messages__lt=F("message_count"))),
        "no": ("Not reviewed", Q(review__reviewed_at__isnull=True)),
    }


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
