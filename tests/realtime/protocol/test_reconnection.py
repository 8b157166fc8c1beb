"""How soon another upstream is tried, and when one is replaced in good time."""

import pytest

from realtime.protocol.reconnection import HEALTHY_SECONDS, PAUSES, Lifetime, Reconnection

UNIX = 1_800_000_000.0


@pytest.fixture
def reconnection() -> Reconnection:
    return Reconnection()


def test_pauses_grow_until_it_was_tried_often_enough(reconnection: Reconnection) -> None:
    pauses = [reconnection.pause("lost", 0.0) for _ in range(len(PAUSES) + 1)]
    assert pauses == [*PAUSES, None]


def test_one_outage_has_one_reason_and_its_tries_are_counted(reconnection: Reconnection) -> None:
    reconnection.pause("silent", 0.0)
    reconnection.pause("lost", 1.0)
    assert (reconnection.reason, reconnection.attempt) == ("silent", 2)
    assert reconnection.ready(3.5) == 3.5
    reconnection.pause("lost", 4.0)
    assert (reconnection.reason, reconnection.attempt) == ("lost", 1)


def test_the_first_upstream_took_no_time_that_anybody_missed(reconnection: Reconnection) -> None:
    assert reconnection.ready(9.0) == 0.0


def test_only_losses_are_forgiven_after_a_healthy_while(reconnection: Reconnection) -> None:
    reconnection.pause("silent", 0.0)
    reconnection.ready(1.0)
    assert reconnection.pause("silent", 1.0 + HEALTHY_SECONDS) == PAUSES[1]
    reconnection.ready(100.0)
    assert reconnection.pause("lost", 100.0 + HEALTHY_SECONDS) == PAUSES[0]


def test_a_planned_change_that_does_not_succeed_at_once_is_counted_from_then_on(
    reconnection: Reconnection,
) -> None:
    pauses = [reconnection.pause("recycled", 0.0)] + [reconnection.pause("lost", 0.0) for _ in range(7)]
    assert pauses == [0.0, *PAUSES, None]


@pytest.mark.parametrize(("lives", "lead"), [(3600, 300), (1200, 300), (1000, 250), (60, 15)])
def test_an_upstream_is_replaced_a_little_before_its_end(lives: int, lead: int) -> None:
    lifetime = Lifetime(UNIX - 50.0)
    lifetime.began(50.0)
    lifetime.ends(UNIX + lives, 50.5)
    assert lifetime.recycle_at == pytest.approx(50.0 + lives - lead)


def test_the_next_upstream_has_a_time_of_its_own() -> None:
    lifetime = Lifetime(UNIX)
    lifetime.began(0.0)
    lifetime.ends(UNIX + 60, 0.0)
    lifetime.began(45.0)
    assert lifetime.recycle_at is None


@pytest.mark.parametrize("expires_at", [None, "x", True, 0, UNIX])
def test_an_end_that_is_none_is_not_believed(expires_at: object) -> None:
    lifetime = Lifetime(UNIX)
    lifetime.began(0.0)
    lifetime.ends(expires_at, 1.0)
    assert lifetime.recycle_at is None
