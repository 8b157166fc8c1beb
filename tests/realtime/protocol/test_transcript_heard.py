"""TranscriptLog: what was heard of an answer, as the player, upstream or the clock knows it."""

import pytest

from realtime.protocol.answers import ACK_SECONDS, TRUNCATE_SECONDS
from realtime.protocol.effects import Turn
from tests.support import upstream_turns as turns
from tests.support.protocol_session import (
    SECOND,
    Minutes,
    spoken_answer,
    spoken_answer_begins,
    spoken_answer_ends,
    truncated,
    words,
)

COUNTING = "one two six ten"  # each word and its blank are a quarter of the text, or nearly


@pytest.fixture
def minutes() -> Minutes:
    return Minutes()


def _answering(minutes: Minutes, seconds: int = 4) -> None:
    """An answer that is still being generated."""
    minutes.hear(*spoken_answer_begins("answer_1"), words("answer_1", COUNTING))
    minutes.hear(*(turns.sound("answer_1", SECOND) for _ in range(seconds)))


def _cancelled() -> list[turns.Event]:
    return spoken_answer_ends("answer_1", COUNTING, status="cancelled", reason="turn_detected")


def _heard(minutes: Minutes) -> Turn:
    return minutes.rows["answer_1"]


# --- the player tells -------------------------------------------------------------------------------------------------


def test_an_answer_cut_while_it_is_generated_holds_what_the_player_played(minutes: Minutes) -> None:
    _answering(minutes)
    minutes.hear(*_cancelled())
    assert minutes.told == [], "the player has not spoken yet"
    minutes.log.truncated_by_client("answer_1", 2100, minutes.now)
    minutes.hear(truncated("answer_1", 2100))
    turn = _heard(minutes)
    assert (turn.status, turn.text, turn.unheard_text) == ("interrupted", "one two", "six ten")
    assert not turn.heard_is_estimated


def test_an_answer_cut_after_it_was_told_is_told_again_as_interrupted(minutes: Minutes) -> None:
    minutes.hear(*spoken_answer("answer_1", COUNTING, 4))
    assert _heard(minutes).status == "final"
    minutes.log.truncated_by_client("answer_1", 1100, minutes.now)
    minutes.hear(truncated("answer_1", 1100))
    assert [turn.status for turn in minutes.told] == ["final", "interrupted"]
    assert (_heard(minutes).text, _heard(minutes).unheard_text) == ("one", "two six ten")


def test_upstreams_own_word_times_are_better_than_a_share(minutes: Minutes) -> None:
    minutes.hear(*spoken_answer("answer_1", COUNTING, 4))
    minutes.log.truncated_by_client("answer_1", 1100, minutes.now)
    minutes.hear(truncated("answer_1", 1100, transcript="one two six"))
    assert (_heard(minutes).text, _heard(minutes).unheard_text) == ("one two six", "ten")


def test_a_truncation_that_upstream_never_confirms_is_believed_all_the_same(minutes: Minutes) -> None:
    minutes.hear(*spoken_answer("answer_1", COUNTING, 4))
    minutes.log.truncated_by_client("answer_1", 1100, minutes.now)
    assert minutes.later(ACK_SECONDS - 0.01) == []
    minutes.later(0.02)
    assert (_heard(minutes).status, _heard(minutes).text) == ("interrupted", "one")


def test_words_that_upstream_heard_are_waited_for_though_the_answer_is_over(minutes: Minutes) -> None:
    _answering(minutes)
    minutes.log.truncated_by_client("answer_1", 1100, minutes.now)
    minutes.hear(*_cancelled())
    assert minutes.told == []
    minutes.hear(truncated("answer_1", 1100, transcript="one two"))
    assert [(turn.text, turn.status) for turn in minutes.told] == [("one two", "interrupted")]


def test_a_confirmation_that_comes_before_the_answer_is_over_is_not_waited_for_again(
    minutes: Minutes,
) -> None:
    _answering(minutes)
    minutes.log.truncated_by_client("answer_1", 1100, minutes.now)
    minutes.hear(truncated("answer_1", 1100, transcript="one"))
    minutes.hear(*_cancelled())
    assert [(turn.text, turn.status) for turn in minutes.told] == [("one", "interrupted")]


