"""RealtimeProtocol: a session outlives its upstreams, and its client is told no more than it needs to know."""

import json

import pytest

from realtime.errors import EngineBusy, UpstreamRefused, UpstreamUnreachable
from realtime.protocol.core import SETUP_SECONDS, Phase
from realtime.protocol.effects import Effect, End, Ready, Reconnect
from realtime.protocol.events import Event
from realtime.protocol.reconnection import HEALTHY_SECONDS, PAUSES
from tests.support import upstream_turns as turns
from tests.support.client_frames import complaint
from tests.support.ga_events import ga_event
from tests.support.protocol_session import (
    SECOND,
    ProtocolSession,
    events_to_client,
    events_to_upstream,
    not_heard,
    spoken_answer,
    spoken_answer_begins,
    typed_by_client,
    words,
)

CREATE = {"type": "response.create"}
QUIET = {"audio": {"input": {"turn_detection": {"type": "server_vad", "create_response": False}}}}


@pytest.fixture
def session() -> ProtocolSession:
    return ProtocolSession(announces=True)


def _kinds(effects: list[Effect]) -> list[str]:
    return [event["type"] for event in events_to_client(effects)]


# --- another upstream -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("closed_with", "reason"), [(1006, ""), (1011, "keepalive ping timeout"), (1001, "")]
)
def test_a_lost_upstream_is_replaced_and_the_client_stays(
    session: ProtocolSession, closed_with: int, reason: str
) -> None:
    effects = session.loses_upstream(closed_with, reason)
    assert effects[-1] == Reconnect(0.0, "provider_lost")
    (told,) = session.told_client()
    assert (told["type"], told["reason"], told["attempt"]) == ("voiceassist.reconnecting", "lost", 1)
    session.now += 0.25
    effects = session.gets_upstream()
    assert Ready() in effects
    assert [event["type"] for event in events_to_upstream(effects)] == ["session.update"]
    (told,) = events_to_client(effects)
    assert (told["type"], told["seconds"]) == ("voiceassist.reconnected", 0.25)
    assert session.end is None


def test_a_plain_client_notices_nothing_of_it() -> None:
    session = ProtocolSession()
    session.loses_upstream()
    session.gets_upstream()
    assert session.told_client() == []


def test_what_an_upstream_says_after_it_was_let_go_is_not_heard(session: ProtocolSession) -> None:
    session.loses_upstream()
    effects = session.upstream(*turns.spoken("user_1"), *turns.answer("answer", "too late", after="user_1"))
    assert effects == []
    assert session.core.phase is Phase.GREETING


def test_tries_follow_each_other_more_slowly_and_end_when_none_helps(session: ProtocolSession) -> None:
    for _ in PAUSES:
        session.loses_upstream()
    assert [each.pause for each in session.reconnects] == list(PAUSES)
    assert [event["attempt"] for event in session.told_client("voiceassist.reconnecting")] == [
        1,
        2,
        3,
        4,
        5,
        6,
    ]
    assert session.end is None
    session.loses_upstream()
    assert session.end == End("provider_failed", 4502)
    assert session.told_client("voiceassist.ended")[0]["code"] == "provider_lost"


def test_upstreams_that_come_and_go_without_an_answer_are_counted_together(session: ProtocolSession) -> None:
    for _ in PAUSES:
        session.loses_upstream()
        session.gets_upstream()
    session.loses_upstream()
    assert session.end == End("provider_failed", 4502)


def test_an_answer_shows_that_all_is_well_again(session: ProtocolSession) -> None:
    for _ in range(2 * len(PAUSES)):
        session.loses_upstream()
        session.gets_upstream()
        session.upstream(*turns.answer("answer", "well", after=""))
    assert {each.pause for each in session.reconnects} == {0.0}


