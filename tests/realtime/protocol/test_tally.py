"""Tally: what was used, added up, and what it comes to."""

from realtime.prices import Price
from realtime.protocol.events import Event
from realtime.protocol.tally import Tally
from tests.support.protocol_session import setup_of

PRICES = (Price("gpt-realtime-2.1", text_in=4.0, text_out=24.0), Price("gpt-transcribe", minute=0.6))
IN_TEXT: Event = {
    "total_tokens": 3000,
    "input_tokens": 2000,
    "output_tokens": 1000,
    "input_token_details": {"text_tokens": 2000, "audio_tokens": 0},
    "output_token_details": {"text_tokens": 1000, "audio_tokens": 0},
}


def _done(usage: object) -> Event:
    return {"type": "response.done", "response": {"id": "resp_1", "usage": usage}}


def test_responses_and_transcriptions_add_up_to_an_estimate() -> None:
    tally = Tally(setup_of(prices=PRICES))
    tally.response(_done(IN_TEXT))
    tally.transcription({"usage": {"type": "duration", "seconds": 30}})
    assert tally.total["transcription"] == {"seconds": 30}
    assert tally.cost() == {"amount": 0.332, "currency": "USD"}


def test_a_session_that_was_taken_up_goes_on_where_its_row_stands() -> None:
    tally = Tally(setup_of(usage={"total_tokens": 10}))
    tally.response(_done({"total_tokens": 5}))
    assert tally.total == {"total_tokens": 15}


def test_where_a_price_is_not_known_no_estimate_is_made() -> None:
    tally = Tally(setup_of(prices=()))
    tally.response(_done(IN_TEXT))
    assert tally.cost() is None


def test_usage_that_is_none_counts_nothing() -> None:
    tally = Tally(setup_of())
    nothing: list[object] = [None, {}, "x", [1]]
    assert [tally.response(_done(usage)) for usage in nothing] == [{}, {}, {}, {}]
    assert tally.transcription({"usage": {"type": "duration", "seconds": 0}}) == {}
    assert tally.transcription({}) == {}
    assert tally.total == {}
