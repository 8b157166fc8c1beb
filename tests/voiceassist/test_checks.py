"""A rate that nobody can read is told at the start, not at the first request."""

import pytest
from django.core.checks import run_checks
from rest_framework.settings import api_settings

# Django's own checks ask the database whether it can store JSON.
pytestmark = pytest.mark.django_db


def _found() -> list[str]:
    return [message.msg for message in run_checks() if message.id == "voiceassist.E101"]


def test_the_rates_of_the_house_can_be_read() -> None:
    assert _found() == []


def test_a_rate_that_is_none_is_named_with_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "realtime-session", "often")
    (told,) = _found()
    assert "realtime-session" in told
    assert "20/min" in told
