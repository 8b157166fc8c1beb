"""What `make load` can be asked for."""

import pytest

from bench.load.__main__ import chosen_of


@pytest.mark.parametrize(
    "words", [["--most", "49"], ["--step", "1001", "--most", "1000"], ["--step", "0"], ["--step", "-1"]]
)
def test_steps_that_lead_nowhere_are_refused_in_a_sentence(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        chosen_of(words)
    assert ended.value.code == 2
    chosen = dict(zip(words[::2], words[1::2], strict=True))
    step, most = chosen.get("--step", "50"), chosen.get("--most", "1000")
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith(f"--most {most} leaves no step of {step} to find the knee with")


@pytest.mark.parametrize("words", [[], ["--most", "50"], ["--step", "10", "--most", "10", "knee"]])
def test_one_step_is_enough(words: list[str]) -> None:
    chosen = chosen_of(words)
    assert list(range(chosen.step, chosen.most + 1, chosen.step))