def test_an_upstream_that_was_there_for_long_begins_a_new_count(session: ProtocolSession) -> None:
    for _ in range(2 * len(PAUSES)):
        session.loses_upstream()
        session.gets_upstream()
        session.client(typed_by_client("still here"))
        session.later(HEALTHY_SECONDS)
    assert {each.pause for each in session.reconnects} == {0.0}


def test_a_connection_that_cannot_be_had_is_tried_again(session: ProtocolSession) -> None:
    session.loses_upstream()
    effects = session.does(session.core.connection_failed(UpstreamUnreachable(), session.now))
    assert effects[-1] == Reconnect(0.5, "provider_unreachable")
    session.gets_upstream()
    assert session.core.phase is Phase.READY


def test_a_server_that_says_when_to_come_back_is_left_alone_until_then(session: ProtocolSession) -> None:
    session.loses_upstream()
    session.does(session.core.connection_failed(EngineBusy(retry_after=3), session.now))
    assert session.reconnects[-1].pause == 3


def test_a_refusal_for_good_is_not_tried_again(session: ProtocolSession) -> None:
    session.loses_upstream()
    error = UpstreamRefused("provider_auth", "The key is wrong.", "provider_auth")
    session.does(session.core.connection_failed(error, session.now))
    assert session.end == End("provider_auth", 4502)


def test_before_a_session_was_ready_it_fails_at_once(session: ProtocolSession) -> None:
    session = ProtocolSession(greeted=False)
    session.does(session.core.connection_failed(UpstreamUnreachable(), session.now))
    assert session.end == End("provider_failed", 4502)
    assert session.reconnects == []


def test_a_next_upstream_that_refuses_the_key_ends_the_session(session: ProtocolSession) -> None:
    session.loses_upstream()
    session.upstream(turns.error("invalid_api_key", "canary"))
    assert session.end == End("provider_auth", 4502)
    assert "canary" not in repr(session.effects)


def test_a_next_upstream_that_stumbles_is_tried_again(session: ProtocolSession) -> None:
    session.loses_upstream()
    session.upstream(turns.created(), turns.error("", "canary", kind="server_error"))
    assert len(session.reconnects) == 2
    assert session.end is None


def test_a_next_upstream_that_does_not_greet_is_tried_again_and_given_up_in_the_end(
    session: ProtocolSession,
) -> None:
    session.loses_upstream()
    assert session.core.deadline() == session.now + SETUP_SECONDS
    session.later(len(PAUSES) * SETUP_SECONDS + sum(PAUSES) + 1)
    assert [each.pause for each in session.reconnects] == list(PAUSES)
    assert session.end == End("provider_silent", 4504)


def test_an_upstream_whose_time_is_up_is_replaced_under_the_same_name_as_one_that_is_recycled(
    session: ProtocolSession,
) -> None:
    session.upstream(turns.error("session_expired", "Your session hit the maximum duration of 60 minutes."))
    assert session.reconnects == [Reconnect(0.0, "recycled")]
    assert session.told_client("voiceassist.reconnecting")[0]["reason"] == "recycled"
    assert session.errors() == []


# --- the client leaves meanwhile --------------------------------------------------------------------------------------


def test_nobody_is_called_back_for_a_client_that_left(session: ProtocolSession) -> None:
    session.hang_up()
    assert session.loses_upstream() == []
    assert session.upstream(turns.error("session_expired", "over")) == []


def test_what_was_typed_while_there_was_no_upstream_is_written_down_when_its_author_has_left(
    session: ProtocolSession,
) -> None:
    session.loses_upstream()
    effects = session.client(typed_by_client("Good bye", "mine"), CREATE, SECOND[:960])
    assert effects == []
    session.hang_up()
    session.finish()
    assert session.said() == [("user", "final", "Good bye")]


def test_a_turn_nobody_will_hear_again_is_failed_when_the_client_leaves_first(
    session: ProtocolSession,
) -> None:
    session.client(SECOND)
    session.upstream(*turns.spoken("user_1"))
    session.loses_upstream()
    session.hang_up()
    session.finish()
    assert session.said() == [("user", "failed", "")]


