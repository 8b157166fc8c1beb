"""A relay that is cancelled at any moment whatever: what was said until then is kept, and nothing goes on."""

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.realtime.audit.oracle import complaints
from tests.realtime.audit.plans import SessionPlan, sessions
from tests.realtime.audit.scenes import RICH
from tests.realtime.audit.world import told

EXAMPLES = int(os.environ.get("AUDIT_EXAMPLES", "500")) // 5


def test_cancelled_at_every_await_it_keeps_what_was_said_and_leaves_nothing_running() -> None:
    """Each turn of the loop is one in which some task of the session stands at another await."""
    whole = told(RICH)
    assert len(whole.visits[0].server.lives) > 1, "a session that loses its upstream on the way"
    assert whole.steps > 250
    wrong = {
        step: found for step in range(1, whole.steps) if (found := complaints(told(RICH, cancel_at=(step,))))
    }
    assert wrong == {}


def test_cancelled_again_and_again_it_still_saves_first() -> None:
    """Whoever shuts down loses patience and cancels again while the last words are being written."""
    wrong = {}
    for step in range(1, told(RICH).steps, 3):
        if found := complaints(told(RICH, cancel_at=tuple(range(step, step + 40)))):
            wrong[step] = found
    assert wrong == {}


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(sessions(), st.integers(1, 900))
def test_any_session_can_be_cancelled_anywhere(plan: SessionPlan, step: int) -> None:
    assert complaints(told(plan, cancel_at=(step,))) == []
