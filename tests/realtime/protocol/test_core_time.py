"""RealtimeProtocol against the clock: upstreams that fall silent, and upstreams whose time is nearly up."""

import pytest

from realtime.protocol.effects import End, Reconnect, TellOperator
from realtime.protocol.events import Event
from realtime.protocol.reconnection import PAUSES, RECYCLE_LEAD_SECONDS
from realtime.protocol.watchdog import ANSWER_SECONDS, STALL_SECONDS
from tests.support import upstream_turns as turns
from tests.support.protocol_session import (
    SECOND,
    ProtocolSession,
    not_heard,
    spoken_answer,
    spoken_answer_begins,
    typed_by_client,
    words,
)

CREATE = {"type": "response.create"}
COMMIT = {"type": "input_audio_buffer.commit"}
UNIX = 1_800_000_000.0
SILENT = [Reconnect(0.0, "silent")]
RECYCLED = [Reconnect(0.0, "recycled")]


@pytest.fixture
def session() -> ProtocolSession:
    return ProtocolSession(announces=True)


def _detecting(**detection: object) -> ProtocolSession:
    session = ProtocolSession()
    session.upstream(turns.updated(audio={"input": {"turn_detection": {"type": "server_vad"} | detection}}))
    session.effects.clear()
    return session


# --- silence ----------------------------------------------------------------------------------------------------------


def test_an_upstream_that_does_not_answer_what_it_was_asked_is_replaced(session: ProtocolSession) -> None:
    session.client(typed_by_client("Hello", "mine"), CREATE)
    session.upstream(*turns.typed("mine", "Hello"))
    session.later(ANSWER_SECONDS - 0.1)
    assert session.reconnects == []
    session.later(0.2)
    assert session.reconnects == SILENT
    assert session.told_client("voiceassist.reconnecting")[0]["reason"] == "silent"


def test_an_upstream_that_does_not_answer_what_it_heard_is_replaced(session: ProtocolSession) -> None:
    session.upstream(*turns.spoken("user_1"), turns.heard("user_1", "Hello?"))
    session.later(ANSWER_SECONDS)
    assert session.reconnects == SILENT


def test_a_session_whose_upstreams_are_all_silent_ends(session: ProtocolSession) -> None:
    session.client(typed_by_client("Hello", "mine"), CREATE)
    for _ in PAUSES:
        session.later(ANSWER_SECONDS)
        session.gets_upstream()
    assert [each.pause for each in session.reconnects] == list(PAUSES)
    session.later(ANSWER_SECONDS)
    assert session.end == End("provider_silent", 4504)


@pytest.mark.parametrize("words_of_it", ["", " "])
def test_nobody_is_owed_an_answer_to_noise(session: ProtocolSession, words_of_it: str) -> None:
    session.upstream(*turns.spoken("user_1"), turns.heard("user_1", words_of_it))
    session.later(ANSWER_SECONDS + 1)
    assert session.reconnects == []


def test_noise_that_is_made_out_before_its_turn_is_closed_is_owed_nothing_either(
    session: ProtocolSession,
) -> None:
    session.upstream(turns.heard("user_1", ""), *turns.spoken("user_1"))
    session.later(ANSWER_SECONDS + 1)
    assert session.reconnects == []


def test_words_that_could_not_be_made_out_are_answered_all_the_same(session: ProtocolSession) -> None:
    session.upstream(*turns.spoken("user_1"), not_heard("user_1"))
    session.later(ANSWER_SECONDS)
    assert session.reconnects == SILENT


def test_where_upstream_answers_nothing_of_its_own_it_is_not_waited_for() -> None:
    session = _detecting(create_response=False)
    session.upstream(*turns.spoken("user_1"))
    session.later(ANSWER_SECONDS + 1)
    assert session.reconnects == []


def test_a_turn_with_a_key_held_that_asked_for_nothing_is_not_waited_for() -> None:
    session = ProtocolSession(greeted=False, turn_detection="push_to_talk")
    session.gets_upstream(audio={"input": {"turn_detection": None}})
    session.client(SECOND, COMMIT)
    session.upstream(*turns.spoken("user_1")[2:])
    session.later(ANSWER_SECONDS + 1)
    assert session.reconnects == []
    session.client(CREATE)
    session.later(ANSWER_SECONDS)
    assert session.reconnects == SILENT


def test_who_goes_on_speaking_is_not_answered_yet(session: ProtocolSession) -> None:
    session.upstream(*turns.spoken("user_1"))
    session.later(5)
    session.upstream(turns.spoken("user_2")[0])
    session.later(ANSWER_SECONDS + 1)
    assert session.reconnects == []


def test_a_commit_that_is_told_twice_is_waited_for_once(session: ProtocolSession) -> None:
    committed = turns.spoken("user_1")[2]
    session.upstream(
        *turns.spoken("user_1"), turns.heard("user_1", "Hi"), *turns.answer("a", "Hi", after="user_1")
    )
    session.upstream(committed)
    session.later(ANSWER_SECONDS + 1)
    assert session.reconnects == []


def test_a_language_model_may_think_for_a_minute(session: ProtocolSession) -> None:
    session.client(typed_by_client("Hello", "mine"), CREATE)
    session.upstream(*spoken_answer_begins("answer", after="mine"))
    session.later(60)
    session.upstream(words("answer", "Well,"))
    session.later(STALL_SECONDS - 1)
    assert session.reconnects == []
    session.later(1)
    assert session.reconnects == SILENT


def test_after_an_answer_nobody_is_waited_for(session: ProtocolSession) -> None:
    session.upstream(
        *turns.spoken("user_1"), turns.heard("user_1", "Hi"), *turns.answer("a", "Hi", after="user_1")
    )
    session.later(2 * STALL_SECONDS)
    assert session.reconnects == []


