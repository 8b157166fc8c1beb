"""Playback: GA audio deltas as binary frames."""

import json

from hypothesis import given
from hypothesis import strategies as st

from realtime.protocol.effects import AudioToClient, Effect, MalformedFromUpstream, PurgeAudio, ToClient
from realtime.protocol.events import Event
from realtime.protocol.playback import Playback
from tests.support import upstream_turns as turns
from tests.support.ga_events import ga_event
from tests.support.protocol_session import events_to_client, spoken_answer_begins


def _pcm(effects: list[Effect]) -> bytes:
    return b"".join(effect.pcm for effect in effects if isinstance(effect, AudioToClient))


def _announced(item_id: str) -> Event:
    return spoken_answer_begins(item_id)[-1]


def test_sound_of_the_part_that_was_announced_needs_no_other_announcement() -> None:
    playback = Playback()
    playback.part_added(_announced("item_1"))
    assert list(playback.delta(turns.sound("item_1", b"\1\0"))) == [AudioToClient(b"\1\0")]


def test_sound_that_upstream_did_not_announce_is_announced_once() -> None:
    playback = Playback()
    effects = [
        *playback.delta(turns.sound("item_1", b"\1\0")),
        *playback.delta(turns.sound("item_1", b"\2\0")),
    ]
    assert [type(effect) for effect in effects] == [ToClient, AudioToClient, AudioToClient]
    (announcement,) = events_to_client(effects)
    assert (announcement["item_id"], announcement["response_id"]) == ("item_1", "resp_1")


def test_the_announcement_that_we_make_is_one_of_the_realtime_api() -> None:
    (announcement, _) = Playback().delta(turns.sound("item_1", b"\1\0"))
    assert isinstance(announcement, ToClient)
    ga_event(json.dumps(announcement.event))


def test_sound_that_goes_back_to_an_earlier_part_is_announced_again() -> None:
    playback = Playback()
    playback.part_added(_announced("item_1"))
    playback.part_added(_announced("item_2"))
    (announcement, sound) = playback.delta(turns.sound("item_1", b"\1\0"))
    assert isinstance(announcement, ToClient)
    assert announcement.event["item_id"] == "item_1"
    assert sound == AudioToClient(b"\1\0")


def test_a_part_of_text_does_not_change_whose_sound_it_is() -> None:
    playback = Playback()
    playback.part_added(_announced("item_1"))
    playback.part_added(_announced("item_2") | {"part": {"type": "text", "text": ""}})
    assert list(playback.delta(turns.sound("item_1", b"\1\0"))) == [AudioToClient(b"\1\0")]


@given(st.lists(st.binary(max_size=7), max_size=8))
def test_however_upstream_cuts_its_sound_a_frame_holds_whole_samples_and_nothing_is_lost(
    chunks: list[bytes],
) -> None:
    playback = Playback()
    effects = [effect for chunk in chunks for effect in playback.delta(turns.sound("item_1", chunk))]
    frames = [effect.pcm for effect in effects if isinstance(effect, AudioToClient)]
    whole = b"".join(chunks)
    assert all(frame and len(frame) % 2 == 0 for frame in frames)
    assert b"".join(frames) == whole[: len(whole) - len(whole) % 2]


def test_half_a_sample_of_one_answer_does_not_begin_the_next() -> None:
    playback = Playback()
    effects = [
        *playback.delta(turns.sound("item_1", b"\1\2\3")),
        *playback.delta(turns.sound("item_2", b"\4\5")),
    ]
    assert _pcm(effects) == b"\1\2\4\5"


def test_late_sound_of_an_interrupted_response_is_dropped_and_that_of_the_next_is_not() -> None:
    playback = Playback()
    assert playback.interrupted("resp_1") == PurgeAudio()
    assert list(playback.delta(turns.sound("item_1", b"\1\0", response_id="resp_1"))) == []
    assert _pcm(list(playback.delta(turns.sound("item_2", b"\2\0", response_id="resp_2")))) == b"\2\0"


def test_what_is_no_base64_is_counted_and_not_played() -> None:
    [effect] = Playback().delta(turns.sound("item_1", b"") | {"delta": "*"})
    assert effect == MalformedFromUpstream()
