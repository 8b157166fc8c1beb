"""Usage by modality: what was read, which part of it was cached, and what was written."""

import json
from typing import Any

import pytest

from realtime.usage import added, by_modality, tokens, transcribed

ONE = {
    "total_tokens": 320,
    "input_tokens": 132,
    "output_tokens": 188,
    "input_token_details": {
        "text_tokens": 59,
        "audio_tokens": 73,
        "image_tokens": 0,
        "cached_tokens": 64,
        "cached_tokens_details": {"text_tokens": 0, "audio_tokens": 64, "image_tokens": 0},
    },
    "output_token_details": {"text_tokens": 41, "audio_tokens": 147},
}


def test_usage_is_read_by_modality_with_the_cached_part_inside_what_was_read() -> None:
    assert by_modality(ONE) == {
        "text": {"input": 59, "cached": 0, "output": 41},
        "audio": {"input": 73, "cached": 64, "output": 147},
    }


def test_sums_are_read_as_single_answers_are() -> None:
    assert by_modality(added(ONE, ONE))["audio"] == {"input": 146, "cached": 128, "output": 294}


def test_tokens_of_which_nobody_said_what_they_were_are_unknown() -> None:
    without_details = {"input_tokens": 10, "output_tokens": 4}
    assert by_modality(without_details) == {"unknown": {"input": 10, "cached": 0, "output": 4}}
    assert by_modality(added(ONE, without_details))["unknown"] == {"input": 10, "cached": 0, "output": 4}


def test_details_that_come_to_more_than_the_total_are_believed() -> None:
    told = tokens({"input_tokens": 5, "input_token_details": {"text_tokens": 9}})
    assert (told.read.text, told.read.untold) == (9, 0)


def test_nothing_used_is_an_empty_table() -> None:
    assert by_modality({}) == {}
    assert by_modality({"input_tokens": 0, "transcription": {"seconds": 3}}) == {}


def test_a_transcriber_counts_seconds_or_tokens_and_writes_text() -> None:
    spent, seconds = transcribed({"transcription": {"seconds": 5}})
    assert (spent.total, seconds) == (0, 5)
    counted = {
        "total_tokens": 66,
        "input_tokens": 50,
        "input_token_details": {"text_tokens": 0, "audio_tokens": 50},
        "output_tokens": 16,
    }
    spent, seconds = transcribed({"transcription": counted})
    assert (spent.read.audio, spent.written.text, spent.written.untold, seconds) == (50, 16, 0, 0)


@pytest.mark.parametrize(
    "usage",
    [
        {"input_tokens": -4, "input_token_details": {"text_tokens": "many"}},
        {"input_token_details": [1], "output_token_details": None},
        {"input_tokens": True, "output_tokens": 10**400},
        json.loads('{"input_tokens": NaN, "output_tokens": Infinity}'),
        {"input_token_details": {"cached_tokens": {}, "cached_tokens_details": 7}},
        {"transcription": "none"},
    ],
)
def test_a_malformed_usage_is_counted_as_nothing_for_people(usage: dict[str, Any]) -> None:
    assert by_modality(usage) == {}
    transcribed(usage)
