"""Scripts made of recordings: a scripted upstream that says what a real service said, frame by frame."""

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.support.scripted_steps import Close, Emit, Expect, ExpectAudio, Script, Step

_TRACES = Path(__file__).parents[1] / "fixtures" / "traces"
_APPEND = "input_audio_buffer.append"
_HEARD_MS = 100
"""So much audio has to come where the recording has some; its own was cut short."""


def recorded(name: str, *, without: str = "") -> list[Script]:
    """One script for each connection of a recording, without the server's events of one type.

    Client frames are waited for, whatever else they hold.
    """
    lines = (_TRACES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    scripts: list[Script] = []
    steps: list[Step] = []
    for line in map(json.loads, lines):
        kind = line.get("event", {}).get("type")
        if kind == without and line["from"] == "server":
            continue
        if kind == "session.created" and steps:
            scripts.append(_without_repeated_audio(steps))
            steps = []
        steps += _steps(line)
    return [*scripts, _without_repeated_audio(steps)]


def _steps(line: dict[str, Any]) -> Iterator[Step]:
    if "close" in line:
        yield Close(line["close"]["code"], line["close"]["reason"])
    elif line["from"] == "server":
        yield Emit(json.dumps(line["event"]))
    elif line["event"]["type"] == _APPEND:
        yield ExpectAudio(_HEARD_MS)
    else:
        yield Expect(line["event"]["type"])


def _without_repeated_audio(steps: list[Step]) -> Script:
    return [
        step
        for is_audio, run in groupby(steps, lambda step: isinstance(step, ExpectAudio))
        for number, step in enumerate(run)
        if not (is_audio and number)
    ]
