"""No session lasts for ever: neither one in which nothing is said, nor one in which somebody always speaks."""

from dataclasses import replace

import pytest
from django.contrib.auth.models import User

from realtime import services
from realtime.protocol.endings import ENDINGS
from tests.support.sessions import CONFIG, opened, put_back, renew, row_of

HOURS = 12
pytestmark = pytest.mark.django_db


def test_it_ends_after_so_many_hours_and_not_before(alice: User) -> None:
    config = replace(CONFIG, session_hours=HOURS)
    session = opened(alice)
    put_back(session, HOURS * 3600 - 60, "started_at")
    assert renew(session, config) is None
    put_back(session, 61, "started_at")
    assert renew(session, config) == "session_limit"


def test_coming_back_does_not_make_it_longer(alice: User) -> None:
    """The hours are those since it began, however often its client was lost meanwhile."""
    config = replace(CONFIG, session_hours=HOURS)
    session = opened(alice)
    put_back(session, HOURS * 3600 + 1, "started_at")
    services.end_session(session=session, reason="client_lost")
    again = services.open_session(
        user=alice, request=services.SessionRequest(resume_session_id=session.pk), config=config
    )
    back = services.redeem_ticket(again.ticket.secret, config=config)
    assert row_of(back).started_at == row_of(session).started_at
    assert renew(back, config) == "session_limit"


def test_whose_time_is_up_is_told_what_to_do() -> None:
    ending = ENDINGS["session_limit"]
    assert (ending.close_code, ending.is_fault, ending.retryable) == (1000, False, True)
    assert "Start another" in ending.detail
