"""How long a person waits for the first sound of an answer: measured once per answer that sounds, and never guessed."""

from realtime.protocol.effects import Effect, FirstAudio
from realtime.protocol.latency import LATE_SECONDS
from tests.support import upstream_turns as turns
from tests.support.protocol_session import ProtocolSession, spoken_answer_begins

FRAME = bytes(960)
ASK = {"type": "response.create"}
COMMIT = {"type": "input_audio_buffer.commit"}


def _waits(effects: list[Effect]) -> list[float]:
    return [round(effect.seconds, 3) for effect in effects if isinstance(effect, FirstAudio)]


def _types(session: ProtocolSession, text: str = "Hello", item_id: str = "item_t") -> None:
    content = [{"type": "input_text", "text": text}]
    item = {"id": item_id, "type": "message", "role": "user", "content": content}
    session.client({"type": "conversation.item.create", "item": item}, ASK)


def _speaks(session: ProtocolSession, item_id: str) -> None:
    session.upstream(*turns.spoken(item_id))


def _is_answered(session: ProtocolSession, item_id: str, response_id: str = "resp_1") -> None:
    session.upstream(*spoken_answer_begins(item_id, response_id=response_id))


def _sounds(session: ProtocolSession, item_id: str, response_id: str = "resp_1") -> None:
    session.upstream(turns.sound(item_id, FRAME, response_id=response_id))


def test_a_spoken_turn_is_timed_from_its_last_sound_to_the_first_of_its_answer() -> None:
    session = ProtocolSession()
    _speaks(session, "item_1")
    session.later(0.25)
    _is_answered(session, "item_2")
    session.later(0.5)
    _sounds(session, "item_2")
    session.later(0.1)
    _sounds(session, "item_2")
    assert _waits(session.effects) == [0.75]


def test_it_is_the_same_for_a_client_that_takes_binary_audio() -> None:
    session = ProtocolSession(binary_audio=True)
    _speaks(session, "item_1")
    session.later(0.4)
    _is_answered(session, "item_2")
    _sounds(session, "item_2")
    assert _waits(session.effects) == [0.4]


def test_off_the_record_it_is_timed_too() -> None:
    session = ProtocolSession(save=False)
    _speaks(session, "item_1")
    session.later(0.4)
    _is_answered(session, "item_2")
    _sounds(session, "item_2")
    assert _waits(session.effects) == [0.4]


def test_with_push_to_talk_the_wait_begins_at_the_commit() -> None:
    session = ProtocolSession(turn_detection="push_to_talk", greeted=False)
    session.gets_upstream(audio={"input": {"turn_detection": None}})
    session.client(bytes(48_000), COMMIT)
    session.later(0.1)
    session.client(ASK)
    session.later(0.5)
    _is_answered(session, "item_2")
    _sounds(session, "item_2")
    assert _waits(session.effects) == [0.6]


def test_a_commit_that_upstream_refused_began_no_wait() -> None:
    session = ProtocolSession(turn_detection="push_to_talk", greeted=False)
    session.gets_upstream(audio={"input": {"turn_detection": None}})
    session.client(COMMIT)
    [commit] = session.sent("input_audio_buffer.commit")
    session.upstream(turns.error("input_audio_buffer_commit_empty", "empty", event_id=commit["event_id"]))
    session.later(5)
    _types(session)
    session.later(0.5)
    _is_answered(session, "item_2")
    _sounds(session, "item_2")
    assert _waits(session.effects) == [0.5]


def test_a_typed_turn_is_timed_from_the_question_for_an_answer() -> None:
    session = ProtocolSession()
    _types(session)
    session.later(1.5)
    _is_answered(session, "item_2")
    _sounds(session, "item_2")
    assert _waits(session.effects) == [1.5]


