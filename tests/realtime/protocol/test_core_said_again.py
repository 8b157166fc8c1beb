"""RealtimeProtocol: what an upstream took with it unheard is said again to the next one, once and in its place."""

import json

import pytest

from realtime.protocol.audio import BYTES_PER_MS
from realtime.protocol.effects import AudioToUpstream, Effect, ToUpstream
from realtime.protocol.events import Event
from realtime.protocol.retention import pieces
from realtime.protocol.watchdog import STALL_SECONDS
from tests.support import upstream_turns as turns
from tests.support.client_frames import complaint
from tests.support.protocol_session import (
    ProtocolSession,
    events_to_client,
    events_to_upstream,
    spoken_answer_begins,
    typed_by_client,
    words,
)

CREATE = {"type": "response.create"}
COMMIT = {"type": "input_audio_buffer.commit"}
PUSH_TO_TALK = {"audio": {"input": {"turn_detection": None}}}
SILENCE_MS = 700
"""What ends a turn where voice detection waits for 500 ms."""


@pytest.fixture
def session() -> ProtocolSession:
    return ProtocolSession(announces=True)


@pytest.fixture
def key() -> ProtocolSession:
    """Push-to-talk."""
    session = ProtocolSession(greeted=False, turn_detection="push_to_talk")
    session.gets_upstream(**PUSH_TO_TALK)
    session.effects.clear()
    return session