# --- an answer dies with its upstream ---------------------------------------------------------------------------------


def test_an_answer_that_died_is_closed_for_the_client_and_kept_as_far_as_it_came(
    session: ProtocolSession,
) -> None:
    session.client(typed_by_client("Tell me", "mine"), CREATE)
    session.upstream(*turns.typed("mine", "Tell me"))
    session.upstream(*turns.answer_begins("answer", "half an answer", after="mine"))
    session.effects.clear()
    effects = session.loses_upstream()
    assert _kinds(effects) == ["response.output_item.done", "response.done", "voiceassist.reconnecting"]
    item_done, done, _ = events_to_client(effects)
    assert (item_done["item"]["status"], item_done["response_id"]) == ("incomplete", "resp_1")
    assert item_done["item"]["content"] == [{"type": "output_text", "text": "half an answer"}]
    assert done["response"]["status"] == "failed"
    assert done["response"]["status_details"]["error"]["code"] == "provider_lost"
    ga_event(json.dumps(item_done))
    ga_event(json.dumps(done))
    assert session.said() == [("user", "final", "Tell me"), ("assistant", "interrupted", "half an answer")]
    session.gets_upstream()
    session.finish()
    assert len(session.told) == 2, "told once"


def test_a_spoken_answer_that_died_is_closed_with_its_words(session: ProtocolSession) -> None:
    session.upstream(
        *spoken_answer_begins("answer"), words("answer", "half an"), turns.sound("answer", SECOND)
    )
    done, *_ = events_to_client(session.loses_upstream())
    ga_event(json.dumps(done))
    assert done["item"]["content"] == [{"type": "output_audio", "transcript": "half an"}]


def test_an_answer_that_died_can_be_cut_back_later(session: ProtocolSession) -> None:
    session.upstream(*spoken_answer_begins("answer"), words("answer", "one two six ten"))
    session.upstream(*(turns.sound("answer", SECOND) for _ in range(4)))
    session.loses_upstream()
    session.gets_upstream()
    session.later(2)
    cut = {
        "type": "conversation.item.truncate",
        "item_id": "answer",
        "content_index": 0,
        "audio_end_ms": 1100,
    }
    session.client(cut)
    session.later(5)
    turn = session.rows["answer"]
    assert (turn.text, turn.unheard_text, turn.heard_is_estimated) == ("one", "two six ten", False)


def test_an_answer_of_which_nothing_came_leaves_no_trace(session: ProtocolSession) -> None:
    session.upstream(*spoken_answer_begins("answer"))
    session.loses_upstream()
    session.finish()
    assert session.told == []


# --- ids --------------------------------------------------------------------------------------------------------------


def test_an_id_that_another_upstream_uses_again_is_another_turn(session: ProtocolSession) -> None:
    session.upstream(*turns.answer("item_1", "first", after=""))
    session.loses_upstream()
    session.gets_upstream()
    session.upstream(*turns.answer("item_1", "second", after=""))
    assert session.said() == [("assistant", "final", "first"), ("assistant", "final", "second")]
    assert [(turn.item_id, turn.key) for turn in session.told] == [("item_1", ""), ("item_1", "item_1~1.2")]


def test_a_session_that_was_taken_up_again_keeps_its_turns_apart_from_those_before() -> None:
    session = ProtocolSession(epoch=2)
    session.client(typed_by_client("Hello", "mine"))
    session.upstream(*turns.typed("mine", "Hello"), *turns.answer("answer", "Hi", after="mine"))
    assert [turn.key for turn in session.told] == ["", "answer~2.1"]


def test_an_id_of_an_earlier_upstream_is_not_free_for_a_client(session: ProtocolSession) -> None:
    session.client(typed_by_client("Hello", "mine"))
    session.upstream(*turns.typed("mine", "Hello"))
    session.loses_upstream()
    session.gets_upstream()
    session.client(typed_by_client("Something else", "mine"))
    assert session.errors() == ["duplicate_item_id"]