def test_an_answer_of_which_nothing_was_played_holds_nothing_heard(minutes: Minutes) -> None:
    minutes.hear(*spoken_answer("answer_1", COUNTING, 4))
    minutes.log.truncated_by_client("answer_1", 0, minutes.now)
    minutes.hear(truncated("answer_1", 0))
    assert (_heard(minutes).text, _heard(minutes).unheard_text) == ("", COUNTING)
    assert not _heard(minutes).hidden


def test_an_answer_played_to_its_end_is_not_interrupted(minutes: Minutes) -> None:
    minutes.hear(*spoken_answer("answer_1", COUNTING, 4))
    minutes.log.truncated_by_client("answer_1", 4000, minutes.now)
    minutes.hear(truncated("answer_1", 4000))
    minutes.finish()
    assert [turn.status for turn in minutes.told] == ["final"]


def test_a_report_of_more_than_there_was_means_all_of_it(minutes: Minutes) -> None:
    minutes.hear(*spoken_answer("answer_1", COUNTING, 4))
    minutes.log.truncated_by_client("answer_1", 99_000, minutes.now)
    minutes.finish()
    assert (_heard(minutes).status, _heard(minutes).text) == ("final", COUNTING)


def test_what_was_cut_once_does_not_grow_back(minutes: Minutes) -> None:
    minutes.hear(*spoken_answer("answer_1", COUNTING, 4))
    minutes.log.truncated_by_client("answer_1", 1100, minutes.now)
    minutes.log.truncated_by_client("answer_1", 3900, minutes.now)
    minutes.finish()
    assert _heard(minutes).text == "one"


def test_a_report_on_something_that_is_no_answer_is_ignored(minutes: Minutes) -> None:
    minutes.hear(
        *turns.spoken("user_1"), turns.heard("user_1", "Hello"), *turns.answer("text_1", "Hi", after="user_1")
    )
    for item_id in ("user_1", "text_1", "nobody"):
        minutes.log.truncated_by_client(item_id, 0, minutes.now)
        minutes.hear(truncated(item_id, 0))
    minutes.finish()
    assert [turn.status for turn in minutes.told] == ["final", "final"]


def test_a_truncation_that_no_client_asked_for_changes_nothing(minutes: Minutes) -> None:
    minutes.hear(*spoken_answer("answer_1", COUNTING, 1))
    assert minutes.hear(truncated("answer_1", 100, transcript="one")) == []


def test_a_report_that_comes_after_the_clock_was_believed_takes_its_place(minutes: Minutes) -> None:
    minutes.hear(*spoken_answer("answer_1", COUNTING, 4))
    minutes.later(2.1)
    minutes.log.interrupted(minutes.now)
    minutes.later(10)
    assert _heard(minutes).heard_is_estimated
    minutes.log.truncated_by_client("answer_1", 4000, minutes.now)
    minutes.later(10)
    turn = _heard(minutes)
    assert (turn.status, turn.text, turn.unheard_text) == ("interrupted", COUNTING, "")
    assert not turn.heard_is_estimated


def test_what_the_player_said_is_not_told_anew_for_a_confirmation_that_comes_too_late(
    minutes: Minutes,
) -> None:
    minutes.hear(*spoken_answer("answer_1", COUNTING, 4))
    minutes.log.truncated_by_client("answer_1", 1100, minutes.now)
    minutes.later(10)
    assert minutes.hear(truncated("answer_1", 1100, transcript="one two")) == []
    assert _heard(minutes).text == "one"


# --- nobody tells: the clock ------------------------------------------------------------------------------------------


def test_without_a_report_what_was_heard_is_what_time_allowed_until_the_cut_and_is_marked(
    minutes: Minutes,
) -> None:
    _answering(minutes)
    minutes.later(2.1)
    minutes.hear(*_cancelled())
    assert minutes.later(TRUNCATE_SECONDS - 0.01) == []
    minutes.later(60)
    turn = _heard(minutes)
    assert (turn.status, turn.text, turn.unheard_text) == ("interrupted", "one two", "six ten")
    assert turn.heard_is_estimated


