"""TranscriptLog: which items are turns, in which order they are told, and how long words are waited for."""

from realtime.protocol.events import Event
from realtime.protocol.spoken_order import HOLD_SECONDS
from realtime.protocol.transcript import TRANSCRIPT_SECONDS
from tests.support import upstream_turns as turns
from tests.support.protocol_session import Minutes, not_heard, spoken_answer, spoken_answer_begins, words


def test_a_spoken_turn_and_its_answer_are_told_in_spoken_order_though_the_users_words_come_last() -> None:
    minutes = Minutes()
    minutes.hear(*turns.spoken("user_1"), *spoken_answer("answer_1", "Good morning", 1, after="user_1"))
    assert minutes.told == []
    minutes.hear(turns.heard("user_1", "Hello there"))
    assert minutes.said() == [("user", "final", "Hello there"), ("assistant", "final", "Good morning")]


def test_words_that_come_before_their_turn_is_committed_are_kept_for_it() -> None:
    minutes = Minutes()
    minutes.hear(turns.heard("user_1", "early bird"))
    assert minutes.told == []
    minutes.hear(*turns.spoken("user_1"))
    assert minutes.said() == [("user", "final", "early bird")]


def test_words_that_come_between_the_item_and_its_commit_are_kept_too() -> None:
    speech = turns.spoken("user_1")
    added, committed = speech[3], speech[2]
    minutes = Minutes()
    minutes.hear(added, turns.heard("user_1", "in between"), committed)
    assert minutes.said() == [("user", "final", "in between")]


def test_words_that_came_early_are_not_lost_to_a_failure_that_follows() -> None:
    minutes = Minutes()
    minutes.hear(turns.heard("user_1", "early bird"), not_heard("user_1"), *turns.spoken("user_1"))
    assert minutes.said() == [("user", "final", "early bird")]


def test_an_early_failure_gives_way_to_words_that_come_after_it() -> None:
    minutes = Minutes()
    minutes.hear(not_heard("user_1"), turns.heard("user_1", "after all"), *turns.spoken("user_1"))
    assert minutes.said() == [("user", "final", "after all")]


def test_a_turn_whose_words_never_come_is_failed_at_the_end() -> None:
    minutes = Minutes()
    minutes.hear(*turns.spoken("user_1"))
    minutes.finish()
    assert minutes.said() == [("user", "failed", "")]


def test_a_turn_that_could_not_be_understood_is_failed_and_keeps_its_place() -> None:
    minutes = Minutes()
    minutes.hear(*turns.spoken("user_1"), *spoken_answer("answer_1", "Pardon?", 1, after="user_1"))
    minutes.hear(not_heard("user_1"))
    assert minutes.said() == [("user", "failed", ""), ("assistant", "final", "Pardon?")]


def test_words_that_follow_a_failure_fill_the_same_turn() -> None:
    minutes = Minutes()
    minutes.hear(*turns.spoken("user_1"), not_heard("user_1"))
    minutes.hear(turns.heard("user_1", "so it did work"))
    assert [turn.status for turn in minutes.told] == ["failed", "final"]
    assert minutes.said() == [("user", "final", "so it did work")]


def test_a_failure_that_follows_the_words_changes_nothing() -> None:
    minutes = Minutes()
    minutes.hear(*turns.spoken("user_1"), turns.heard("user_1", "clear as day"))
    assert minutes.hear(not_heard("user_1")) == []
    assert minutes.said() == [("user", "final", "clear as day")]


def test_noise_without_words_keeps_a_hidden_place() -> None:
    minutes = Minutes()
    minutes.hear(*turns.spoken("user_1"), turns.heard("user_1", "  "))
    (turn,) = minutes.told
    assert (turn.status, turn.text, turn.hidden) == ("final", "", True)


def test_what_was_said_is_never_hidden() -> None:
    minutes = Minutes()
    minutes.hear(
        *turns.spoken("user_1"), turns.heard("user_1", "hm"), *turns.spoken("user_2"), not_heard("user_2")
    )
    assert [turn.hidden for turn in minutes.told] == [False, False]