# --- memory -----------------------------------------------------------------------------------------------------------


def _remembering() -> tuple[ProtocolSession, list[list[str]]]:
    asked: list[list[str]] = []

    def remember(past: object) -> str:
        asked.append([turn.text for turn in past])  # type: ignore[attr-defined]
        return f"remembering {len(asked[-1])}"

    return ProtocolSession(remember=remember), asked


def test_the_next_upstream_is_told_what_was_said_and_heard_in_spoken_order() -> None:
    session, asked = _remembering()
    session.client(typed_by_client("Hello", "mine"))
    session.upstream(
        *turns.typed("mine", "Hello"), *spoken_answer("answer", "one two six ten", 4, after="mine")
    )
    session.client(
        {"type": "conversation.item.truncate", "item_id": "answer", "content_index": 0, "audio_end_ms": 1100}
    )
    session.upstream(*turns.spoken("user_2", after="answer"), turns.heard("user_2", "Stop"))
    session.upstream(*turns.answer("answer_2", "Sorry", after="user_2", response_id="resp_2"))
    session.loses_upstream()
    effects = session.upstream(turns.created())
    assert asked == [["Hello", "one", "Stop", "Sorry"]]
    (update,) = events_to_upstream(effects)
    assert update["session"]["instructions"] == "remembering 4"
    assert complaint(json.dumps(update)) == ""


def test_where_nothing_was_said_the_next_upstream_gets_the_same_instructions() -> None:
    session, asked = _remembering()
    session.loses_upstream()
    (update,) = events_to_upstream(session.upstream(turns.created()))
    assert update["session"]["instructions"] == session.core.setup.instructions
    assert asked == []


def test_what_a_client_had_deleted_is_not_remembered() -> None:
    session, asked = _remembering()
    session.upstream(*turns.answer("answer_1", "secret", after=""))
    session.upstream(*turns.answer("answer_2", "known", after="", response_id="resp_2"))
    session.client({"type": "conversation.item.delete", "item_id": "answer_1"})
    session.upstream(turns.event("conversation.item.deleted", item_id="answer_1"))
    session.loses_upstream()
    session.upstream(turns.created())
    assert asked == [["known"]]


# --- what the client asked for ----------------------------------------------------------------------------------------


def _update(**fields: object) -> Event:
    return {"type": "session.update", "session": {"type": "realtime"} | fields}


def test_what_a_client_asked_for_is_asked_of_the_next_upstream_too(session: ProtocolSession) -> None:
    detection = {"type": "semantic_vad", "eagerness": "low"}
    session.client(
        _update(output_modalities=["text"], audio={"output": {"speed": 1.25}}),
        _update(audio={"input": {"turn_detection": detection, "transcription": {"language": "fr"}}}),
    )
    session.upstream(turns.updated(), turns.updated())
    session.loses_upstream()
    (asked,) = events_to_upstream(session.upstream(turns.created()))
    assert complaint(json.dumps(asked)) == ""
    assert asked["session"]["output_modalities"] == ["text"]
    assert asked["session"]["audio"]["output"]["speed"] == 1.25
    hearing = asked["session"]["audio"]["input"]
    assert hearing["transcription"] == {"model": "gpt-transcribe", "language": "fr"}
    assert hearing["turn_detection"] == detection | {"create_response": True, "interrupt_response": True}


def test_what_upstream_refused_is_not_asked_for_again(session: ProtocolSession) -> None:
    session.client(_update(audio={"output": {"voice": "ash"}}), _update(audio={"output": {"speed": 1.5}}))
    first, _ = session.sent("session.update")
    session.upstream(
        turns.error("invalid_value", "no such voice", event_id=first["event_id"]), turns.updated()
    )
    session.loses_upstream()
    (asked,) = events_to_upstream(session.upstream(turns.created()))
    assert asked["session"]["audio"]["output"]["voice"] == "marin"
    assert asked["session"]["audio"]["output"]["speed"] == 1.5


