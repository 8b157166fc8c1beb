"""What `make bench` can be asked for."""

import pytest

from bench.relay.__main__ import PLAYED
from bench.relay.options import ALL, SCENES, chosen_of


def test_every_scene_that_can_be_chosen_is_played() -> None:
    assert tuple(PLAYED) == SCENES


def test_everything_is_measured_unless_something_is_chosen() -> None:
    chosen = chosen_of("", [])
    assert (chosen.scenes, chosen.sessions) == (SCENES, (1, 30, 100))
    assert set(chosen.contenders) == set(ALL) - {"litellm"}
    assert set(chosen_of("", ["--with", "litellm"]).contenders) == set(ALL)


def test_contenders_are_chosen_and_left_out() -> None:
    assert chosen_of("", ["cpu", "--only", "node", "ours", "--without", "node"]).contenders == ("ours",)


def test_a_quick_look_is_one_short_round() -> None:
    chosen = chosen_of("", ["--quick", "--rounds", "9"])
    assert (chosen.rounds, chosen.seconds, chosen.sessions) == (1, 2.0, (5,))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--rounds", "0"], "rounds and sessions are counted from 1"),
        (["--sessions", "30", "0"], "rounds and sessions are counted from 1"),
        (["--seconds", "0"], "a reading takes more than no time"),
        (["--only", "node", "--without", "node"], "no contender is left"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        chosen_of("", words)
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err
