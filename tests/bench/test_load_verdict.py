"""What `make load` says of its figures, and with which status it ends."""

import pytest

from bench.load.callers import Told
from bench.load.sound import Spread
from bench.load.stand import MEGABYTE, Figures
from bench.load.verdict import ASKED, Finding, Verdict, bend, in_words, verdict


def line(
    what: str = "20 talking",
    *,
    p99: float = 5.0,
    lost: int = 0,
    disorder: int = 0,
    closed: int = 0,
    cpu: float = 0.2,
    grown: float = 0.0,
) -> Figures:
    """A line of the table with nothing amiss but what is said; `grown` in megabytes, `p99` in milliseconds."""
    told = Told(sent=1000, received=1000 - lost, disorder=disorder, closed=closed)
    spread = Spread(p99 / 4, p99 / 2, p99, p99 * 2)
    return Figures(what, spread, told, cpu, 100 * MEGABYTE, grown=int(grown * MEGABYTE))


def judged(scene: str, *lines: Figures) -> tuple[Verdict, list[str]]:
    """How a run of this scene alone ends, and what did not hold."""
    findings = list(ASKED[scene](lines))
    return verdict(findings), [each.asked for each in findings if not each.holds]


@pytest.mark.parametrize("scene", ["crowd", "floods", "slow_database", "lost_redis"])
def test_a_scene_with_nothing_amiss_holds(scene: str) -> None:
    assert judged(scene, line(), line()) == (Verdict.HELD, [])


@pytest.mark.parametrize("scene", ["crowd", "floods", "slow_database", "lost_redis"])
@pytest.mark.parametrize(
    ("spoilt", "asked"),
    [
        (line(lost=1), "no frame is lost"),
        (line(disorder=1), "no frame comes out of order"),
        (line(closed=1), "no session is lost"),
    ],
    ids=["lost", "disorder", "closed"],
)
def test_one_frame_or_session_breaks_a_promise(scene: str, spoilt: Figures, asked: str) -> None:
    assert judged(scene, line(), spoilt) == (Verdict.BROKEN, [asked])


def test_what_is_lost_without_us_is_not_ours_to_answer_for() -> None:
    assert judged("crowd", line(lost=5, disorder=5, closed=5), line()) == (Verdict.HELD, [])


@pytest.mark.parametrize(("p99", "expected"), [(25.0, Verdict.HELD), (25.1, Verdict.MISSED)])
def test_a_crowd_may_add_twenty_milliseconds_to_the_slowest_hundredth(p99: float, expected: Verdict) -> None:
    assert judged("crowd", line(p99=5.0), line(p99=p99))[0] is expected


@pytest.mark.parametrize(("cpu", "expected"), [(0.60, Verdict.HELD), (0.61, Verdict.MISSED)])
def test_a_crowd_may_use_three_fifths_of_a_core(cpu: float, expected: Verdict) -> None:
    assert judged("crowd", line(cpu=0.9), line(cpu=cpu))[0] is expected


@pytest.mark.parametrize("scene", ["slow_database", "lost_redis"])
@pytest.mark.parametrize(
    ("p99", "expected"), [(24.9, Verdict.HELD), (25.0, Verdict.MISSED), (1.0, Verdict.HELD)]
)
def test_a_fault_moves_the_slowest_hundredth_by_less_than_twenty_milliseconds(
    scene: str, p99: float, expected: Verdict
) -> None:
    assert judged(scene, line(p99=5.0), line(p99=p99))[0] is expected


@pytest.mark.parametrize("at", [1, 2])
def test_memory_that_grows_breaks_a_promise_in_either_direction(at: int) -> None:
    flooded = [line(), line(grown=19.9), line(grown=19.9)]
    assert judged("floods", *flooded)[0] is Verdict.HELD
    flooded[at] = line("200 MB", grown=20.0)
    assert judged("floods", *flooded) == (Verdict.BROKEN, ["200 MB: the worker grows by less than 20 MB"])


def test_a_flood_is_not_asked_for_times() -> None:
    assert judged("floods", line(p99=5.0), line(p99=500.0), line(cpu=1.0))[0] is Verdict.HELD


@pytest.mark.parametrize(
    ("figures", "reason"),
    [
        (line(), ""),
        (line(p99=100.0, cpu=0.97), ""),
        (line(p99=250.0), "the slowest hundredth takes 250 ms, which is heard"),
        (line(cpu=0.98), "the worker uses 98% of a core"),
        (line(lost=3), "3 frames did not come back"),
        (line(closed=2, lost=3), "2 sessions were lost"),
    ],
)
def test_why_so_many_are_too_many(figures: Figures, reason: str) -> None:
    assert bend(figures) == reason


def test_the_knee_is_named_by_the_lines_on_either_side_of_it() -> None:
    overloaded = line("150 talking", lost=7, cpu=0.61)
    *promises, finding = ASKED["knee"]([line("50 talking"), line("100 talking"), overloaded])
    assert finding.measured == (
        "150 talking is beyond it: 7 frames did not come back; 100 talking was still carried"
    )
    assert finding.holds
    assert all(each.holds for each in promises)


def test_a_knee_that_is_not_found_is_told_and_breaks_nothing() -> None:
    assert judged("knee", line("50 talking"), line("100 talking")) == (Verdict.MISSED, ["the knee is found"])


@pytest.mark.parametrize(
    ("lost", "closed", "asked"), [(1, 0, "no frame is lost"), (0, 1, "no session is lost")]
)
def test_what_is_lost_short_of_the_knee_breaks_a_promise_and_is_no_knee(
    lost: int, closed: int, asked: str
) -> None:
    last = line("50 talking", lost=lost, closed=closed, p99=100.0, cpu=0.60)
    assert judged("knee", line(), last) == (Verdict.BROKEN, [asked, "the knee is found"])
    [*_, finding] = ASKED["knee"]([line(), last])
    assert finding.measured == f"not up to 50 talking, which ended the scene: {bend(last)}"


@pytest.mark.parametrize(("p99", "cpu"), [(100.1, 0.2), (5.0, 0.61)], ids=["late", "busy"])
def test_what_is_lost_beyond_the_knee_breaks_none(p99: float, cpu: float) -> None:
    assert judged("knee", line(), line(lost=7, closed=2, p99=p99, cpu=cpu)) == (Verdict.HELD, [])


def test_order_holds_beyond_the_knee_as_well() -> None:
    assert judged("knee", line(), line(lost=7, disorder=1, p99=500.0)) == (
        Verdict.BROKEN,
        ["no frame comes out of order"],
    )


def test_the_worst_finding_decides() -> None:
    held = Finding("a", "", True)
    missed = Finding("b", "", False, is_promise=False)
    broken = Finding("c", "", False)
    assert [verdict([]), verdict([held]), verdict([held, missed]), verdict([missed, broken, held])] == [
        0,
        0,
        3,
        1,
    ]


def test_what_held_and_what_did_not_is_said_apart() -> None:
    findings = [
        Finding("no frame is lost", "0 of 9", True),
        Finding("no frame comes out of order", "2 did", False),
        Finding("the worker uses at most 60% of a core", "70%", False, is_promise=False),
    ]
    assert list(in_words({"lost_redis": findings})) == [
        "What held:",
        "  lost redis: no frame is lost: 0 of 9",
        "Promises that were broken:",
        "  lost redis: no frame comes out of order: 2 did",
        "Times and processor that were not reached:",
        "  lost redis: the worker uses at most 60% of a core: 70%",
    ]