def test_an_answer_waits_five_seconds_for_the_users_words_then_their_place_is_told_as_pending() -> None:
    minutes = Minutes()
    minutes.hear(*turns.spoken("user_1"), *spoken_answer("answer_1", "Good morning", 1, after="user_1"))
    assert minutes.later(HOLD_SECONDS - 0.01) == []
    minutes.later(0.02)
    assert minutes.said() == [("user", "pending", ""), ("assistant", "final", "Good morning")]


def test_a_pending_place_is_filled_when_its_words_land_and_nothing_moves() -> None:
    minutes = Minutes()
    minutes.hear(*turns.spoken("user_1"), *spoken_answer("answer_1", "Good morning", 1, after="user_1"))
    minutes.later(60)
    assert [turn.item_id for turn in minutes.hear(turns.heard("user_1", "Hello"))] == ["user_1"]
    assert minutes.said() == [("user", "final", "Hello"), ("assistant", "final", "Good morning")]


def test_a_later_turn_has_a_wait_of_its_own() -> None:
    minutes = Minutes()
    minutes.hear(*turns.spoken("user_1"), *spoken_answer("answer_1", "one", 1, after="user_1"))
    minutes.later(HOLD_SECONDS - 1)
    minutes.hear(*turns.spoken("user_2", after="answer_1"))
    minutes.hear(*spoken_answer("answer_2", "two", 1, after="user_2", response_id="resp_2"))
    minutes.later(1.5)
    assert [turn.item_id for turn in minutes.told] == ["user_1", "answer_1"]
    minutes.hear(turns.heard("user_2", "in time"))
    assert minutes.said()[2:] == [("user", "final", "in time"), ("assistant", "final", "two")]


def test_a_turn_alone_is_not_told_before_its_words_are_there() -> None:
    minutes = Minutes()
    minutes.hear(*turns.spoken("user_1"))
    assert minutes.later(TRANSCRIPT_SECONDS - 0.01) == []
    assert minutes.log.awaits_transcripts


def test_words_that_do_not_come_for_half_a_minute_are_given_up_and_taken_all_the_same_when_they_come() -> (
    None
):
    minutes = Minutes()
    minutes.hear(*turns.spoken("user_1"))
    minutes.later(TRANSCRIPT_SECONDS)
    assert minutes.said() == [("user", "failed", "")]
    assert not minutes.log.awaits_transcripts
    minutes.hear(turns.heard("user_1", "Hello"))
    assert minutes.said() == [("user", "final", "Hello")]


def test_who_goes_on_after_a_pause_within_one_turn_is_written_down_in_full() -> None:
    minutes = Minutes()
    minutes.hear(*turns.spoken("user_1"), turns.heard("user_1", "Hello."))
    minutes.hear(turns.heard("user_1", "Hello. My name is Ana."), turns.heard("user_1", "Hello."))
    assert minutes.said() == [("user", "final", "Hello. My name is Ana.")]


def test_what_somebody_is_still_saying_stands_before_an_answer_that_is_given_meanwhile() -> None:
    minutes = Minutes()
    item: Event = {"id": "user_1", "type": "message", "role": "user", "status": "in_progress"}
    item["content"] = [{"type": "input_audio", "transcript": ""}]
    minutes.hear(turns.event("conversation.item.added", previous_item_id=None, item=item))
    minutes.hear(*turns.answer("answer_1", "to what was typed", after="user_1"))
    assert minutes.told == []
    minutes.hear(turns.spoken("user_1")[2], turns.heard("user_1", "spoken meanwhile"))
    assert [turn.text for turn in minutes.told] == ["spoken meanwhile", "to what was typed"]


def test_turns_stand_where_upstream_put_them_not_in_order_of_arrival() -> None:
    minutes = Minutes()
    minutes.hear(*turns.spoken("user_1"), *turns.spoken("user_2", after="user_1"))
    # The answer to the first turn is announced after the second turn was spoken.
    minutes.hear(*spoken_answer("answer_1", "to the first", 1, after="user_1"))
    minutes.hear(turns.heard("user_2", "second"), turns.heard("user_1", "first"))
    assert [turn.text for turn in minutes.told] == ["first", "to the first", "second"]


def test_the_place_in_done_events_is_not_believed() -> None:
    # Real servers give null there for the item behind the very first one.
    minutes = Minutes()
    minutes.hear(*turns.spoken("user_1"), *spoken_answer("answer_1", "Good morning", 1, after="user_1"))
    minutes.hear(turns.heard("user_1", "Hello"))
    assert list(minutes.rows) == ["user_1", "answer_1"]


