"""The books of the audit do what the database does: the same sessions through the real services, row by row."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, seed, settings

from conversations.models import Message
from realtime import services
from realtime.history import DatabaseLedger
from realtime.models import VoiceSession
from tests.realtime.audit.books import BookKeeper, Books
from tests.realtime.audit.oracle import complaints
from tests.realtime.audit.plans import Outage, SessionPlan, sessions
from tests.realtime.audit.proof import ProvenKeeper
from tests.realtime.audit.world import Story, told
from tests.support.sessions import CONFIG, issue

T = TypeVar("T")
EXAMPLES = int(os.environ.get("AUDIT_EXAMPLES", "400")) // 10


class Proof:
    """One session in the database, whose visits take it over from each other."""

    def __init__(self, user: User) -> None:
        self._ticket = issue(user).ticket
        self.keepers: list[ProvenKeeper] = []

    def keeper(self, books: Books, epoch: int, outages: tuple[Outage, ...]) -> BookKeeper:
        session = aside(self._taken_up)
        assert session.epoch == epoch
        keeper = ProvenKeeper(books, epoch, outages, database=DatabaseLedger(session, CONFIG))
        self.keepers.append(keeper)
        return keeper

    def _taken_up(self) -> VoiceSession:
        # A session that lives is not given away; one whose client is missed may be taken up by whoever has its ticket.
        VoiceSession.objects.filter(state=VoiceSession.State.LIVE).update(
            state=VoiceSession.State.WAITING, client_lost_at=timezone.now()
        )
        return services.redeem_ticket(self._ticket.secret, config=CONFIG)


def rows_in_books(story: Story) -> list[tuple[Any, ...]]:
    return [
        (place, r.role, r.modality, r.status, r.text, r.unheard_text, r.is_estimated, r.hidden)
        for place, r in enumerate(story.books.rows)
    ]


def rows_in_database() -> list[tuple[Any, ...]]:
    columns = (
        "position",
        "role",
        "modality",
        "status",
        "text",
        "unheard_text",
        "heard_is_estimated",
        "hidden",
    )
    return list(Message.objects.values_list(*columns))


def aside(work: Callable[[], T]) -> T:
    """Ask the database from a thread of its own: a running loop gives every task a connection that nobody returns."""

    def asked() -> T:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asked).result()


@pytest.mark.django_db(transaction=True)
def test_the_books_are_those_of_the_database(alice: User) -> None:
    @seed(20_261_121)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(sessions(most_acts=3, most_drops=1))
    def prove(plan: SessionPlan) -> None:
        VoiceSession.objects.all().delete()
        Message.objects.all().delete()
        proof = Proof(alice)
        story = told(plan, keeper=proof.keeper)
        assert [each.differences for each in proof.keepers] == [[] for _ in proof.keepers]
        assert rows_in_database() == rows_in_books(story)
        assert complaints(story) == []

    prove()