def test_no_more_can_have_been_heard_than_came(minutes: Minutes) -> None:
    _answering(minutes)
    minutes.later(60)
    minutes.hear(*_cancelled())
    minutes.later(60)
    assert (_heard(minutes).status, _heard(minutes).text, _heard(minutes).unheard_text) == (
        "interrupted",
        COUNTING,
        "",
    )


def test_a_user_who_speaks_over_an_answer_that_is_complete_interrupts_it(minutes: Minutes) -> None:
    minutes.hear(*spoken_answer("answer_1", COUNTING, 4))
    minutes.later(2.1)
    minutes.log.interrupted(minutes.now)
    minutes.later(60)
    turn = _heard(minutes)
    assert (turn.status, turn.text, turn.heard_is_estimated) == ("interrupted", "one two", True)


def test_a_report_that_follows_speech_is_better_than_the_clock(minutes: Minutes) -> None:
    minutes.hear(*spoken_answer("answer_1", COUNTING, 4))
    minutes.later(2.1)
    minutes.log.interrupted(minutes.now)
    minutes.later(0.3)
    minutes.log.truncated_by_client("answer_1", 1100, minutes.now)
    minutes.later(60)
    assert [turn.text for turn in minutes.told] == [COUNTING, "one"]
    assert not _heard(minutes).heard_is_estimated


def test_a_player_that_had_played_everything_when_the_user_spoke_is_believed(minutes: Minutes) -> None:
    minutes.hear(*spoken_answer("answer_1", COUNTING, 4))
    minutes.later(3.9)
    minutes.log.interrupted(minutes.now)
    minutes.log.truncated_by_client("answer_1", 4000, minutes.now)
    minutes.later(60)
    assert [turn.status for turn in minutes.told] == ["final"]


def test_a_user_who_speaks_after_an_answer_has_ended_interrupts_nothing(minutes: Minutes) -> None:
    minutes.hear(*spoken_answer("answer_1", COUNTING, 4))
    minutes.later(4.0)
    minutes.log.interrupted(minutes.now)
    minutes.later(60)
    assert [turn.status for turn in minutes.told] == ["final"]


def test_answers_are_heard_one_after_the_other_though_they_come_together(minutes: Minutes) -> None:
    minutes.hear(*spoken_answer("answer_0", "the first", 3))
    minutes.hear(*spoken_answer("answer_1", COUNTING, 4, after="answer_0", response_id="resp_2"))
    minutes.later(4.1)
    minutes.finish()
    assert minutes.rows["answer_0"].status == "final"
    assert (_heard(minutes).status, _heard(minutes).text) == ("interrupted", "one")


def test_the_end_of_the_session_cuts_what_is_being_played(minutes: Minutes) -> None:
    minutes.hear(*spoken_answer("answer_1", COUNTING, 4))
    minutes.later(1.1)
    minutes.finish()
    turn = _heard(minutes)
    assert (turn.status, turn.text, turn.unheard_text, turn.heard_is_estimated) == (
        "interrupted",
        "one",
        "two six ten",
        True,
    )


def test_the_end_of_the_session_keeps_the_words_of_an_answer_that_was_not_complete(minutes: Minutes) -> None:
    _answering(minutes)
    minutes.later(1.1)
    minutes.finish()
    turn = _heard(minutes)
    assert (turn.status, f"{turn.text} {turn.unheard_text}") == ("interrupted", COUNTING)


def test_the_end_of_the_session_does_not_wait_for_reports(minutes: Minutes) -> None:
    minutes.hear(*spoken_answer("answer_1", COUNTING, 4))
    minutes.log.truncated_by_client("answer_1", 2100, minutes.now)
    minutes.finish()
    assert (_heard(minutes).status, _heard(minutes).text) == ("interrupted", "one two")


def test_an_answer_heard_to_the_end_before_the_session_ended_is_final(minutes: Minutes) -> None:
    minutes.hear(*spoken_answer("answer_1", COUNTING, 4))
    minutes.later(4)
    assert minutes.finish() == []


# --- other ways for an answer to stop ---------------------------------------------------------------------------------


def test_words_that_were_cut_before_any_sound_came_were_not_heard(minutes: Minutes) -> None:
    minutes.hear(*spoken_answer_begins("answer_1"), words("answer_1", "Well, "), *_cancelled())
    minutes.later(60)
    assert (_heard(minutes).text, _heard(minutes).unheard_text) == ("", COUNTING)


