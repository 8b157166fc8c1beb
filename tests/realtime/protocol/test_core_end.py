"""RealtimeProtocol: idle sessions, hang-ups, and what is kept when it is over."""

import json

import pytest

from realtime.protocol.effects import End
from tests.support import upstream_turns as turns
from tests.support.client_frames import complaint
from tests.support.protocol_session import (
    SECOND,
    ProtocolSession,
    spoken_answer,
    spoken_answer_begins,
    typed_by_client,
    updated,
    words,
)


@pytest.fixture
def session() -> ProtocolSession:
    return ProtocolSession(idle_seconds=60.0, announces=True)


def _push_to_talk() -> ProtocolSession:
    session = ProtocolSession(greeted=False, turn_detection="push_to_talk")
    session.upstream(turns.created(), updated(audio={"input": {"turn_detection": None}}))
    session.effects.clear()
    return session


# --- idle -------------------------------------------------------------------------------------------------------------


def test_a_session_in_which_nothing_is_said_ends(session: ProtocolSession) -> None:
    session.later(59.9)
    assert session.end is None
    session.later(0.2)
    assert session.end == End("idle", 1000)
    assert session.errors() == [], "an idle session is no fault"
    assert session.told_client("voiceassist.ended")[0]["retryable"] is True


def test_silence_from_the_microphone_is_not_activity(session: ProtocolSession) -> None:
    for _ in range(60):
        session.client(SECOND[:48_000])
        session.later(1)
    assert session.end == End("idle", 1000)


def test_typing_keeps_a_session_alive(session: ProtocolSession) -> None:
    for _ in range(3):
        session.later(50)
        session.client(typed_by_client("Still here"))
    assert session.end is None


def test_nobody_is_cut_off_in_the_middle_of_a_long_speech(session: ProtocolSession) -> None:
    session.upstream(turns.spoken("user_1")[0])
    session.later(600)
    assert session.end is None
    session.upstream(*turns.spoken("user_1")[1:], turns.heard("user_1", " "))
    session.later(61)
    assert session.end == End("idle", 1000)


def test_a_long_answer_is_heard_out_before_the_session_counts_as_idle(session: ProtocolSession) -> None:
    session.upstream(*spoken_answer("answer", "a long story", 90))
    session.later(149)
    assert session.end is None
    session.later(2)
    assert session.end == End("idle", 1000)
    session.finish()
    assert session.rows["answer"].status == "final"


# --- the client leaves ------------------------------------------------------------------------------------------------


def test_a_hang_up_in_the_middle_of_a_word_commits_it_and_waits_for_the_words(
    session: ProtocolSession,
) -> None:
    session.upstream(turns.spoken("user_1")[0])
    session.hang_up()
    (commit,) = session.sent()
    assert commit["type"] == "input_audio_buffer.commit"
    assert complaint(json.dumps(commit)) == ""
    assert session.core.awaits_transcripts
    session.upstream(*turns.spoken("user_1")[2:])
    assert session.core.awaits_transcripts
    session.upstream(turns.heard("user_1", "half a sen"))
    assert not session.core.awaits_transcripts
    session.finish()
    assert session.said() == [("user", "final", "half a sen")]


def test_a_hang_up_between_the_last_word_and_its_commit_waits_for_the_words(session: ProtocolSession) -> None:
    session.upstream(*turns.spoken("user_1")[:2])
    session.hang_up()
    assert session.core.awaits_transcripts
    session.upstream(*turns.spoken("user_1")[2:], turns.heard("user_1", "Good bye"))
    assert not session.core.awaits_transcripts
    session.finish()
    assert session.said() == [("user", "final", "Good bye")]


def test_a_speech_that_has_ended_does_not_keep_a_session_alive(session: ProtocolSession) -> None:
    session.upstream(*turns.spoken("user_1")[:2])
    session.later(61)
    assert session.end == End("idle", 1000)


def test_a_commit_that_upstream_refuses_is_not_waited_for(session: ProtocolSession) -> None:
    session.upstream(turns.spoken("user_1")[0])
    session.hang_up()
    (commit,) = session.sent()
    session.upstream(
        turns.error("input_audio_buffer_commit_empty", "too little", event_id=commit["event_id"])
    )
    assert not session.core.awaits_transcripts


def test_an_error_about_something_else_does_not_end_the_wait(session: ProtocolSession) -> None:
    session.client({"type": "response.cancel"})
    (cancel,) = session.sent()
    session.upstream(turns.spoken("user_1")[0])
    session.hang_up()
    session.upstream(turns.error("response_cancel_not_active", "none", event_id=cancel["event_id"]))
    assert session.core.awaits_transcripts


def test_a_hang_up_between_turns_asks_for_nothing(session: ProtocolSession) -> None:
    session.client(SECOND[:4800])
    session.upstream(*turns.spoken("user_1"), turns.heard("user_1", "Bye"))
    session.hang_up()
    assert session.sent() == []
    assert not session.core.awaits_transcripts


def test_a_hang_up_while_words_are_on_their_way_waits_for_them(session: ProtocolSession) -> None:
    session.upstream(*turns.spoken("user_1"))
    session.hang_up()
    assert session.core.awaits_transcripts
    session.upstream(turns.heard("user_1", "Good bye"))
    session.finish()
    assert session.said() == [("user", "final", "Good bye")]