def test_a_turn_behind_something_that_nobody_announced_comes_last() -> None:
    minutes = Minutes()
    minutes.hear(*turns.spoken("user_1"), turns.heard("user_1", "first"))
    minutes.hear(*turns.spoken("user_2", after="nobody_knows"), turns.heard("user_2", "second"))
    assert [turn.text for turn in minutes.told] == ["first", "second"]


def test_nothing_is_put_before_a_turn_that_was_told() -> None:
    minutes = Minutes()
    minutes.hear(*turns.spoken("user_1"), turns.heard("user_1", "first"))
    minutes.hear(*turns.spoken("user_2", after="user_1"), turns.heard("user_2", "second"))
    minutes.hear(*turns.spoken("late", after="user_1"), turns.heard("late", "late"))
    assert [turn.text for turn in minutes.told] == ["first", "second", "late"]
    assert list(minutes.rows) == ["user_1", "user_2", "late"]


def test_a_turn_that_was_told_does_not_move_when_upstream_says_where_it_belongs() -> None:
    minutes = Minutes()
    minutes.hear(*turns.spoken("user_1"), turns.heard("user_1", "first"))
    minutes.hear(*turns.spoken("user_2", after="user_1"))
    added = turns.spoken("user_1", after="user_2")[3]
    assert minutes.hear(added) == []
    minutes.hear(turns.heard("user_2", "second"))
    assert [turn.text for turn in minutes.told] == ["first", "second"]


def test_an_item_that_names_itself_as_the_one_before_it_stays_where_it_is() -> None:
    minutes = Minutes()
    minutes.hear(*turns.spoken("user_1"), *turns.spoken("user_1", after="user_1"))
    minutes.hear(turns.heard("user_1", "once"))
    assert minutes.said() == [("user", "final", "once")]


def test_a_turn_is_told_again_only_when_it_changed() -> None:
    minutes = Minutes()
    hello = turns.heard("user_1", "Hello")
    minutes.hear(*turns.spoken("user_1"), hello)
    assert minutes.hear(hello, hello, *turns.spoken("user_1")[2:]) == []
    assert minutes.later(60) == []
    assert minutes.finish() == []


def test_words_that_come_twice_are_taken_once() -> None:
    minutes = Minutes()
    minutes.hear(
        *turns.spoken("user_1"), turns.heard("user_1", "Hello"), turns.heard("user_1", "Hello again")
    )
    assert minutes.said() == [("user", "final", "Hello")]


def test_a_snapshot_of_words_still_being_made_out_is_not_final() -> None:
    snapshot = turns.heard("user_1", "Hello my") | {"status": "in_progress"}
    minutes = Minutes()
    minutes.hear(*turns.spoken("user_1"), snapshot)
    assert minutes.told == []
    minutes.hear(turns.heard("user_1", "Hello, my name is Marcelo.") | {"status": "completed"})
    assert minutes.said() == [("user", "final", "Hello, my name is Marcelo.")]


def test_an_item_that_nobody_committed_is_no_turn() -> None:
    minutes = Minutes()
    added = turns.spoken("user_1")[3]
    minutes.hear(added, turns.heard("user_1", "of an earlier session"))
    minutes.finish()
    assert minutes.told == []


def test_an_assistant_item_that_no_response_announced_is_no_turn() -> None:
    old = {
        "id": "old",
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "then"}],
    }
    minutes = Minutes()
    minutes.hear(turns.event("conversation.item.added", previous_item_id=None, item=old))
    minutes.finish()
    assert minutes.told == []


def test_an_item_that_was_announced_before_it_became_a_turn_keeps_its_place() -> None:
    minutes = Minutes()
    speech = turns.spoken("user_1")
    minutes.hear(speech[0], speech[3])  # added before it is committed
    minutes.hear(
        speech[2],
        *spoken_answer("answer_1", "Yes", 1, after="user_1"),
        turns.heard("user_1", "Are you there"),
    )
    assert [turn.text for turn in minutes.told] == ["Are you there", "Yes"]


