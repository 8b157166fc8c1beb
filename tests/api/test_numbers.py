"""A hundred thousand messages are looked through about as fast as a thousand, in a dozen queries.

The table of what was measured: `pytest tests/api/test_numbers.py --log-cli-level=INFO`
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework_simplejwt.tokens import AccessToken

from conversations.models import Conversation
from tests.support.hundred_thousand import ABSENT, COMMON, RARE, converse

log = logging.getLogger(__name__)
FEW, MANY = 10, 1_000
ROUNDS = 7
QUERIES = 12
TIMES = 2.0
YARDSTICK = "/api/voice/options/"
"""Knows the caller, and nothing of conversations."""
YARDS = 5
_OWN = f"/api/conversations/?page_size={FEW}"
_REVIEW = f"/api/review/conversations/?page_size={FEW}"
_ADMIN = "/admin/conversations/conversation/"
LOOKS = {
    "list": _OWN,
    "search, a rare word": f"{_OWN}&q={RARE}",
    "search, a common word": f"{_OWN}&q={COMMON}",
    "search, a word nobody said": f"{_OWN}&q={ABSENT}",
    "open": "/api/conversations/{id}/",
    "open, the messages": "/api/conversations/{id}/messages/?page_size=50",
    "admin list": _ADMIN,
    "admin search, a rare word": f"{_ADMIN}?q={RARE}",
    "admin search, a common word": f"{_ADMIN}?q={COMMON}",
    "admin view": f"{_ADMIN}{{id}}/change/",
    "review list": _REVIEW,
    "review search, a rare word": f"{_REVIEW}&q={RARE}",
    "review search, a common word": f"{_REVIEW}&q={COMMON}",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """What a look showed, how many queries it took, and how long, again and again: in seconds and in yards."""

    titles: int
    queries: int
    seconds: tuple[float, ...]
    yards: tuple[float, ...]

    def times_longer_than(self, other: "Measured") -> float:
        """By the medians in yards, or else by the fastest runs: what else the machine does may spoil one of them."""
        return min(median(self.yards) / median(other.yards), min(self.seconds) / min(other.seconds))


@dataclass(frozen=True, slots=True)
class Measurements:
    """Every look, at few conversations and at many."""

    few: dict[str, Measured]
    many: dict[str, Measured]

    def too_slow(self) -> list[str]:
        """The names of the looks that take longer than they may, or more queries."""
        return [
            name
            for name, many in self.many.items()
            if many.queries > QUERIES or many.times_longer_than(self.few[name]) > TIMES
        ]

    def __str__(self) -> str:
        lines = [f"{'':28}{FEW:>10}{MANY:>10}   times queries"]
        for name, many in self.many.items():
            few = self.few[name]
            milliseconds = "".join(f"{median(each.seconds) * 1000:>7.1f} ms" for each in (few, many))
            lines.append(f"{name:28}{milliseconds}{many.times_longer_than(few):>8.2f}{many.queries:>8}")
        return "\n".join(lines)


def _reviewer() -> User:
    """A colleague with all there is to be done with conversations: what superusers may is looked up faster."""
    reviewer = User.objects.create_user("reviewer", password="filing-cabinet", is_staff=True)
    apps = ("conversations", "realtime")
    reviewer.user_permissions.set(Permission.objects.filter(content_type__app_label__in=apps))
    return reviewer


def _measured(owner: User, reviewer: User) -> dict[str, Measured]:
    """Round by round, beside a yardstick that nothing here makes longer: whatever else the machine does meanwhile
    slows both down."""
    looks = {name: _look(path, owner, reviewer) for name, path in LOOKS.items()}
    yardstick = _look(YARDSTICK, owner, reviewer)
    for each in (yardstick, *looks.values()):
        each()  # what is asked and compiled once per process
    seconds: dict[str, list[float]] = {name: [] for name in looks}
    yards: dict[str, list[float]] = {name: [] for name in looks}
    for _ in range(ROUNDS):
        yard = _seconds(lambda: [yardstick() for _ in range(YARDS)])
        for name, look in looks.items():
            seconds[name].append(_seconds(look))
            yards[name].append(seconds[name][-1] / yard)
    return {
        name: Measured(look(), _queries(look), tuple(seconds[name]), tuple(yards[name]))
        for name, look in looks.items()
    }


def _look(path: str, owner: User, reviewer: User) -> Callable[[], int]:
    """A request, which answers with how many titles it was shown."""
    path = path.format(id=Conversation.objects.values_list("pk", flat=True)[FEW // 2])
    if path.startswith("/api/"):
        who = reviewer if "/review/" in path else owner
        client = Client(headers={"Authorization": f"Bearer {AccessToken.for_user(who)}"})
    else:
        client = Client()
        client.force_login(reviewer if path.startswith("/admin/") else owner)

    def look() -> int:
        response = client.get(path)
        assert response.status_code == 200, (path, response.content)
        return response.content.count(b"Conversation ")

    return look


def _queries(look: Callable[[], int]) -> int:
    with CaptureQueriesContext(connection) as queries:
        look()
    return len(queries)


def _seconds(look: Callable[[], object]) -> float:
    began = time.perf_counter()
    look()
    return time.perf_counter() - began


@pytest.mark.slow
def test_among_a_thousand_conversations_a_look_takes_a_dozen_queries_and_at_most_twice_as_long_as_among_ten(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Pages of the same length are compared: there are no more than these in the smaller database.
    monkeypatch.setattr(admin.site.get_model_admin(Conversation), "list_per_page", FEW)
    owner = User.objects.create_user("owner", password="wonderland-teapot")
    reviewer = _reviewer()
    converse(owner, range(FEW))
    few = _measured(owner, reviewer)
    converse(owner, range(FEW, MANY))
    measured = Measurements(few, _measured(owner, reviewer))
    log.info("%s\n%s", connection.vendor, measured)
    assert [many.titles for many in measured.many.values()] == [few.titles for few in measured.few.values()]
    assert measured.too_slow() == [], measured
