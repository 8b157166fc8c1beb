"""The audit of the transcript: generated sessions, through core, relay and history, against ground truth.

The sessions are always the same ones. To play other ones, and more of them:

    AUDIT_EXAMPLES=5000 .venv/bin/python -m pytest tests/realtime/audit
"""

import os
from collections import Counter

from hypothesis import HealthCheck, given, settings

from tests.realtime.audit.ingredients import ingredients
from tests.realtime.audit.oracle import complaints
from tests.realtime.audit.plans import SessionPlan, sessions
from tests.realtime.audit.world import told

EXAMPLES = int(os.environ.get("AUDIT_EXAMPLES", "500"))
COMMON_ENOUGH = (
    "takeover",
    "write refused after a takeover",
    "came to rest",
    "ended: client",
    "ended: client_lost",
    "ended: draining",
    "ended: replaced",
    "row final",
    "row interrupted",
    "row failed",
    "hidden row",
    "heard as the player reported",
    "place held for words to come",
    "reconnecting: lost",
    "reconnecting: recycled",
    "reconnecting: silent",
    "upstream closed: 1006",
    "upstream closed: 1011",
    "upstream closed: 1001",
    "said again to another upstream",
)
"""What an audit has to have met often."""


def test_what_is_kept_is_what_was_said_and_heard_in_order_and_once() -> None:
    happened: Counter[str] = Counter()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize="AUDIT_EXAMPLES" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )
    @given(sessions())
    def audit(plan: SessionPlan) -> None:
        story = told(plan)
        happened.update(ingredients(story))
        assert complaints(story) == []

    audit()
    assert happened["session"] >= EXAMPLES
    assert {name: happened[name] for name in COMMON_ENOUGH if happened[name] < EXAMPLES // 50} == {}


@settings(
    max_examples=EXAMPLES // 10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(sessions(most_acts=3))
def test_off_the_record_nothing_is_kept_and_usage_still_counts(plan: SessionPlan) -> None:
    story = told(plan, save=False)
    assert story.books.rows == []
    assert [visit.keeper.told for visit in story.visits] == [[] for _ in story.visits]
    assert [found for found in complaints(story) if "tokens" in found] == []