def test_an_idle_nudge_is_not_something_the_user_said() -> None:
    system = {
        "id": "sys",
        "type": "message",
        "role": "system",
        "content": [{"type": "input_text", "text": "No speech."}],
    }
    minutes = Minutes()
    minutes.hear(
        turns.event("input_audio_buffer.timeout_triggered", audio_start_ms=0, audio_end_ms=1, item_id="nudge")
    )
    minutes.hear(turns.event("conversation.item.added", previous_item_id=None, item=system))
    minutes.hear(
        *turns.spoken("nudge", after="sys")[2:], *turns.answer("answer_1", "Still there?", after="nudge")
    )
    minutes.hear(turns.heard("nudge", ""))
    minutes.finish()
    assert minutes.said() == [("assistant", "final", "Still there?")]


def test_a_function_call_is_no_turn_and_those_behind_it_still_find_their_place() -> None:
    call = {
        "id": "call",
        "type": "function_call",
        "status": "in_progress",
        "name": "weather",
        "call_id": "c",
        "arguments": "",
    }
    minutes = Minutes()
    minutes.hear(*turns.spoken("user_1"), turns.heard("user_1", "Will it rain?"))
    minutes.hear(turns.event("response.output_item.added", response_id="resp_1", output_index=0, item=call))
    minutes.hear(turns.event("conversation.item.added", previous_item_id="user_1", item=call))
    minutes.hear(
        turns.event("response.done", response={"id": "resp_1", "status": "completed", "output": [call]})
    )
    minutes.hear(*turns.answer("answer_1", "It will", after="call", response_id="resp_2"))
    assert minutes.said() == [("user", "final", "Will it rain?"), ("assistant", "final", "It will")]


def test_a_function_call_that_carries_a_role_is_no_turn_either() -> None:
    call = {"id": "call", "type": "function_call", "role": "assistant", "name": "weather", "arguments": ""}
    minutes = Minutes()
    minutes.hear(turns.event("response.output_item.added", response_id="resp_1", output_index=0, item=call))
    minutes.hear(*turns.answer("answer_1", "It will", after="call", response_id="resp_2"))
    assert minutes.said() == [("assistant", "final", "It will")]


def test_two_messages_of_one_response_are_two_turns_in_their_order() -> None:
    minutes = Minutes()
    first, second = spoken_answer_begins("aside"), spoken_answer_begins("answer", after="aside")[1:]
    minutes.hear(*first, words("aside", "Let me see."), *second, words("answer", "It is nine."))
    done = {"id": "resp_1", "status": "completed", "output": [{"id": "aside"}, {"id": "answer"}]}
    minutes.hear(turns.event("response.done", response=done))
    assert [turn.text for turn in minutes.told] == ["Let me see.", "It is nine."]


def test_an_answer_without_words_and_sound_is_no_turn() -> None:
    minutes = Minutes()
    minutes.hear(*spoken_answer_begins("answer_1"))
    minutes.hear(turns.event("response.done", response={"id": "resp_1", "status": "cancelled", "output": []}))
    minutes.finish()
    assert minutes.told == []


def test_an_empty_answer_whose_place_was_told_keeps_it_hidden() -> None:
    minutes = Minutes()
    minutes.hear(*spoken_answer_begins("answer_1"))
    minutes.hear(*turns.spoken("user_1", after="answer_1"), turns.heard("user_1", "Hello?"))
    minutes.later(HOLD_SECONDS)
    minutes.hear(turns.event("response.done", response={"id": "resp_1", "status": "cancelled", "output": []}))
    assert [(turn.role, turn.status, turn.hidden) for turn in minutes.rows.values()] == [
        ("assistant", "final", True),
        ("user", "final", False),
    ]


def test_events_without_sense_are_no_reason_to_stumble() -> None:
    minutes = Minutes()
    for kind in [
        event["type"] for event in [*turns.spoken("x"), turns.heard("x", ""), *spoken_answer("y", "z", 1)]
    ]:
        minutes.hear(
            {"type": kind}, {"type": kind, "item_id": [1], "item": 7, "response": [], "previous_item_id": {}}
        )
        minutes.hear(
            {
                "type": kind,
                "item_id": None,
                "item": {"id": {}, "content": "x"},
                "delta": 5,
                "content_index": "a",
            }
        )
    minutes.finish()
    assert [turn for turn in minutes.told if turn.text] == []