def test_an_update_that_upstream_took_with_it_is_answered_by_the_next_one(session: ProtocolSession) -> None:
    session.client(_update(audio={"output": {"speed": 1.5}}))
    session.loses_upstream()
    session.gets_upstream()
    (answer,) = session.told_client("session.updated")
    ga_event(json.dumps(answer))


def test_a_voice_that_was_heard_is_changed_with_the_next_upstream_and_the_rest_at_once(
    session: ProtocolSession,
) -> None:
    session.upstream(*spoken_answer("answer", "one", 1))
    session.client(_update(audio={"output": {"voice": "cedar", "speed": 1.5}}))
    (sent,) = session.sent("session.update")
    assert sent["session"]["audio"]["output"] == {"speed": 1.5}
    session.loses_upstream()
    (asked,) = events_to_upstream(session.upstream(turns.created()))
    assert asked["session"]["audio"]["output"]["voice"] == "cedar"


# --- old items --------------------------------------------------------------------------------------------------------


def test_an_answer_of_an_earlier_upstream_is_cut_back_by_us(session: ProtocolSession) -> None:
    session.upstream(*spoken_answer("answer", "one two six ten", 4))
    session.loses_upstream()
    session.gets_upstream()
    session.effects.clear()
    session.client(
        {"type": "conversation.item.truncate", "item_id": "answer", "content_index": 0, "audio_end_ms": 2100}
    )
    (told,) = session.told_client()
    ga_event(json.dumps(told))
    assert (told["type"], told["audio_end_ms"]) == ("conversation.item.truncated", 2100)
    assert session.sent() == []
    session.later(5)
    assert (session.rows["answer"].text, session.rows["answer"].unheard_text) == ("one two", "six ten")


def test_items_of_an_earlier_upstream_are_shown_and_deleted_by_us(session: ProtocolSession) -> None:
    session.upstream(*turns.spoken("voice"), turns.heard("voice", "Hello"), *spoken_answer("answer", "Hi", 1))
    session.client(typed_by_client("typed", "mine"))
    session.upstream(*turns.typed("mine", "typed"))
    session.loses_upstream()
    session.gets_upstream(**QUIET)
    session.effects.clear()
    for item_id in ("voice", "answer", "mine"):
        session.client({"type": "conversation.item.retrieve", "item_id": item_id})
    contents = [event["item"]["content"][0] for event in session.told_client("conversation.item.retrieved")]
    assert contents == [
        {"type": "input_audio", "transcript": "Hello"},
        {"type": "output_audio", "transcript": "Hi"},
        {"type": "input_text", "text": "typed"},
    ]
    session.client({"type": "conversation.item.delete", "item_id": "voice"})
    assert session.told_client("conversation.item.deleted")[0]["item_id"] == "voice"
    assert session.sent() == []
    for event in session.told_client():
        ga_event(json.dumps(event))


def test_an_item_that_was_deleted_is_not_there_any_more(session: ProtocolSession) -> None:
    session.upstream(*turns.answer("answer", "Hi", after=""))
    session.loses_upstream()
    session.gets_upstream()
    delete = {"type": "conversation.item.delete", "item_id": "answer"}
    session.client(delete, delete)
    assert len(session.told_client("conversation.item.deleted")) == 1
    assert len(session.sent("conversation.item.delete")) == 1, (
        "upstream says what it says of items it does not have"
    )


def test_only_what_was_spoken_can_be_cut_back(session: ProtocolSession) -> None:
    session.client(typed_by_client("typed", "mine"))
    session.upstream(*turns.typed("mine", "typed"))
    session.loses_upstream()
    session.gets_upstream()
    session.client(
        {"type": "conversation.item.truncate", "item_id": "mine", "content_index": 0, "audio_end_ms": 1}
    )
    assert session.errors() == ["invalid_value"]


