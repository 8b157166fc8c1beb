"""TranscriptLog: typed turns, by id, under a server's own ids, refused, and never answered."""

import pytest

from realtime.protocol.transcript import TranscriptLog
from tests.support import upstream_turns as turns
from tests.support.protocol_session import Minutes


@pytest.fixture
def minutes() -> Minutes:
    return Minutes()


def _types(minutes: Minutes, item_id: str, text: str) -> TranscriptLog:
    minutes.log.create_forwarded(item_id, text, minutes.now)
    return minutes.log


def test_a_typed_turn_is_told_once_upstream_has_taken_it(minutes: Minutes) -> None:
    _types(minutes, "mine", "Hello")
    assert minutes.told == []
    minutes.hear(*turns.typed("mine", "Hello"))
    assert minutes.said() == [("user", "final", "Hello")]
    assert list(minutes.rows) == ["mine"]


def test_a_typed_turn_is_found_by_its_words_when_the_server_gives_it_another_id(minutes: Minutes) -> None:
    _types(minutes, "mine_1", "first")
    _types(minutes, "mine_2", "second")
    minutes.hear(*turns.typed("theirs_1", "first"), *turns.typed("theirs_2", "second", after="theirs_1"))
    assert minutes.said() == [("user", "final", "first"), ("user", "final", "second")]
    assert list(minutes.rows) == ["theirs_1", "theirs_2"]


def test_the_same_words_twice_are_two_turns(minutes: Minutes) -> None:
    _types(minutes, "mine_1", "yes")
    _types(minutes, "mine_2", "yes")
    minutes.hear(*turns.typed("theirs_1", "yes"), *turns.typed("theirs_2", "yes", after="theirs_1"))
    assert list(minutes.rows) == ["theirs_1", "theirs_2"]


def test_an_acknowledgement_without_words_answers_what_was_sent_first(minutes: Minutes) -> None:
    _types(minutes, "mine_1", "first")
    _types(minutes, "mine_2", "second")
    bare = {"id": "theirs", "type": "message", "role": "user"}
    minutes.hear(turns.event("conversation.item.added", previous_item_id=None, item=bare))
    assert minutes.said() == [("user", "final", "first")]


def test_an_old_item_under_a_new_id_is_not_taken_for_the_turn_that_is_awaited(minutes: Minutes) -> None:
    _types(minutes, "mine", "What did I say?")
    minutes.hear(*turns.typed("replayed", "The code word is cobalt."))
    assert minutes.told == []
    minutes.hear(*turns.typed("theirs", "What did I say?", after="replayed"))
    assert minutes.said() == [("user", "final", "What did I say?")]


def test_an_old_item_with_the_same_words_gives_way_to_the_one_that_comes_under_the_right_id(
    minutes: Minutes,
) -> None:
    minutes.hear(*turns.spoken("voice"))
    _types(minutes, "mine", "yes")
    minutes.hear(turns.typed("old", "yes", after="voice")[0])
    minutes.hear(*turns.spoken("voice_2", after="voice"), *turns.typed("mine", "yes", after="voice_2"))
    minutes.hear(turns.heard("voice", "first"), turns.heard("voice_2", "second"))
    assert [(turn.item_id, turn.text) for turn in minutes.told] == [
        ("voice", "first"),
        ("voice_2", "second"),
        ("mine", "yes"),
    ]


def test_a_spoken_item_is_not_taken_for_the_typed_turn_that_is_awaited(minutes: Minutes) -> None:
    _types(minutes, "mine", "typed")
    minutes.hear(
        *turns.spoken("voice"), turns.heard("voice", "spoken"), *turns.typed("mine", "typed", after="voice")
    )
    assert minutes.said() == [("user", "final", "spoken"), ("user", "final", "typed")]


def test_a_spoken_item_that_brings_the_same_words_is_not_taken_for_it_either(minutes: Minutes) -> None:
    _types(minutes, "mine", "yes")
    speech = turns.spoken("voice")
    speech[3]["item"]["content"][0]["transcript"] = "yes"
    minutes.hear(
        speech[3], speech[2], turns.heard("voice", "yes"), *turns.typed("mine", "yes", after="voice")
    )
    assert [(turn.item_id, turn.modality) for turn in minutes.told] == [("voice", "audio"), ("mine", "text")]


def test_a_typed_turn_that_was_refused_is_no_turn(minutes: Minutes) -> None:
    _types(minutes, "mine", "Hello").create_refused("mine")
    minutes.finish()
    assert minutes.told == []
    assert not minutes.log.knows("mine")


def test_a_typed_turn_that_nobody_answered_is_kept_at_the_end(minutes: Minutes) -> None:
    minutes.hear(*turns.spoken("voice"), turns.heard("voice", "spoken"))
    log = _types(minutes, "mine", "typed and sent")
    assert log.awaits_transcripts
    minutes.finish()
    assert minutes.said() == [("user", "final", "spoken"), ("user", "final", "typed and sent")]


def test_a_typed_turn_between_spoken_ones_stands_between_them(minutes: Minutes) -> None:
    minutes.hear(*turns.spoken("voice_1"))
    _types(minutes, "mine", "typed")
    minutes.hear(*turns.typed("mine", "typed", after="voice_1"), *turns.spoken("voice_2", after="mine"))
    minutes.hear(turns.heard("voice_2", "second"), turns.heard("voice_1", "first"))
    assert [turn.text for turn in minutes.told] == ["first", "typed", "second"]


def test_an_id_is_known_while_it_is_awaited_and_afterwards(minutes: Minutes) -> None:
    assert not minutes.log.knows("mine")
    _types(minutes, "mine", "Hello")
    assert minutes.log.knows("mine")
    minutes.hear(*turns.typed("mine", "Hello"))
    assert minutes.log.knows("mine")


def test_a_typed_turn_is_text_and_was_said_when_it_was_sent(minutes: Minutes) -> None:
    _types(minutes, "mine", "Hello")
    sent_at = minutes.now
    minutes.later(2)
    minutes.hear(*turns.typed("mine", "Hello"))
    (turn,) = minutes.told
    assert (turn.modality, turn.at) == ("text", sent_at)
