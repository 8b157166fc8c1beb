"""Prices as operators write them down: read as they are meant, or refused with the entry and what to write."""

import pytest

from realtime.config import RealtimeConfig, price_table
from realtime.prices import Price


def test_prices_are_read_as_they_are_written() -> None:
    text = '[{"model": "my-voice", "text_in": 4, "audio_out": 64.5}, {"model": "my-ears", "minute": 0.0045}]'
    assert price_table(text) == (
        Price("my-voice", text_in=4, audio_out=64.5),
        Price("my-ears", minute=0.0045),
    )
    assert price_table("[]") == ()
    hash(RealtimeConfig(prices=price_table(text)))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not JSON"),
        ("{}", "JSON list"),
        ('"gpt"', "JSON list"),
        ('[{"model": "a"}, 7]', "entry 2 has no model"),
        ('[{"text_in": 4}]', "entry 1 has no model"),
        ('[{"model": " "}]', "entry 1 has no model"),
        ('[{"model": 4}]', "entry 1 has no model"),
        ('[{"model": "a", "audio": 4}]', "entry 1 has 'audio', which is none of model, text_in"),
        ('[{"model": "a", "text_in": "4"}]', "text_in of entry 1 is '4'"),
        ('[{"model": "a", "text_in": -4}]', "text_in of entry 1 is -4"),
        ('[{"model": "a", "text_in": true}]', "text_in of entry 1 is True"),
        ('[{"model": "a", "text_in": NaN}]', "text_in of entry 1 is nan"),
        ('[{"model": "a", "text_in": null}]', "text_in of entry 1 is None"),
    ],
)
def test_prices_that_cannot_be_meant_are_refused_with_the_entry(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        price_table(text)
