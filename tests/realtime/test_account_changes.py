"""An account that is switched off, or given another password, speaks no longer; every other change ends nothing."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from realtime.errors import EndReason
from realtime.models import VoiceSession
from tests.support.sessions import issue, lost, opened, row_of

pytestmark = pytest.mark.django_db


def _switch_off(user: User) -> None:
    user.is_active = False
    user.save()


def _switch_off_alone(user: User) -> None:
    user.is_active = False
    user.save(update_fields=["is_active"])


def _another_password(user: User) -> None:
    user.set_password("another-teapot-of-hers")
    user.save()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_switch_off, "account_disabled"),
        (_switch_off_alone, "account_disabled"),
        (_another_password, "signed_out"),
    ],
)
def test_it_ends_what_was_opened_before(
    alice: User, bob: User, change: Callable[[User], None], reason: EndReason
) -> None:
    issued, waiting, live = issue(alice).session, lost(alice), opened(alice)
    bobs = opened(bob)
    change(alice)
    # What nobody holds is over at once; what lives is asked to end and ends where it is held.
    assert [(row.state, row.end_reason) for row in map(row_of, (issued, waiting))] == [("ended", reason)] * 2
    assert row_of(live).end_requested_reason == reason
    assert row_of(bobs).end_requested_at is None


def test_other_changes_end_nothing(client: Client, alice: User) -> None:
    live = opened(alice)
    alice.first_name = "Alice"
    alice.save()
    alice.save(update_fields=["last_login"])
    client.post("/login", {"username": "alice", "password": "wonderland-teapot"})
    assert row_of(live).end_requested_at is None


def test_a_new_account_and_one_that_was_off_already_ask_for_nothing(alice: User) -> None:
    _switch_off(alice)
    live = VoiceSession.objects.create(
        id="rtc_1_" + "0" * 24, user=alice, ticket_digest="0" * 64, expires_at=alice.date_joined, state="live"
    )
    alice.save()
    User.objects.create_user("carol", password="a-walk-to-somewhere")
    assert row_of(live).end_requested_at is None


def test_the_log_names_the_account_by_number(alice: User, caplog: pytest.LogCaptureFixture) -> None:
    opened(alice)
    _switch_off(alice)
    assert f"account {alice.pk} was switched off: 1 sessions end" in caplog.text
    assert "alice" not in caplog.text
