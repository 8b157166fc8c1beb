"""What `make bench` makes of its readings: ratios, findings, and the status with which it ends."""

import pytest

from bench.load.sound import Spread
from bench.load.verdict import Verdict, verdict
from bench.relay.names import AGENTS, NGINX, NODE, OURS, OURS_JSON, WEBSOCKETS
from bench.relay.ratios import cpu, findings, judged_at, memory, middle, ratio, silent, slowed
from bench.relay.readings import Reading, Rounds


def reading(
    *,
    cpu: float = 4.0,
    p95: float = 4.0,
    p99: float = 8.0,
    lost: int = 0,
    disorder: int = 0,
    closed: int = 0,
    silent: int = 40_000,
    sessions: int = 30,
) -> Reading:
    """A round with nothing amiss but what is said."""
    times = Spread(1.0, p95, p99, 2 * p99)
    return Reading(sessions, times, cpu, 1000, lost, disorder, closed, silent, silent * 4)


def table(**others: float) -> Rounds:
    """Ours at 4 ms, and the others at so many, as contenders are called with underscores."""
    return {OURS: [reading()]} | {
        name.replace("_", "-"): [reading(cpu=took)] for name, took in others.items()
    }


def missed(rounds: Rounds) -> list[str]:
    return [each.asked for each in findings(rounds, are_ratios_asked=True) if not each.holds]


def test_the_one_in_the_middle_decides() -> None:
    found = middle([3.0, 1.0, 9.0])
    assert (found.median, found.least, found.most) == (3.0, 1.0, 9.0)
    assert str(found) == "3.00 (1.00–9.00)"


def test_a_ratio_is_taken_within_each_round() -> None:
    """A machine that was busy in one round was so for both: of the medians alone it would be 1.0."""
    ours = [reading(cpu=took) for took in (2.0, 20.0, 4.0)]
    theirs = [reading(cpu=took) for took in (1.0, 10.0, 4.0)]
    assert ratio(cpu, ours, theirs).median == 2.0


def test_rounds_that_do_not_belong_together_have_no_ratio() -> None:
    with pytest.raises(ValueError):
        ratio(cpu, [reading()], [reading(), reading()])


@pytest.mark.parametrize(
    ("name", "enough", "too_little"),
    [(NODE, 4.0, 3.9), (WEBSOCKETS, 5.0, 4.9), (AGENTS, 10.0, 9.9), (NGINX, 1.0, 0.9)],
)
def test_the_processor_is_judged_by_what_the_others_take(name: str, enough: float, too_little: float) -> None:
    assert missed(table(**{name: enough})) == []
    [asked] = missed(table(**{name: too_little}))
    assert asked.startswith("processor at most ") and asked.endswith(f" × {name}")


@pytest.mark.parametrize(("p95", "expected"), [(6.0, 0), (6.1, 1)])
def test_the_slowest_twentieth_is_judged_by_node(p95: float, expected: int) -> None:
    assert len(missed({OURS: [reading(p95=p95)], NODE: [reading()]})) == expected


@pytest.mark.parametrize(("took", "expected"), [(60_000, 0), (60_001, 1)])
def test_a_session_may_take_sixty_kilobytes(took: int, expected: int) -> None:
    assert len(missed({OURS: [reading(silent=took)]})) == expected


def test_memory_is_the_most_of_all_rounds() -> None:
    """Later rounds find what the first one left, and would say that a session takes nothing."""
    assert memory([reading(silent=50_000), reading(silent=0), reading(silent=10)], silent) == 50_000


def test_a_missed_ratio_is_no_broken_promise() -> None:
    assert verdict(findings(table(node=1.0), are_ratios_asked=True)) is Verdict.MISSED
    assert verdict(findings(table(node=1.0), are_ratios_asked=False)) is Verdict.HELD


@pytest.mark.parametrize("name", [OURS, OURS_JSON])
@pytest.mark.parametrize(
    "spoilt", [reading(lost=1), reading(disorder=1), reading(closed=1)], ids=["lost", "disorder", "closed"]
)
def test_one_frame_or_session_of_ours_breaks_a_promise(name: str, spoilt: Reading) -> None:
    assert verdict(findings({name: [reading(), spoilt]}, are_ratios_asked=False)) is Verdict.BROKEN


def test_what_others_lose_is_not_ours_to_answer_for() -> None:
    rounds = {OURS: [reading()], NODE: [reading(lost=3, disorder=2, closed=1)]}
    assert verdict(findings(rounds, are_ratios_asked=True)) is Verdict.HELD


@pytest.mark.parametrize("beyond", [reading(lost=1, closed=1, p99=100.1), reading(lost=1, cpu=20.1)])
def test_what_is_lost_of_more_than_a_worker_carries_breaks_none(beyond: Reading) -> None:
    assert verdict(findings({OURS: [reading(), beyond]}, are_ratios_asked=False)) is Verdict.HELD


def test_more_than_a_worker_carries_in_any_round_is_told() -> None:
    found = list(findings({OURS: [reading(lost=7, p99=250.0)]}, are_ratios_asked=False))
    assert verdict(found) is Verdict.MISSED
    assert [(each.asked, each.measured) for each in found if not each.holds] == [
        ("ours: this machine carries 30", "no: the slowest hundredth takes 250 ms, 7 were lost")
    ]


@pytest.mark.parametrize(("p99", "expected"), [(10.4, Verdict.HELD), (10.5, Verdict.MISSED)])
def test_slow_requests_may_slow_the_others_by_three_tenths(p99: float, expected: Verdict) -> None:
    assert verdict(slowed([reading(p99=8.0)], [reading(p99=p99)])) is expected


@pytest.mark.parametrize(("sessions", "expected"), [([1, 30, 100], 30), ([5], 5), ([1, 100], 100)])
def test_the_ratios_are_asked_for_with_thirty_or_with_the_most(sessions: list[int], expected: int) -> None:
    assert judged_at(sessions) == expected
