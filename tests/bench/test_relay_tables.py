"""How `make bench` shows what it read."""

from bench.load.sound import Spread
from bench.relay.names import NODE, OURS
from bench.relay.readings import Reading
from bench.relay.tables import HEAD, TIMES_HEAD, markdown, plain, rows, times_row

TITLES = {OURS: "us", NODE: "them"}


def readings(*cpu: float) -> list[Reading]:
    """Rounds that took so much processor, of which one frame was lost and one came out of its turn."""
    times = Spread(1.04, 2.0, 3.0, 4.0)
    return [Reading(30, times, took, 750, 1, 1, 0, 20_000, 41_000) for took in cpu]


def test_a_row_has_medians_ends_and_the_ratio_of_ours() -> None:
    ours, theirs = rows({OURS: readings(2.0, 4.0, 3.0), NODE: readings(4.0, 4.0, 4.0)}, TITLES)
    assert ours[:5] == ("us", "1.0", "2.0", "3.0", "3.00 (2.00–4.00)")
    assert ours[5:] == ("× 1.00 (1.00–1.00)", "20 kB", "41 kB", "6 of 2,250")
    assert theirs[5] == "× 0.75 (0.50–1.00)"


def test_without_ours_there_is_no_ratio() -> None:
    [row] = rows({NODE: readings(4.0)}, TITLES)
    assert row[5] == ""


def test_every_row_is_as_long_as_its_head() -> None:
    [row] = rows({OURS: readings(2.0)}, TITLES)
    assert len(row) == len(HEAD)
    assert len(times_row("us", readings(2.0))) == len(TIMES_HEAD)


def test_on_a_screen_columns_stand_below_each_other() -> None:
    assert plain(("who", "ms"), [("us", "12.0"), ("the others", "3")]) == (
        "who           ms\nus          12.0\nthe others     3"
    )


def test_in_a_paper_it_is_a_table_of_markdown() -> None:
    assert markdown(("who", "ms"), [("us", "12.0")]) == "| who | ms |\n|---|---|\n| us | 12.0 |"
