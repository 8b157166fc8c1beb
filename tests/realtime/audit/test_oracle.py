"""The oracle itself: it is content with true books, and notices each thing that must never happen."""

import pytest

from tests.realtime.audit import faults
from tests.realtime.audit.books import BookKeeper
from tests.realtime.audit.oracle import complaints
from tests.realtime.audit.plans import SessionPlan
from tests.realtime.audit.scenes import EVERYDAY, RICH, TAKEN_OVER
from tests.realtime.audit.world import told


@pytest.mark.parametrize("plan", [EVERYDAY, TAKEN_OVER, RICH], ids=["everyday", "taken over", "rich"])
def test_true_books_are_not_complained_of(plan: SessionPlan) -> None:
    story = told(plan)
    assert complaints(story) == []
    assert len(story.books.rows) >= 5


@pytest.mark.parametrize(
    ("plan", "keeper"),
    [
        (EVERYDAY, faults.LosesATurn),
        (EVERYDAY, faults.SwapsTurns),
        (EVERYDAY, faults.DoublesATurn),
        (EVERYDAY, faults.KeepsNoLateWords),
        (EVERYDAY, faults.BelievesAllWasHeard),
        (EVERYDAY, faults.ForgetsTheUnheard),
        (EVERYDAY, faults.MistakesWhoSpoke),
        (EVERYDAY, faults.CountsNothing),
        (TAKEN_OVER, faults.WritesOnAfterTheTakeover),
    ],
)
def test_what_must_never_happen_is_noticed(plan: SessionPlan, keeper: type[BookKeeper]) -> None:
    assert complaints(told(plan, keeper=keeper))