def test_who_hangs_up_with_the_key_held_is_still_written_down() -> None:
    session = _push_to_talk()
    session.client(SECOND[:9600])
    session.hang_up()
    assert [event["type"] for event in session.sent()] == ["input_audio_buffer.commit"]


def test_who_let_go_of_the_key_before_is_not_committed_twice() -> None:
    session = _push_to_talk()
    session.client(SECOND[:9600], {"type": "input_audio_buffer.commit"})
    session.hang_up()
    assert len(session.sent("input_audio_buffer.commit")) == 1


def test_nothing_goes_to_a_client_that_left_and_nothing_comes_from_it(session: ProtocolSession) -> None:
    session.hang_up()
    session.effects.clear()
    session.upstream(*turns.answer("answer", "too late", after="x"), turns.error("insufficient_quota", "x"))
    session.client(typed_by_client("too late"))
    assert session.told_client() == []
    assert session.sent() == []


def test_what_an_answer_cost_counts_though_the_client_left_during_it(session: ProtocolSession) -> None:
    session.hang_up()
    session.upstream(*turns.answer("answer", "too late", after="x"))
    assert len(session.usage) == 1


def test_a_typed_turn_refused_after_the_hang_up_is_not_recorded(session: ProtocolSession) -> None:
    session.client(typed_by_client("Hello", "mine"))
    (sent,) = session.sent()
    session.hang_up()
    session.upstream(turns.error("invalid_value", "no", event_id=sent["event_id"]))
    assert not session.core.awaits_transcripts
    session.finish()
    assert session.said() == []


def test_a_typed_turn_that_was_sent_is_recorded_though_upstream_never_answered(
    session: ProtocolSession,
) -> None:
    session.client(typed_by_client("Hello", "mine"))
    session.hang_up()
    session.finish()
    assert session.said() == [("user", "final", "Hello")]


def test_nothing_is_heard_after_the_hang_up(session: ProtocolSession) -> None:
    session.upstream(*spoken_answer("answer", "one two six ten", 4))
    session.later(1.1)
    session.hang_up()
    session.now += 2.0
    session.finish()
    turn = session.rows["answer"]
    assert (turn.status, turn.text, turn.unheard_text) == ("interrupted", "one", "two six ten")
    assert turn.heard_is_estimated


def test_sound_that_comes_after_the_hang_up_changes_nothing_about_what_was_heard_before(
    session: ProtocolSession,
) -> None:
    session.upstream(*spoken_answer("answer_1", "one two six ten", 4))
    session.later(1.1)
    session.hang_up()
    session.now += 10
    session.upstream(*spoken_answer("answer_2", "too late", 1, response_id="resp_2"))
    session.finish()
    assert (session.rows["answer_1"].text, session.rows["answer_1"].unheard_text) == ("one", "two six ten")
    assert (session.rows["answer_2"].text, session.rows["answer_2"].unheard_text) == ("", "too late")


def test_nothing_that_comes_after_the_hang_up_was_heard_whatever_follows_it(session: ProtocolSession) -> None:
    session.hang_up()
    session.upstream(*spoken_answer("answer_1", "too late", 1))
    session.now += 2
    session.upstream(*spoken_answer("answer_2", "later still", 1, response_id="resp_2"))
    session.finish()
    assert [turn.unheard_text for turn in session.rows.values()] == ["too late", "later still"]


def test_a_half_finished_answer_is_kept_as_interrupted(session: ProtocolSession) -> None:
    session.upstream(*turns.answer_begins("answer", "half an answer", after="x"))
    session.hang_up()
    session.finish()
    assert session.said() == [("assistant", "interrupted", "half an answer")]


# --- we end it --------------------------------------------------------------------------------------------------------


def test_an_end_is_told_once_and_first_come_counts(session: ProtocolSession) -> None:
    session.does(session.core.end("draining", session.now))
    assert session.core.end("idle", session.now) == []
    assert session.core.upstream_closed(1006, "", session.now) == []
    assert session.end == End("draining", 1001)
    assert len(session.told_client("voiceassist.ended")) == 1


def test_a_hang_up_after_the_end_changes_nothing(session: ProtocolSession) -> None:
    session.upstream(turns.spoken("user_1")[0])
    session.does(session.core.end("daily_limit", session.now))
    assert session.hang_up() == []
    assert session.errors() == ["daily_limit"]


def test_words_that_were_on_their_way_when_we_ended_are_kept(session: ProtocolSession) -> None:
    session.upstream(*turns.spoken("user_1"))
    session.does(session.core.end("draining", session.now))
    session.upstream(turns.heard("user_1", "Just in time"))
    session.finish()
    assert session.said() == [("user", "final", "Just in time")]


def test_what_was_being_played_when_we_ended_was_heard_until_then(session: ProtocolSession) -> None:
    session.upstream(*spoken_answer_begins("answer"), words("answer", "one two six ten"))
    session.upstream(*(turns.sound("answer", SECOND) for _ in range(4)))
    session.later(2.1)
    session.does(session.core.end("replaced", session.now))
    session.now += 30
    session.finish()
    assert (session.rows["answer"].text, session.rows["answer"].unheard_text) == ("one two", "six ten")


def test_finishing_twice_records_nothing_twice(session: ProtocolSession) -> None:
    session.upstream(*turns.spoken("user_1"))
    session.finish()
    assert session.finish() == []
