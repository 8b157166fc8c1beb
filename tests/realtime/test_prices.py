"""What a session comes to: by hand, added up, and None rather than wrong."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.prices import PRICES, Price, estimate, price_of
from realtime.usage import added

USAGE = {
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


def cost(
    usage: Any, model: str = "gpt-realtime-2.1", transcription_model: str = "gpt-transcribe"
) -> float | None:
    return estimate(usage, PRICES, model=model, transcription_model=transcription_model)


def test_an_answer_is_priced_by_modality_and_its_cached_part_at_its_own_price() -> None:
    by_hand = (59 * 4 + (73 - 64) * 32 + 64 * 0.4 + 41 * 24 + 147 * 64) / 1_000_000
    assert cost(USAGE) == pytest.approx(by_hand)


def test_images_are_priced_too() -> None:
    seen = {
        "input_tokens": 1_000_000,
        "input_token_details": {
            "image_tokens": 1_000_000,
            "cached_tokens": 400_000,
            "cached_tokens_details": {"image_tokens": 400_000},
        },
    }
    assert cost(seen) == pytest.approx(0.6 * 5 + 0.4 * 0.5)


@pytest.mark.parametrize(
    ("model", "text_out", "audio_out"),
    [
        ("gpt-realtime-2.1", 24.0, 64.0),
        ("gpt-realtime-2.1-mini", 2.4, 20.0),
        ("gpt-realtime-2", 24.0, 64.0),
        ("gpt-realtime-1.5", 16.0, 64.0),
    ],
)
def test_each_model_has_its_own_price(model: str, text_out: float, audio_out: float) -> None:
    words = {"output_tokens": 1_000_000, "output_token_details": {"text_tokens": 1_000_000}}
    sound = {"output_tokens": 1_000_000, "output_token_details": {"audio_tokens": 1_000_000}}
    assert cost(words, model) == pytest.approx(text_out)
    assert cost(sound, model) == pytest.approx(audio_out)


def test_a_transcriber_paid_by_time_is_priced_by_the_minute() -> None:
    assert cost({"transcription": {"seconds": 90}}) == pytest.approx(1.5 * 0.0045)
    assert cost(
        {"transcription": {"seconds": 60}}, transcription_model="gpt-realtime-whisper"
    ) == pytest.approx(0.017)


def test_a_transcriber_paid_by_tokens_is_priced_by_them() -> None:
    counted = {
        "total_tokens": 66,
        "input_tokens": 50,
        "input_token_details": {"text_tokens": 0, "audio_tokens": 50},
        "output_tokens": 16,
    }
    by_hand = (50 * 6 + 16 * 10) / 1_000_000
    assert cost({"transcription": counted}, transcription_model="gpt-4o-transcribe") == pytest.approx(by_hand)


def test_a_dated_snapshot_costs_what_its_model_costs() -> None:
    assert cost(USAGE, "gpt-realtime-2025-08-28") == cost(USAGE, "gpt-realtime")
    assert price_of("gpt-realtime-mini-2025-12-15", PRICES) == price_of("gpt-realtime-mini", PRICES)


@pytest.mark.parametrize(
    "model", ["gpt-realtime-3", "gpt-realtime-2.1-mega", "gpt-realtime-2025", "embedded", "", "my-deployment"]
)
def test_a_model_that_the_table_does_not_name_has_no_estimate(model: str) -> None:
    assert cost(USAGE, model) is None


def test_the_first_of_two_prices_counts_and_a_snapshot_may_have_its_own() -> None:
    words = {"output_tokens": 1_000_000, "output_token_details": {"text_tokens": 1_000_000}}
    table = (
        Price("my-deployment", text_out=1.0),
        Price("gpt-realtime", text_out=2.0),
        Price("gpt-realtime-2025-08-28", text_out=3.0),
        *PRICES,
    )
    costs = [
        estimate(words, table, model=model, transcription_model="")
        for model in ("my-deployment", "gpt-realtime", "gpt-realtime-2025-08-28")
    ]
    assert costs == [pytest.approx(1.0), pytest.approx(2.0), pytest.approx(3.0)]


def test_speech_written_down_by_a_transcriber_without_a_price_leaves_no_estimate() -> None:
    assert cost(USAGE | {"transcription": {"seconds": 5}}, transcription_model="a-stranger") is None
    assert cost(USAGE, transcription_model="a-stranger") is not None


def test_a_transcriber_that_counts_what_it_is_not_paid_for_leaves_no_estimate() -> None:
    tokens = {"input_tokens": 5, "input_token_details": {"audio_tokens": 5}}
    assert cost({"transcription": tokens}, transcription_model="gpt-transcribe") is None
    assert cost({"transcription": {"seconds": 5}}, transcription_model="gpt-4o-transcribe") is None


@pytest.mark.parametrize(
    "usage",
    [
        {"input_tokens": 100, "output_tokens": 20},
        {"input_tokens": 100, "input_token_details": {"text_tokens": 60}},
        {"input_tokens": 9, "input_token_details": {"text_tokens": 9, "cached_tokens": 4}},
    ],
)
def test_tokens_of_which_nobody_said_what_they_were_leave_no_estimate(usage: dict[str, Any]) -> None:
    assert cost(usage) is None
    assert cost(added(USAGE, usage)) is None


@pytest.mark.parametrize(
    "usage",
    [
        {"input_tokens": "many"},
        {"input_tokens": -5},
        {"output_tokens": 10**400},
        json.loads('{"input_token_details": {"text_tokens": NaN}}'),
        {"output_token_details": {"audio_tokens": math.inf}},
        {"transcription": {"seconds": -1}},
        {
            "input_tokens": 5,
            "input_token_details": {
                "text_tokens": 5,
                "cached_tokens": 9,
                "cached_tokens_details": {"text_tokens": 9},
            },
        },
    ],
)
def test_a_count_that_is_no_count_leaves_no_estimate(usage: dict[str, Any]) -> None:
    assert cost(usage) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "input_tokens",
                        "output_tokens",
                        "seconds",
                        "transcription",
                        "cached_tokens",
                        "text_tokens",
                        "audio_tokens",
                        "input_token_details",
                        "output_token_details",
                        "cached_tokens_details",
                    ]
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=20,
    )
)
def test_no_usage_whatever_raises(usage: Any) -> None:
    whole = usage if isinstance(usage, dict) else {"input_token_details": usage, "transcription": usage}
    found = cost(whole)
    assert found is None or (math.isfinite(found) and found >= 0)


def test_nothing_used_costs_nothing() -> None:
    assert cost({}) == 0


_COUNT = st.integers(0, 100_000)


@st.composite
def usages(draw: st.DrawFn) -> dict[str, Any]:
    read = {name: draw(_COUNT) for name in ("text_tokens", "audio_tokens", "image_tokens")}
    cached = {name: draw(st.integers(0, count)) for name, count in read.items()}
    written = {name: draw(_COUNT) for name in ("text_tokens", "audio_tokens")}
    usage: dict[str, Any] = {
        "input_tokens": sum(read.values()),
        "output_tokens": sum(written.values()),
        "total_tokens": sum(read.values()) + sum(written.values()),
        "input_token_details": read
        | {"cached_tokens": sum(cached.values()), "cached_tokens_details": cached},
        "output_token_details": written,
    }
    if draw(st.booleans()):
        usage["transcription"] = {"type": "duration", "seconds": draw(st.integers(0, 600))}
    return usage


@given(st.lists(usages(), max_size=6), st.sampled_from(["gpt-realtime-2.1", "gpt-realtime-2.1-mini"]))
def test_the_estimate_of_a_sum_is_the_sum_of_the_estimates(parts: list[dict[str, Any]], model: str) -> None:
    total: dict[str, Any] = {}
    costs = []
    for part in parts:
        total = added(total, part)
        costs.append(cost(part, model))
    whole = cost(total, model)
    assert whole is not None
    assert whole == pytest.approx(sum(each for each in costs if each is not None), abs=1e-9)
    assert None not in costs