def test_who_asks_long_after_the_last_word_is_timed_from_the_question() -> None:
    session = ProtocolSession()
    session.upstream(turns.event("input_audio_buffer.speech_started", audio_start_ms=0, item_id="item_1"))
    session.upstream(turns.event("input_audio_buffer.speech_stopped", audio_end_ms=900, item_id="item_1"))
    session.later(LATE_SECONDS + 1)
    session.client(ASK)
    session.later(0.5)
    _is_answered(session, "item_2")
    _sounds(session, "item_2")
    assert _waits(session.effects) == [0.5]


def test_what_upstream_says_unasked_long_after_the_last_word_is_not_timed() -> None:
    session = ProtocolSession()
    session.upstream(turns.event("input_audio_buffer.speech_stopped", audio_end_ms=900, item_id="item_1"))
    session.later(LATE_SECONDS + 1)
    _is_answered(session, "item_2")
    _sounds(session, "item_2")
    assert _waits(session.effects) == []


def test_an_answer_in_words_is_not_timed_and_says_nothing_about_the_next() -> None:
    session = ProtocolSession()
    _types(session)
    session.upstream(*turns.answer("item_2", "Good day", after="item_t"))
    session.later(8)
    _speaks(session, "item_3")
    session.later(0.5)
    _is_answered(session, "item_4", "resp_2")
    _sounds(session, "item_4", "resp_2")
    assert _waits(session.effects) == [0.5]


def test_an_answer_that_was_interrupted_before_it_sounded_is_not_timed() -> None:
    session = ProtocolSession()
    _speaks(session, "item_1")
    _is_answered(session, "item_2")
    session.later(1)
    _speaks(session, "item_3")
    session.later(0.5)
    _sounds(session, "item_2")  # it trails behind
    _is_answered(session, "item_4", "resp_2")
    _sounds(session, "item_4", "resp_2")
    assert _waits(session.effects) == [0.5]


def test_who_goes_on_speaking_after_a_pause_is_timed_from_the_end() -> None:
    session = ProtocolSession()
    _speaks(session, "item_1")
    session.later(2)
    _speaks(session, "item_2")
    session.later(0.5)
    _is_answered(session, "item_3")
    _sounds(session, "item_3")
    assert _waits(session.effects) == [0.5]


def test_noise_is_no_turn_that_anybody_waits_for() -> None:
    session = ProtocolSession()
    _speaks(session, "item_1")
    session.upstream(turns.heard("item_1", ""))
    session.later(5)
    _types(session)
    session.later(0.5)
    _is_answered(session, "item_2")
    _sounds(session, "item_2")
    assert _waits(session.effects) == [0.5]


def test_a_turn_whose_upstream_was_lost_is_not_timed_and_the_next_one_is() -> None:
    session = ProtocolSession()
    session.client(bytes(48_000))
    _speaks(session, "item_1")
    session.loses_upstream()
    session.later(3)
    session.gets_upstream()
    _speaks(session, "item_again")  # what was said before is heard once more
    _is_answered(session, "item_2")
    _sounds(session, "item_2")
    assert _waits(session.effects) == []
    session.upstream(
        turns.event("input_audio_buffer.speech_started", audio_start_ms=60_000, item_id="item_3")
    )
    session.upstream(turns.event("input_audio_buffer.speech_stopped", audio_end_ms=61_000, item_id="item_3"))
    session.later(0.5)
    _is_answered(session, "item_4", "resp_2")
    _sounds(session, "item_4", "resp_2")
    assert _waits(session.effects) == [0.5]


def test_a_typed_turn_that_another_upstream_is_asked_again_is_not_timed() -> None:
    session = ProtocolSession()
    _types(session)
    session.loses_upstream()
    session.later(3)
    session.gets_upstream()
    _is_answered(session, "item_2")
    _sounds(session, "item_2")
    assert _waits(session.effects) == []


def test_nobody_is_timed_who_has_left() -> None:
    session = ProtocolSession()
    _speaks(session, "item_1")
    session.hang_up()
    _is_answered(session, "item_2")
    _sounds(session, "item_2")
    assert _waits(session.effects) == []