def test_an_answer_that_waited_for_another_one_is_waited_for_from_then_on(session: ProtocolSession) -> None:
    session.upstream(*turns.answer_begins("a", "one", after=""))
    session.client(CREATE)
    session.later(30)
    session.upstream(*turns.answer_ends("a", "one"))
    session.later(ANSWER_SECONDS - 0.1)
    assert session.reconnects == []
    session.later(0.2)
    assert session.reconnects == SILENT


# --- time is nearly up ------------------------------------------------------------------------------------------------


def _session_until(seconds: float, **setup: object) -> ProtocolSession:
    """An upstream session that began now and ends in so many seconds."""
    session = ProtocolSession(greeted=False, unix_now=UNIX, idle_seconds=1e9, announces=True, **setup)
    _greets(session, seconds)
    session.effects.clear()
    return session


def _greets(session: ProtocolSession, seconds: float) -> None:
    created = turns.created()
    created["session"]["expires_at"] = UNIX + session.now - 100.0 + seconds
    session.upstream(created, turns.updated(expires_at=created["session"]["expires_at"]))


def test_an_upstream_is_replaced_at_a_quiet_moment_before_its_time_is_up() -> None:
    session = _session_until(3600)
    session.later(3600 - RECYCLE_LEAD_SECONDS - 1)
    assert session.reconnects == []
    session.later(2)
    assert session.reconnects == RECYCLED
    assert session.told_client("voiceassist.reconnecting")[0]["reason"] == "recycled"
    _greets(session, 3600)
    session.later(60)
    assert len(session.reconnects) == 1


def test_a_short_life_is_replaced_in_its_last_quarter() -> None:
    session = _session_until(8)
    session.later(5.9)
    assert session.reconnects == []
    session.later(0.2)
    assert session.reconnects == RECYCLED


def test_replacing_an_upstream_in_time_is_no_failure() -> None:
    session = _session_until(8)
    for _ in range(3 * len(PAUSES)):
        session.later(6)
        _greets(session, 8)
    assert {each.pause for each in session.reconnects} == {0.0}
    assert len(session.reconnects) == 3 * len(PAUSES)
    assert session.end is None


@pytest.mark.parametrize("expires_at", [None, "soon", True, 0, UNIX - 5])
def test_a_time_that_cannot_be_true_is_not_believed(expires_at: object) -> None:
    session = ProtocolSession(greeted=False, unix_now=UNIX, idle_seconds=1e9)
    session.upstream(turns.created(), turns.updated(expires_at=expires_at))
    session.later(7200)
    assert session.reconnects == []


def test_where_nobody_knows_the_time_an_upstream_is_not_replaced() -> None:
    session = ProtocolSession(greeted=False, idle_seconds=1e9)
    session.upstream(turns.created(), turns.updated(expires_at=UNIX + 60))
    session.later(7200)
    assert session.reconnects == []


def test_nobody_is_cut_off_while_speaking() -> None:
    session = _session_until(100)
    session.later(70)
    session.upstream(turns.spoken("user_1")[0])
    session.later(20)
    assert session.reconnects == []
    session.upstream(*turns.spoken("user_1")[1:])
    session.later(1)
    assert session.reconnects == [], "words are on their way, and an answer is due"
    session.upstream(turns.heard("user_1", "Hello"))
    session.upstream(*spoken_answer("answer", "one two six ten", 4, after="user_1"))
    session.later(3.9)
    assert session.reconnects == [], "it is being heard"
    session.later(0.2)
    assert session.reconnects == RECYCLED


def test_a_turn_that_is_held_with_the_key_is_not_broken() -> None:
    session = ProtocolSession(greeted=False, unix_now=UNIX, idle_seconds=1e9)
    push_to_talk = {"input": {"turn_detection": None}}
    session.upstream(turns.created(), turns.updated(audio=push_to_talk, expires_at=UNIX + 100))
    session.client(SECOND)
    session.later(90)
    assert session.reconnects == []
    session.client({"type": "input_audio_buffer.clear"})
    session.later(1)
    assert session.reconnects == RECYCLED


def test_an_answer_that_is_asked_for_or_waits_is_not_broken() -> None:
    session = _session_until(100)
    session.later(74)
    session.client(CREATE)
    session.later(5)
    assert session.reconnects == []
    session.upstream(*turns.answer("answer", "one", after=""))
    assert session.reconnects == RECYCLED


def test_when_there_was_no_quiet_moment_upstream_ends_it_itself() -> None:
    session = _session_until(100)
    session.later(74)
    session.upstream(turns.spoken("user_1")[0])
    session.later(26)
    assert session.reconnects == []
    session.upstream(turns.error("session_expired", "Your session hit the maximum duration of 60 minutes."))
    assert session.reconnects == RECYCLED


# --- the operator -----------------------------------------------------------------------------------------------------


def test_a_transcriber_that_is_not_there_is_told_to_the_operator_once(session: ProtocolSession) -> None:
    session.upstream(*turns.spoken("user_1"), not_heard("user_1"))
    session.upstream(*turns.spoken("user_2"), not_heard("user_2"))
    assert _told_operator(session) == ["DeploymentNotFound"]
    assert "upstream's own words" not in repr(session.effects)


def test_a_mishap_of_a_transcriber_is_no_matter_for_the_operator(session: ProtocolSession) -> None:
    failed: Event = not_heard("user_1") | {"error": {"type": "server_error", "code": None, "message": "x"}}
    session.upstream(*turns.spoken("user_1"), failed)
    assert _told_operator(session) == []


def _told_operator(session: ProtocolSession) -> list[str]:
    return [effect.code for effect in session.effects if isinstance(effect, TellOperator)]