def _tone(value: int, milliseconds: int) -> bytes:
    return bytes([value, 0]) * (milliseconds * BYTES_PER_MS // 2)


def _says(session: ProtocolSession, *tones: bytes) -> None:
    """Sound comes as fast as it is spoken."""
    for frame in pieces(b"".join(tones)):
        session.client(frame)
        session.now += len(frame) / BYTES_PER_MS / 1000


def _speaks(session: ProtocolSession, item_id: str, start_ms: int, end_ms: int, *, after: str = "") -> None:
    """Voice detection hears a turn that lies there in the stream."""
    started, stopped, *rest = turns.spoken(item_id, after=after or None)
    session.upstream(started | {"audio_start_ms": start_ms}, stopped | {"audio_end_ms": end_ms}, *rest)


def _sound(effects: list[Effect]) -> bytes:
    return b"".join(effect.pcm for effect in effects if isinstance(effect, AudioToUpstream))


def _order(effects: list[Effect]) -> list[str]:
    """What went up, in order; sound that follows sound is one."""
    order: list[str] = []
    for effect in effects:
        if isinstance(effect, ToUpstream):
            order.append(effect.event["type"])
        elif isinstance(effect, AudioToUpstream) and order[-1:] != ["sound"]:
            order.append("sound")
    return [kind for kind in order if kind != "session.update"]


def _trimmed(pcm: bytes) -> tuple[bytes, int]:
    """The sound without the silence at its end, and how long that is."""
    bare = pcm.rstrip(b"\0")
    bare += b"\0" * (len(bare) % 2)
    return bare, (len(pcm) - len(bare)) // BYTES_PER_MS


# --- the voice --------------------------------------------------------------------------------------------------------


def test_a_turn_whose_words_had_not_come_is_heard_again_and_kept_once(session: ProtocolSession) -> None:
    _says(session, _tone(1, 1000), _tone(2, 1000), _tone(0, 1000))
    _speaks(session, "user_1", 1000, 2000)
    session.loses_upstream()
    effects = session.gets_upstream()
    said, silence = _trimmed(_sound(effects))
    assert said == _tone(1, 300) + _tone(2, 1000), "the turn, and a little from before it"
    assert silence == SILENCE_MS + 1000, "what ends it, and what was heard since"
    (deleted,) = session.told_client("conversation.item.deleted")
    assert deleted["item_id"] == "user_1"
    _speaks(session, "user_2", 0, 1300)
    session.upstream(turns.heard("user_2", "Hello"))
    session.later(60)
    assert session.said() == [("user", "final", "Hello")]
    assert session.told[0].item_id == "user_2"


def test_only_the_last_second_is_said_again_to_whom_follows_an_upstream_that_heard_nobody(
    session: ProtocolSession,
) -> None:
    _says(session, _tone(1, 1000), _tone(2, 1000), _tone(3, 1000))
    session.upstream(turns.event("rate_limits.updated", rate_limits=[]))
    session.loses_upstream()
    assert _sound(session.gets_upstream()) == _tone(3, 1000)


def test_what_was_said_into_a_dead_line_is_said_again(session: ProtocolSession) -> None:
    _says(session, _tone(1, 9000))
    session.upstream(turns.event("rate_limits.updated", rate_limits=[]))
    _says(session, _tone(2, 20_000))
    session.loses_upstream(1011, "keepalive ping timeout")
    assert _sound(session.gets_upstream()) == _tone(2, 20_000)


def test_an_upstream_that_ends_as_it_should_has_listened_to_the_last(session: ProtocolSession) -> None:
    _says(session, _tone(2, 20_000))
    session.upstream(turns.error("session_expired", "over"))
    assert _sound(session.gets_upstream()) == _tone(2, 1000)


def test_what_came_faster_than_it_can_have_been_spoken_is_said_again_as_a_whole(
    session: ProtocolSession,
) -> None:
    _says(session, _tone(1, 9000))
    session.upstream(turns.event("rate_limits.updated", rate_limits=[]))
    session.client(*(_tone(tone, 1000) for tone in range(2, 9)))
    session.loses_upstream()
    assert _sound(session.gets_upstream()) == b"".join(_tone(tone, 1000) for tone in range(2, 9))


def test_what_had_not_been_sent_yet_is_said_too(session: ProtocolSession) -> None:
    _says(session, _tone(1, 1000), _tone(2, 1000))
    session.upstream(turns.event("rate_limits.updated", rate_limits=[]))
    for tone in (3, 4, 5):
        session.does(session.core.client_frame(_tone(tone, 1000), session.now))
        session.core.behind((tone - 2) * 1000 * BYTES_PER_MS)
    session.loses_upstream()
    assert _sound(session.gets_upstream()) == b"".join(_tone(tone, 1000) for tone in (2, 3, 4, 5))


def test_who_is_interrupted_in_the_middle_of_a_word_is_heard_from_its_beginning(
    session: ProtocolSession,
) -> None:
    _says(session, _tone(1, 2000), _tone(2, 3000))
    session.upstream(turns.spoken("user_1")[0] | {"audio_start_ms": 2000})
    _says(session, _tone(3, 2000))
    session.loses_upstream()
    assert _sound(session.gets_upstream()) == _tone(1, 300) + _tone(2, 3000) + _tone(3, 2000)
    assert session.told_client("conversation.item.deleted")[0]["item_id"] == "user_1"
    _speaks(session, "user_2", 0, 5300)
    session.upstream(turns.heard("user_2", "all of it"))
    assert session.said() == [("user", "final", "all of it")]


def test_an_upstream_that_does_not_say_when_speech_began_is_given_a_second_before(
    session: ProtocolSession,
) -> None:
    _says(session, _tone(1, 3000))
    started = turns.spoken("user_1")[0]
    del started["audio_start_ms"]
    session.upstream(started)
    _says(session, _tone(2, 1000))
    session.loses_upstream()
    assert _sound(session.gets_upstream()) == _tone(1, 1300) + _tone(2, 1000)


def test_what_is_said_again_is_kept_in_case_the_next_upstream_goes_too(session: ProtocolSession) -> None:
    session.client(_tone(2, 1000))
    _speaks(session, "user_1", 0, 1000)
    session.loses_upstream()
    session.gets_upstream()
    session.loses_upstream()
    said, _ = _trimmed(_sound(session.gets_upstream()))
    assert said == _tone(2, 1000)
    assert len(session.told_client("conversation.item.deleted")) == 1
    _speaks(session, "user_2", 0, 1000)
    session.upstream(turns.heard("user_2", "Hello"))
    assert session.said() == [("user", "final", "Hello")]


def test_a_turn_that_was_said_again_keeps_its_place_before_what_was_typed_after_it(
    session: ProtocolSession,
) -> None:
    session.client(_tone(2, 1000))
    _speaks(session, "user_1", 0, 1000)
    session.client(typed_by_client("typed", "mine"))
    session.upstream(*turns.typed("mine", "typed", after="user_1"))
    session.later(6)
    assert session.said() == [("user", "pending", ""), ("user", "final", "typed")]
    session.loses_upstream()
    session.gets_upstream()
    session.upstream(*turns.typed("mine", "typed"))
    _speaks(session, "user_2", 0, 1000, after="mine")
    session.upstream(turns.heard("user_2", "spoken"))
    assert session.said() == [("user", "final", "spoken"), ("user", "final", "typed")]
    assert (session.told[-1].item_id, session.told[-1].key) == ("user_2", "user_1")


def test_a_turn_whose_sound_is_too_long_to_be_kept_could_not_be_understood(session: ProtocolSession) -> None:
    session.upstream(turns.spoken("user_1")[0])
    _says(session, *[_tone(2, 1000)] * 31)
    session.upstream(*turns.spoken("user_1")[1:])
    session.loses_upstream()
    assert session.said() == [("user", "failed", "")]


def test_a_turn_that_was_answered_is_not_asked_again_though_its_words_never_came(
    session: ProtocolSession,
) -> None:
    session.client(_tone(2, 1000))
    _speaks(session, "user_1", 0, 1000)
    session.upstream(*spoken_answer_begins("answer", after="user_1"), words("answer", "Well,"))
    session.loses_upstream()
    assert _sound(session.gets_upstream()) == b""
    session.finish()
    assert session.said() == [("user", "failed", ""), ("assistant", "interrupted", "Well,")]


def test_a_turn_that_was_given_up_before_its_upstream_was_is_heard_again_in_its_place(
    session: ProtocolSession,
) -> None:
    session.client(_tone(2, 1000))
    _speaks(session, "user_1", 0, 1000)
    session.upstream(*spoken_answer_begins("answer", after="user_1"))
    session.later(STALL_SECONDS)
    assert session.said() == [("user", "failed", "")]
    assert session.reconnects[-1].code == "silent"
    said, _ = _trimmed(_sound(session.gets_upstream()))
    assert said == _tone(2, 1000)
    _speaks(session, "user_2", 0, 1000)
    session.upstream(turns.heard("user_2", "Hello"), *turns.answer("answer_2", "Hi", after="user_2"))
    assert session.said() == [("user", "final", "Hello"), ("assistant", "final", "Hi")]


def test_a_turn_that_was_given_up_and_is_owed_no_answer_is_let_be() -> None:
    session = ProtocolSession()
    detection = {"type": "server_vad", "create_response": False}
    session.upstream(turns.updated(audio={"input": {"turn_detection": detection}}))
    session.client(_tone(2, 1000))
    _speaks(session, "user_1", 0, 1000)
    session.later(40)
    session.loses_upstream()
    assert _sound(session.gets_upstream()) == b""
    assert session.said() == [("user", "failed", "")]


def test_noise_that_the_next_upstream_does_not_take_for_a_turn_is_given_up(session: ProtocolSession) -> None:
    session.client(_tone(2, 1000))
    _speaks(session, "user_1", 0, 1000)
    session.loses_upstream()
    session.gets_upstream()
    session.client(_tone(3, 1000))
    _speaks(session, "user_2", 2000, 2500)
    session.upstream(turns.heard("user_2", "something else"))
    assert session.said() == [("user", "failed", ""), ("user", "final", "something else")]
    session.later(30)
    assert session.said() == [("user", "failed", ""), ("user", "final", "something else")]


def test_with_a_key_held_what_was_said_is_committed_again_and_its_answer_asked_for(
    key: ProtocolSession,
) -> None:
    key.client(_tone(2, 1000), COMMIT, CREATE)
    key.upstream(*turns.spoken("user_1")[2:])
    key.client(_tone(3, 500))
    key.loses_upstream()
    effects = key.gets_upstream(**PUSH_TO_TALK)
    assert _order(effects) == ["sound", "input_audio_buffer.commit", "sound", "response.create"]
    assert _sound(effects) == _tone(2, 1000) + _tone(3, 500)
    for event in events_to_upstream(effects):
        assert complaint(json.dumps(event)) == ""
    key.upstream(*turns.spoken("user_2")[2:], turns.heard("user_2", "Hello"))
    assert key.said() == [("user", "final", "Hello")]


def test_a_commit_that_upstream_had_not_answered_is_said_again_too(key: ProtocolSession) -> None:
    key.client(_tone(2, 1000), COMMIT)
    key.loses_upstream()
    effects = key.gets_upstream(**PUSH_TO_TALK)
    assert _order(effects) == ["sound", "input_audio_buffer.commit"]
    key.upstream(*turns.spoken("user_1")[2:], turns.heard("user_1", "Hello"))
    assert key.said() == [("user", "final", "Hello")]


def test_what_was_cleared_is_not_said_again(key: ProtocolSession) -> None:
    key.client(_tone(2, 1000), {"type": "input_audio_buffer.clear"}, _tone(3, 500))
    key.loses_upstream()
    assert _sound(key.gets_upstream(**PUSH_TO_TALK)) == _tone(3, 500)


def test_what_was_understood_is_not_said_again(session: ProtocolSession) -> None:
    session.client(_tone(2, 1000))
    _speaks(session, "user_1", 0, 1000)
    session.upstream(turns.heard("user_1", "Hello"), *turns.answer("answer", "Hi", after="user_1"))
    session.loses_upstream()
    effects = session.gets_upstream()
    assert (_sound(effects), _order(effects)) == (b"", [])


# --- words ------------------------------------------------------------------------------------------------------------


def _typed_and_asked(session: ProtocolSession) -> None:
    session.client(typed_by_client("Hello", "mine"), CREATE | {"event_id": "asked"})
    session.upstream(*turns.typed("mine", "Hello"))


def test_a_typed_turn_that_got_no_answer_is_asked_again_under_its_own_id(session: ProtocolSession) -> None:
    _typed_and_asked(session)
    session.upstream(*spoken_answer_begins("answer", after="mine"))
    session.loses_upstream()
    effects = session.gets_upstream()
    create, ask = events_to_upstream(effects)[1:]
    assert (create["item"]["id"], create["item"]["content"][0]["text"]) == ("mine", "Hello")
    assert ask["type"] == "response.create"
    assert complaint(json.dumps(create)) == ""
    session.effects.clear()
    session.upstream(*turns.typed("mine", "Hello"))
    assert session.told_client() == [], "the client knows it"
    session.upstream(*turns.answer("answer_2", "Hi", after="mine", response_id="resp_2"))
    assert session.said() == [("user", "final", "Hello"), ("assistant", "final", "Hi")]


def test_an_upstream_that_gives_it_another_id_is_understood_and_the_client_reads_the_first(
    session: ProtocolSession,
) -> None:
    _typed_and_asked(session)
    session.loses_upstream()
    session.gets_upstream()
    session.effects.clear()
    session.upstream(*turns.typed("theirs", "Hello"), *turns.answer("answer", "Hi", after="theirs"))
    placed = session.told_client("conversation.item.added")
    assert [(event["item"]["id"], event["previous_item_id"]) for event in placed] == [("answer", "mine")]
    assert session.said() == [("user", "final", "Hello"), ("assistant", "final", "Hi")]


def test_a_tool_that_upstream_called_is_no_part_of_an_answer(session: ProtocolSession) -> None:
    _typed_and_asked(session)
    call = {"id": "call", "type": "function_call", "status": "in_progress", "name": "f", "call_id": "c"}
    place = {"response_id": "resp_1", "output_index": 0}
    session.upstream(turns.event("response.created", response={"id": "resp_1", "status": "in_progress"}))
    session.upstream(turns.event("response.output_item.added", item=call | {"arguments": ""}, **place))
    arguments = {"item_id": "call", "call_id": "c", "name": "f", "arguments": "{}"}
    session.upstream(turns.event("response.function_call_arguments.done", **place, **arguments))
    session.loses_upstream()
    assert _order(session.gets_upstream()) == ["conversation.item.create", "response.create"]


def test_a_turn_that_got_a_part_of_its_answer_is_not_asked_again(session: ProtocolSession) -> None:
    _typed_and_asked(session)
    session.upstream(*turns.answer_begins("answer", "Well, it", after="mine"))
    session.loses_upstream()
    assert _order(session.gets_upstream()) == []


def test_what_is_sent_again_is_not_in_the_instructions_as_well() -> None:
    asked: list[list[str]] = []

    def remember(past: object) -> str:
        asked.append([turn.text for turn in past])  # type: ignore[attr-defined]
        return "remembering"

    session = ProtocolSession(remember=remember)
    session.upstream(*turns.answer("greeting", "Welcome", after="", response_id="resp_0"))
    _typed_and_asked(session)
    session.loses_upstream()
    session.gets_upstream()
    assert asked == [["Welcome"]]


def test_typed_words_for_which_no_answer_was_asked_are_remembered_instead() -> None:
    asked: list[list[str]] = []

    def remember(past: object) -> str:
        asked.append([turn.text for turn in past])  # type: ignore[attr-defined]
        return "remembering"

    session = ProtocolSession(remember=remember)
    session.client(typed_by_client("Hello", "mine"))
    session.upstream(*turns.typed("mine", "Hello"))
    session.loses_upstream()
    assert _order(session.gets_upstream()) == []
    assert asked == [["Hello"]]


def test_typed_words_that_upstream_had_not_taken_are_sent_again(session: ProtocolSession) -> None:
    session.client(typed_by_client("Hello", "mine"))
    session.loses_upstream()
    assert _order(session.gets_upstream()) == ["conversation.item.create"]
    session.effects.clear()
    session.upstream(*turns.typed("mine", "Hello"))
    assert len(session.told_client("conversation.item.added")) == 1
    assert session.said() == [("user", "final", "Hello")]


def test_a_spoken_turn_that_was_understood_and_not_answered_is_asked_again_in_words(
    session: ProtocolSession,
) -> None:
    session.client(_tone(2, 1000))
    _speaks(session, "user_1", 0, 1000)
    session.upstream(turns.heard("user_1", "What time is it?"))
    session.loses_upstream()
    effects = session.gets_upstream()
    assert _order(effects) == ["conversation.item.create", "response.create"]
    create = events_to_upstream(effects)[1]
    assert create["item"]["content"] == [{"type": "input_text", "text": "What time is it?"}]
    session.upstream(*turns.typed("user_1", "What time is it?"))
    session.upstream(*turns.answer("answer", "Nine", after="user_1"))
    assert session.said() == [("user", "final", "What time is it?"), ("assistant", "final", "Nine")]
    assert session.rows["user_1"].modality == "audio"


def test_noise_is_not_asked_again(session: ProtocolSession) -> None:
    session.client(_tone(2, 1000))
    _speaks(session, "user_1", 0, 1000)
    session.upstream(turns.heard("user_1", ""))
    session.loses_upstream()
    assert _order(session.gets_upstream()) == []


def test_answers_that_were_asked_for_meanwhile_still_wait_for_their_turn(session: ProtocolSession) -> None:
    session.upstream(*turns.answer_begins("answer", "half", after=""))
    session.client(typed_by_client("And?", "mine"), CREATE)
    session.upstream(*turns.typed("mine", "And?", after="answer"))
    assert session.sent("response.create") == []
    session.loses_upstream()
    assert _order(session.gets_upstream()) == ["conversation.item.create", "response.create"]


def test_what_was_typed_into_an_answer_that_had_begun_is_sent_again_though_it_stands_before_it(
    session: ProtocolSession,
) -> None:
    session.client(CREATE)
    session.upstream(turns.event("response.created", response={"id": "resp_1", "status": "in_progress"}))
    session.now += 1
    session.client(typed_by_client("And?", "mine"), CREATE)
    session.upstream(*turns.typed("mine", "And?"))
    session.upstream(*turns.answer_begins("answer", "half", after="mine")[1:])
    session.loses_upstream()
    assert _order(session.gets_upstream()) == ["conversation.item.create", "response.create"]


def test_an_answer_that_nobody_said_anything_for_is_asked_for_again_too(session: ProtocolSession) -> None:
    session.client(CREATE | {"response": {"output_modalities": ["text"]}})
    session.loses_upstream()
    (_, ask) = events_to_upstream(session.gets_upstream())
    assert ask["response"] == {"output_modalities": ["text"]}


def test_a_repeated_turn_that_the_next_upstream_refuses_stays_written_down(session: ProtocolSession) -> None:
    _typed_and_asked(session)
    session.loses_upstream()
    create = events_to_upstream(session.gets_upstream())[1]
    session.upstream(turns.error("invalid_value", "no", event_id=create["event_id"]))
    session.finish()
    assert session.said() == [("user", "final", "Hello")]


def test_words_and_sound_go_up_in_the_order_in_which_they_were_said(key: ProtocolSession) -> None:
    key.client(typed_by_client("first", "mine_1"))
    key.now += 1
    key.client(_tone(2, 1000), COMMIT)
    key.now += 1
    key.client(typed_by_client("third", "mine_2"), CREATE)
    key.loses_upstream()
    effects = key.gets_upstream(**PUSH_TO_TALK)
    assert _order(effects) == [
        "conversation.item.create",
        "sound",
        "input_audio_buffer.commit",
        "conversation.item.create",
        "response.create",
    ]


def test_a_client_that_knows_nothing_of_it_is_still_told_that_an_item_is_gone() -> None:
    session = ProtocolSession()
    session.client(_tone(2, 1000))
    _speaks(session, "user_1", 0, 1000)
    session.effects.clear()
    session.loses_upstream()
    gone: list[Event] = events_to_client(session.gets_upstream())
    assert [event["type"] for event in gone] == ["conversation.item.deleted"]
