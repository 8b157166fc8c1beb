"""Frames ⇄ events, and how large a frame may be."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.protocol import audio, wire


@pytest.mark.parametrize("frame", ["", "{", "nothing", "NaN", '{"type": "x"} {', "\ud800", "[" * 5000])
def test_what_is_no_json_is_malformed(frame: str) -> None:
    with pytest.raises(wire.MalformedFrame) as caught:
        wire.decode(frame)
    assert caught.value.code == "invalid_json"


@pytest.mark.parametrize("frame", ["[]", "7", "null", '"text"', "{}", '{"type": 7}', '{"type": null}'])
def test_json_that_is_no_event_is_malformed(frame: str) -> None:
    with pytest.raises(wire.MalformedFrame) as caught:
        wire.decode(frame)
    assert caught.value.code == "invalid_event"


@given(st.text(max_size=200))
def test_any_text_is_an_event_or_malformed(frame: str) -> None:
    with suppress(wire.MalformedFrame):
        assert isinstance(wire.decode(frame)["type"], str)


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers(-(2**53), 2**53) | st.none()))
def test_an_event_survives_the_wire(fields: dict[str, object]) -> None:
    event = fields | {"type": "x"}
    assert wire.decode(wire.encode(event)) == event


@pytest.mark.parametrize("length", [0, 1, 3, 961])
def test_audio_of_half_samples_is_malformed(length: int) -> None:
    with pytest.raises(wire.MalformedFrame):
        wire.check_pcm(b"x" * length)


@pytest.mark.parametrize(
    ("frame", "is_oversize"),
    [
        (b"x" * 64 * 1024, False),
        (b"x" * (64 * 1024 + 1), True),
        ("x" * 2 * 1024 * 1024, False),
        ("x" * (2 * 1024 * 1024 + 1), True),
        ("ä" * 1024 * 1024, False),
        ("ä" * 1024 * 1024 + "x", True),
        ("\ud800" * 1024 * 1024, True),
    ],
    ids=[
        "64 KiB",
        "over 64 KiB",
        "2 MiB",
        "over 2 MiB",
        "2 MiB of umlauts",
        "over 2 MiB of umlauts",
        "surrogates",
    ],
)
def test_a_frame_is_measured_in_the_bytes_that_it_was_on_the_wire(
    frame: str | bytes, is_oversize: bool
) -> None:
    assert wire.is_oversize(frame) is is_oversize


@given(st.binary(max_size=40))
def test_the_length_behind_base64_is_known_without_decoding(pcm: bytes) -> None:
    text = audio.encode(pcm)
    assert audio.decoded_length(text) == len(pcm)
    assert audio.decode(text) == pcm


def test_milliseconds_are_those_of_24_kilohertz() -> None:
    assert audio.milliseconds(48_000) == 1000
    assert audio.milliseconds(47) == 0


def test_the_frame_for_microphone_audio_is_the_event_that_it_looks_like() -> None:
    assert json.loads(wire.append_frame(b"\1\2")) == {"type": "input_audio_buffer.append", "audio": "AQI="}
