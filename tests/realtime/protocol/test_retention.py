"""Retention: which audio is kept for another upstream, and how much of it at most."""

import pytest

from realtime.protocol.audio import BYTES_PER_MS
from realtime.protocol.retention import KEPT_BYTES, RECENT_BYTES, TRIM_BYTES, Retention, Stretch, pieces

FRAME_MS = 40


@pytest.fixture
def kept() -> Retention:
    return Retention()


class Speaker:
    """Somebody who speaks as fast as one speaks; every frame is sent at once."""

    def __init__(self, kept: Retention, *, push_to_talk: bool = False) -> None:
        self.kept, self.now, self.said = kept, 0.0, b""
        self._push_to_talk = push_to_talk

    def says(self, milliseconds: int) -> None:
        for _ in range(milliseconds // FRAME_MS):
            frame = (len(self.said) // 2 % 251).to_bytes(2, "little") * (FRAME_MS * BYTES_PER_MS // 2)
            self.said += frame
            self.kept.received(frame, self.now, push_to_talk=self._push_to_talk)
            self.kept.behind(0)
            self.now += FRAME_MS / 1000

    def between(self, start_ms: int, end_ms: int) -> bytes:
        return self.said[start_ms * BYTES_PER_MS : end_ms * BYTES_PER_MS]


def _held(kept: Retention) -> int:
    """How many bytes are kept, told by what an upstream would hear if a turn had lasted from the beginning."""
    kept.speech_started("probe", 0)
    kept.committed("probe", 0.0)
    return sum(len(stretch.pcm) for stretch in kept.stretches)


def test_an_hour_of_silence_costs_a_few_seconds_of_memory(kept: Retention) -> None:
    speaker = Speaker(kept)
    speaker.says(30_000)
    kept.upstream_spoke()
    speaker.says(5_000)
    assert _held(kept) <= RECENT_BYTES + TRIM_BYTES + (2 * FRAME_MS + 300) * BYTES_PER_MS


def test_a_monologue_costs_half_a_minute_of_memory_at_most(kept: Retention) -> None:
    speaker = Speaker(kept)
    kept.speech_started("user_1", 0)
    speaker.says(90_000)
    kept.upstream_left(speaker.now, was_there=False)
    _, tail = kept.for_another_upstream(set())
    assert tail == speaker.said[-len(tail) :]
    assert KEPT_BYTES - FRAME_MS * BYTES_PER_MS <= len(tail) <= KEPT_BYTES


def test_turns_whose_words_do_not_come_cost_half_a_minute_altogether_and_the_oldest_go_first(
    kept: Retention,
) -> None:
    speaker = Speaker(kept)
    for number in range(5):
        start = number * 10_000
        kept.speech_started(f"user_{number}", start)
        speaker.says(10_000)
        kept.speech_stopped(start + 10_000)
        kept.committed(f"user_{number}", speaker.now)
    speaker.says(FRAME_MS)
    assert [kept.holds(f"user_{number}") for number in range(5)] == [False, False, False, True, True]


def test_a_turn_is_kept_from_where_upstream_says_that_it_began(kept: Retention) -> None:
    speaker = Speaker(kept)
    speaker.says(4000)
    kept.speech_started("user_1", 2000)
    kept.speech_stopped(3600)
    stretch = kept.committed("user_1", speaker.now)
    assert stretch.pcm == speaker.between(1700, 3600)
    assert kept.holds("user_1")


@pytest.mark.parametrize("audio_start_ms", [None, -5, 10**9, "2000", True])
def test_a_beginning_that_cannot_be_true_is_taken_for_a_second_ago(
    kept: Retention, audio_start_ms: object
) -> None:
    speaker = Speaker(kept)
    speaker.says(4000)
    kept.speech_started("user_1", audio_start_ms)
    kept.speech_stopped(None)
    assert kept.committed("user_1", speaker.now).pcm == speaker.between(2700, 4000)


def test_a_turn_does_not_reach_into_the_one_before_it(kept: Retention) -> None:
    speaker = Speaker(kept)
    speaker.says(2000)
    kept.speech_started("user_1", 0)
    kept.speech_stopped(2000)
    kept.committed("user_1", speaker.now)
    speaker.says(1000)
    kept.speech_started("user_2", 2100)
    kept.speech_stopped(3000)
    assert kept.committed("user_2", speaker.now).pcm == speaker.between(2000, 3000)


def test_what_was_understood_is_let_go(kept: Retention) -> None:
    speaker = Speaker(kept)
    speaker.says(1000)
    kept.speech_started("user_1", 0)
    kept.committed("user_1", speaker.now)
    kept.understood("user_1")
    assert not kept.holds("user_1")
    assert not kept.has_open_turn


def test_a_turn_is_open_until_upstream_has_made_an_item_of_it(kept: Retention) -> None:
    speaker = Speaker(kept, push_to_talk=True)
    assert not kept.has_open_turn
    speaker.says(1000)
    assert kept.has_open_turn
    kept.committed_by_client(speaker.now)
    assert kept.has_open_turn
    assert kept.committed("user_1", speaker.now).pcm == speaker.said
    assert not kept.has_open_turn


def test_a_commit_that_was_refused_leaves_nothing(kept: Retention) -> None:
    speaker = Speaker(kept, push_to_talk=True)
    speaker.says(40)
    kept.committed_by_client(speaker.now)
    kept.commit_refused()
    assert not kept.has_open_turn
    assert kept.stretches == []


def test_speech_that_went_up_once_more_is_told_from_new_speech_by_where_it_begins(kept: Retention) -> None:
    kept.stretches = [Stretch(bytes(2000 * BYTES_PER_MS), "user_1")]
    kept.said_again(2000 * BYTES_PER_MS)
    kept.silence(700 * BYTES_PER_MS)
    assert [kept.is_new(start) for start in (None, 0, 1999, 2000)] == [False, False, False, True]
    kept.committed("again", 0.0)
    assert [kept.is_new(start) for start in (None, 0)] == [True, True], "nothing is expected any more"


def test_speech_that_follows_at_once_is_kept_from_where_what_was_said_again_ends(kept: Retention) -> None:
    kept.said_again(2000 * BYTES_PER_MS)
    kept.silence(700 * BYTES_PER_MS)
    speaker = Speaker(kept)
    speaker.says(4000)
    kept.speech_started("user_2", 2400)
    assert kept.committed("user_2", speaker.now).pcm == speaker.said


def test_audio_goes_up_in_pieces_that_are_all_of_it() -> None:
    pcm = bytes(range(250)) * 1000
    assert b"".join(pieces(pcm)) == pcm
    assert max(len(piece) for piece in pieces(pcm)) == 48_000
    assert list(pieces(b"")) == []