def test_an_upstream_that_announces_old_items_again_tells_nobody_anything_new(
    session: ProtocolSession,
) -> None:
    session.client(typed_by_client("Hello", "mine"))
    session.upstream(*turns.typed("theirs_1", "Hello"), *turns.answer("answer_1", "Hi", after="theirs_1"))
    session.loses_upstream()
    session.gets_upstream()
    session.effects.clear()
    old = turns.answer("theirs_3", "Hi", after="theirs_2")[2]
    session.upstream(*turns.typed("theirs_2", "Hello"), old)
    assert session.told_client() == []
    session.finish()
    assert session.said() == [("user", "final", "Hello"), ("assistant", "final", "Hi")]


def test_an_answer_stands_behind_all_that_was_said_to_earlier_upstreams(session: ProtocolSession) -> None:
    session.client(SECOND)
    session.upstream(*turns.spoken("user_1"), *turns.spoken("user_2", after="user_1"), not_heard("user_2"))
    session.loses_upstream()
    session.gets_upstream()
    session.upstream(*turns.spoken("again"), turns.heard("again", "Hello"))
    session.upstream(*turns.answer("answer", "Hi", after="again"))
    assert session.said() == [
        ("user", "final", "Hello"),
        ("user", "failed", ""),
        ("assistant", "final", "Hi"),
    ]


def test_an_id_that_an_upstream_chose_is_not_given_to_the_next_one_which_may_choose_the_same(
    session: ProtocolSession,
) -> None:
    session.upstream(*turns.spoken("item_1"), turns.heard("item_1", "What time is it?"))
    session.loses_upstream()
    create = events_to_upstream(session.gets_upstream())[1]
    assert create["item"]["id"] != "item_1"
    session.upstream(*turns.spoken("item_1"), turns.heard("item_1", "Hello?"))
    session.upstream(*turns.typed(create["item"]["id"], "What time is it?"))
    assert session.said() == [("user", "final", "What time is it?"), ("user", "final", "Hello?")]


# --- what it cost -----------------------------------------------------------------------------------------------------


def test_usage_is_added_up_over_all_upstreams_and_told_after_each_answer() -> None:
    session = ProtocolSession(announces=True, usage={"total_tokens": 100})
    session.upstream(*turns.answer("answer_1", "one", after=""))
    session.loses_upstream()
    session.gets_upstream()
    effects = session.upstream(*turns.answer("answer_2", "two", after="", response_id="resp_2"))
    assert _kinds(effects)[-2:] == ["response.done", "voiceassist.usage"]
    told = session.told_client("voiceassist.usage")
    assert [event["session_usage"]["total_tokens"] for event in told] == [107, 114]
    assert told[1]["response_id"] == "resp_2"
    assert told[1]["usage"]["total_tokens"] == 7
    assert [usage["total_tokens"] for usage in session.usage] == [7, 7]


def test_what_it_cost_to_make_out_words_is_counted_apart(session: ProtocolSession) -> None:
    session.upstream(*turns.spoken("user_1"), turns.heard("user_1", "Hello"))
    assert session.usage == [{"transcription": {"seconds": 1}}]
    (told,) = session.told_client("voiceassist.usage")
    assert (told["response_id"], told["usage"]) == (None, {"transcription": {"seconds": 1}})


def test_words_that_cost_nothing_are_not_counted(session: ProtocolSession) -> None:
    free = turns.heard("user_1", "Hello") | {"usage": {"type": "duration", "seconds": 0}}
    session.upstream(*turns.spoken("user_1"), free)
    assert session.usage == []
    assert session.told_client("voiceassist.usage") == []


def test_words_that_come_after_the_hang_up_are_counted_too(session: ProtocolSession) -> None:
    session.upstream(*turns.spoken("user_1"))
    session.hang_up()
    session.upstream(turns.heard("user_1", "Good bye"))
    assert session.usage == [{"transcription": {"seconds": 1}}]
