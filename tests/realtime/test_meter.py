"""What is counted of one session: its traffic, a sample of what we add, what was dropped, and what upstream said."""

from realtime.meter import Meter
from realtime.protocol.effects import End, Ready, Reconnect, TellOperator
from realtime.telemetry import Event, Span, Tally, Traffic


class Hand:
    """A clock that goes when it is pushed."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def made() -> tuple[Meter, Tally, Hand]:
    tally, hand = Tally(), Hand()
    return Meter(tally, hand), tally, hand


def test_traffic_is_handed_in_once_a_tick_and_each_frame_once() -> None:
    meter, tally, hand = made()
    meter.came(b"12")
    meter.goes("123")
    assert tally.carried() == Traffic()
    meter.tick(hand.at, 1.0)
    assert tally.carried() == Traffic(1, 2, 1, 3)
    meter.came("1")
    meter.tick(hand.at + 0.9, 1.0)
    assert tally.carried() == Traffic(1, 2, 1, 3)
    meter.tell()
    meter.tell()
    assert tally.carried() == Traffic(2, 3, 1, 3)


def test_what_we_add_is_sampled_once_a_tick() -> None:
    meter, tally, hand = made()
    meter.queued(hand.at)
    hand.at += 0.25
    meter.gone()
    meter.queued(hand.at)
    meter.gone()
    assert (tally.timed(Span.RELAY).times, tally.timed(Span.RELAY).total) == (1, 0.25)
    meter.tick(hand.at, 1.0)
    meter.queued(hand.at)
    meter.gone()
    assert tally.timed(Span.RELAY).times == 2


def test_what_goes_at_once_is_sampled_once_a_tick_and_nothing_that_came_of_no_frame() -> None:
    meter, tally, hand = made()
    meter.comes()
    meter.passed()  # it was nothing for the client
    meter.went("pong")
    assert tally.timed(Span.RELAY).times == 0
    meter.comes()
    meter.went("1")
    meter.went("2")
    meter.passed()
    assert meter.is_sampled
    meter.went("3")
    assert tally.timed(Span.RELAY).times == 1
    assert 0 <= tally.timed(Span.RELAY).total < 1
    meter.tick(hand.at, 1.0)
    assert not meter.is_sampled
    assert tally.carried() == Traffic(0, 0, 4, 7)
    meter.comes()
    meter.went("4")
    assert tally.timed(Span.RELAY).times == 2


def test_a_sample_that_is_under_way_is_not_begun_anew_and_one_of_a_lost_client_says_nothing() -> None:
    meter, tally, hand = made()
    meter.queued(hand.at)
    hand.at += 2
    meter.tick(hand.at, 1.0)
    meter.queued(hand.at)
    meter.gone()
    assert tally.timed(Span.RELAY).total == 2.0
    hand.at += 2
    meter.tick(hand.at, 1.0)
    meter.queued(hand.at)
    meter.away()
    hand.at += 20
    meter.gone()
    assert tally.timed(Span.RELAY).times == 1


def test_what_upstream_complains_of_is_counted_by_our_code() -> None:
    meter, tally, _ = made()
    meter.heard(
        [
            Ready(),
            End("provider_auth", 4502, "provider_key_refused"),
            End("idle", 1000, "idle"),
            TellOperator("rate_limited"),
            Reconnect(0.0, "provider_lost"),
            Reconnect(0.0, "recycled"),
            Reconnect(0.0, "silent"),
        ]
    )
    assert tally.labels(Event.UPSTREAM_ERROR) == {
        "provider_key_refused": 1,
        "rate_limited": 1,
        "provider_lost": 1,
    }


def test_an_upstream_that_was_left_and_frames_that_are_dropped_are_counted_by_why() -> None:
    meter, tally, _ = made()
    for code in ("recycled", "silent", "provider_lost"):
        meter.left(code)
    meter.dropped(0, "interrupted")
    meter.dropped(3, "slow_client")
    assert [tally.counted(kind) for kind in (Event.UPSTREAM_RECYCLED, Event.UPSTREAM_SILENT)] == [1, 1]
    assert tally.counted(Event.UPSTREAM_LOST) == 1
    assert tally.labels(Event.FRAME_DROPPED) == {"slow_client": 3}