def test_words_of_a_spoken_answer_are_not_taken_for_read_though_no_sound_came(minutes: Minutes) -> None:
    minutes.hear(*spoken_answer_begins("answer_1"), words("answer_1", "Well, "))
    minutes.hear(turns.event("response.done", response={"id": "resp_1", "status": "cancelled", "output": []}))
    minutes.later(60)
    assert (_heard(minutes).text, _heard(minutes).unheard_text) == ("", "Well,")


def test_an_answer_that_was_cut_is_interrupted_though_upstream_completes_it(minutes: Minutes) -> None:
    _answering(minutes)
    minutes.log.truncated_by_client("answer_1", 1100, minutes.now)
    minutes.hear(*spoken_answer_ends("answer_1", COUNTING))
    minutes.later(60)
    assert [(turn.status, turn.text) for turn in minutes.told] == [("interrupted", "one")]


def test_a_written_answer_that_was_cut_was_read_as_far_as_it_goes(minutes: Minutes) -> None:
    minutes.hear(*turns.answer_begins("answer_1", "one two", after="user_1"))
    minutes.hear(turns.event("response.done", response={"id": "resp_1", "status": "cancelled", "output": []}))
    turn = _heard(minutes)
    assert (turn.status, turn.text, turn.unheard_text, turn.heard_is_estimated) == (
        "interrupted",
        "one two",
        "",
        False,
    )


def test_an_answer_that_reached_its_length_limit_is_not_interrupted(minutes: Minutes) -> None:
    _answering(minutes)
    minutes.hear(*spoken_answer_ends("answer_1", COUNTING, status="incomplete", reason="max_output_tokens"))
    minutes.later(60)
    assert (_heard(minutes).status, _heard(minutes).text) == ("final", COUNTING)


def test_an_answer_that_upstream_broke_off_is_interrupted_and_was_heard_as_far_as_it_came(
    minutes: Minutes,
) -> None:
    _answering(minutes)
    minutes.hear(*spoken_answer_ends("answer_1", COUNTING, status="failed"))
    minutes.later(60)
    turn = _heard(minutes)
    assert (turn.status, turn.text, turn.heard_is_estimated) == ("interrupted", COUNTING, True)


def test_an_answer_that_upstream_broke_off_can_still_be_spoken_over(minutes: Minutes) -> None:
    _answering(minutes, seconds=4)
    minutes.hear(*spoken_answer_ends("answer_1", COUNTING, status="failed"))
    minutes.later(1.1)
    minutes.log.interrupted(minutes.now)
    minutes.later(60)
    turn = _heard(minutes)
    assert (turn.text, turn.unheard_text, turn.heard_is_estimated) == ("one", "two six ten", True)


def test_the_last_moment_of_a_whole_answer_is_not_lost_to_a_late_report_of_speech(minutes: Minutes) -> None:
    _answering(minutes, seconds=2)
    minutes.hear(*spoken_answer_ends("answer_1", COUNTING))
    minutes.later(1.8)
    minutes.log.interrupted(minutes.now)
    minutes.later(60)
    assert (_heard(minutes).status, _heard(minutes).text) == ("final", COUNTING)


def test_sound_that_comes_after_the_cut_was_not_heard(minutes: Minutes) -> None:
    _answering(minutes, seconds=2)
    minutes.later(1.0)
    minutes.hear(*_cancelled(), turns.sound("answer_1", SECOND), turns.sound("answer_1", SECOND))
    minutes.later(60)
    assert (_heard(minutes).text, _heard(minutes).unheard_text) == ("one", "two six ten")


def test_an_answer_knows_how_much_sound_came(minutes: Minutes) -> None:
    _answering(minutes, seconds=3)
    assert minutes.log.received_ms("answer_1") == 3000
    assert minutes.log.received_ms("nobody") is None


def test_playing_ends_when_it_was_heard_or_interrupted(minutes: Minutes) -> None:
    assert minutes.log.plays_until == 0.0
    _answering(minutes, seconds=3)
    assert minutes.log.plays_until == minutes.now + 3
    minutes.log.interrupted(minutes.now)
    assert minutes.log.plays_until == 0.0
