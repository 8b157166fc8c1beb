"""Whole conversations with servers of every habit, through the door and the core: what was said is what is recorded."""

import json
from typing import Any

import pytest

from tests.support import foreign_turns as foreign
from tests.support import protocol_session as ga_turns
from tests.support import upstream_turns
from tests.support.dialect_stage import BehindDoor
from tests.support.foreign_turns import Event, event
from tests.support.ga_events import ga_event
from tests.support.protocol_session import SECOND, Said, typed_by_client, words

HEARD = "conversation.item.input_audio_transcription"


@pytest.fixture
def openai() -> BehindDoor:
    session = BehindDoor()
    session.upstream(upstream_turns.created(), upstream_turns.updated())
    return session


@pytest.fixture
def beta() -> BehindDoor:
    session = BehindDoor(voice="", transcription_model="")
    session.upstream(*foreign.greeted(foreign.voice_live_session()))
    return session


@pytest.fixture
def xai() -> BehindDoor:
    session = BehindDoor(voice="", transcription_model="")
    session.upstream(*foreign.greeted(foreign.xai_session(), turn_detection={"type": "server_vad"}))
    return session


def _said(session: BehindDoor) -> list[Said]:
    """What was said, once all that could still come had time to. Everything that a client was told fits GA."""
    session.later(40)
    session.hang_up()
    session.finish()
    for told in session.told_client():
        if not told["type"].startswith("session."):
            ga_event(json.dumps(told))
    return session.said()


def _call(
    item_id: str, index: int, status: str = "completed", arguments: str = '{"city": "Rome"} \n'
) -> Event:
    return {
        "id": item_id,
        "type": "function_call",
        "status": status,
        "name": "get_weather",
        "call_id": f"call_{index}",
        "arguments": arguments if status == "completed" else "",
    }


def _calls(*item_ids: str, response_id: str = "resp_1", first: int = 0) -> list[Event]:
    """Function calls of one response whose arguments come interleaved."""
    events, numbered = [], list(enumerate(item_ids, start=first))
    for index, item_id in numbered:
        item = _call(item_id, index, "in_progress")
        events += [
            event("response.output_item.added", response_id=response_id, output_index=index, item=item),
            event("conversation.item.added", previous_item_id=None, item=item),
        ]
    for piece in ('{"city": ', '"Rome"} \n'):
        for index, item_id in numbered:
            place = {
                "response_id": response_id,
                "item_id": item_id,
                "output_index": index,
                "call_id": f"call_{index}",
            }
            events.append(event("response.function_call_arguments.delta", **place, delta=piece))
    for index, item_id in numbered:
        item = _call(item_id, index)
        events += [
            event("conversation.item.done", previous_item_id=None, item=item),
            event("response.output_item.done", response_id=response_id, output_index=index, item=item),
        ]
    return events


# --- OpenAI and those who speak as it does ----------------------------------------------------------------------------


def test_calls_at_once_are_no_turns_and_what_is_said_about_them_is(openai: BehindDoor) -> None:
    openai.client(typed_by_client("What is the weather?", "item_1"))
    openai.client({"type": "response.create"})
    created = {"id": "resp_1", "status": "in_progress", "output": []}
    output = {"id": "item_o", "type": "function_call_output", "call_id": "call_0", "output": "foggy"}
    openai.upstream(
        *upstream_turns.typed("item_1", "What is the weather?"),
        event("response.created", response=created),
        *_calls("item_a", "item_b"),
        event("response.done", response=created | {"status": "completed", "output": [_call("item_a", 0)]}),
        event("conversation.item.added", previous_item_id="item_b", item=output),
        event("conversation.item.done", previous_item_id="item_b", item=output),
        *upstream_turns.answer("item_2", "It is foggy.", after="item_o", response_id="resp_2"),
    )
    assert _said(openai) == [
        ("user", "final", "What is the weather?"),
        ("assistant", "final", "It is foggy."),
    ]


def test_commentary_before_a_call_is_said_and_so_is_the_answer_after_it(openai: BehindDoor) -> None:
    """The words of the first item are settled after the second item began."""
    begun = upstream_turns.answer_begins("item_c", "Let me look.", after="item_1")
    for each in begun:
        if "item" in each:
            each["item"]["phase"] = "commentary"
    settled = upstream_turns.answer_ends("item_c", "Let me look.")
    response = {"id": "resp_1", "status": "completed", "output": [settled[1]["item"], _call("item_a", 1)]}
    openai.upstream(
        *upstream_turns.spoken("item_1"),
        *begun,
        *_calls("item_a", first=1)[:3],
        *settled[:3],
        *_calls("item_a", first=1)[4:],
        event("response.done", response=response),
        upstream_turns.heard("item_1", "What is the weather?"),
        *upstream_turns.answer("item_2", "Foggy.", after="item_o", response_id="resp_2"),
    )
    assert _said(openai) == [
        ("user", "final", "What is the weather?"),
        ("assistant", "final", "Let me look."),
        ("assistant", "final", "Foggy."),
    ]


def _two_messages(*, late: bool) -> list[Event]:
    """A response of two spoken messages; `late`: the first one's words are settled when the second is under way."""
    first = ga_turns.spoken_answer("item_a", "One moment.", 1)
    begun, ended = first[:-5], first[-5:-1]
    second = ga_turns.spoken_answer("item_b", "Here it is.", 1, after="item_a")[1:]
    for each in second:
        each |= {"output_index": 1} if "output_index" in each else {}
    place = 4 if late else 0
    return [*begun, *([] if late else ended), *second[:place], *(ended if late else []), *second[place:]]


@pytest.mark.parametrize("late", [False, True])
def test_two_messages_of_one_response_are_two_turns_in_their_order(openai: BehindDoor, late: bool) -> None:
    openai.upstream(
        *upstream_turns.spoken("item_1"), upstream_turns.heard("item_1", "Well?"), *_two_messages(late=late)
    )
    assert _said(openai) == [
        ("user", "final", "Well?"),
        ("assistant", "final", "One moment."),
        ("assistant", "final", "Here it is."),
    ]


def test_a_nudge_of_the_server_is_not_speech_of_the_user(openai: BehindDoor) -> None:
    system = {"id": "item_s", "type": "message", "role": "system", "status": "completed"}
    system["content"] = [{"type": "input_text", "text": "No user speech was detected for a while."}]  # type: ignore[assignment]
    openai.upstream(
        *upstream_turns.spoken("item_1"),
        upstream_turns.heard("item_1", "Hello."),
        *ga_turns.spoken_answer("item_2", "Hello!", 1, after="item_1"),
        event(
            "input_audio_buffer.timeout_triggered", audio_start_ms=672, audio_end_ms=5792, item_id="item_u"
        ),
        event("conversation.item.added", previous_item_id="item_2", item=system),
        event("conversation.item.done", previous_item_id="item_2", item=system),
        *upstream_turns.spoken("item_u", after="item_s")[2:],
        *ga_turns.spoken_answer("item_3", "Still there?", 1, after="item_u", response_id="resp_2"),
        upstream_turns.heard("item_u", ""),
    )
    assert _said(openai) == [
        ("user", "final", "Hello."),
        ("assistant", "final", "Hello!"),
        ("assistant", "final", "Still there?"),
    ]


def test_words_that_stream_before_their_turn_is_closed_are_told_once(openai: BehindDoor) -> None:
    started, *closed = upstream_turns.spoken("item_1")
    deltas = [
        event(f"{HEARD}.delta", item_id="item_1", content_index=0, delta=d) for d in (" Hello", ",", " you")
    ]
    openai.upstream(
        started,
        *deltas,
        *closed,
        *ga_turns.spoken_answer("item_2", "Hi.", 1, after="item_1"),
        upstream_turns.heard("item_1", "Hello, you"),
    )
    assert _said(openai) == [("user", "final", "Hello, you"), ("assistant", "final", "Hi.")]
    assert len(openai.told_client(f"{HEARD}.delta")) == 3


def test_a_turn_that_nobody_could_transcribe_stands_where_it_was_said(openai: BehindDoor) -> None:
    openai.upstream(
        *upstream_turns.spoken("item_1"),
        *ga_turns.spoken_answer("item_2", "Nice to meet you.", 1, after="item_1"),
        ga_turns.not_heard("item_1"),
    )
    assert _said(openai) == [("user", "failed", ""), ("assistant", "final", "Nice to meet you.")]
    assert "upstream's own words" not in json.dumps(openai.told_client())


def test_three_turns_whose_words_come_late_and_crosswise_keep_their_order(openai: BehindDoor) -> None:
    previous = None
    for number in (1, 2, 3):
        openai.upstream(
            *upstream_turns.spoken(f"item_{number}", after=previous),
            *ga_turns.spoken_answer(
                f"answer_{number}",
                f"Answer {number}.",
                1,
                after=f"item_{number}",
                response_id=f"resp_{number}",
            ),
        )
        previous = f"answer_{number}"
        openai.later(2)
    openai.upstream(*(upstream_turns.heard(f"item_{number}", f"Question {number}?") for number in (2, 3, 1)))
    assert _said(openai) == [
        said
        for number in (1, 2, 3)
        for said in (("user", "final", f"Question {number}?"), ("assistant", "final", f"Answer {number}."))
    ]


def test_turns_that_follow_at_once_upon_hardly_any_sound_interrupt_nothing(openai: BehindDoor) -> None:
    """As when a recording whose sound was cut short is played without pauses."""
    previous = None
    for number in (1, 2):
        answer = ga_turns.spoken_answer(
            f"answer_{number}", f"Answer {number}.", 0, after=f"item_{number}", response_id=f"resp_{number}"
        )
        scrap = upstream_turns.sound(f"answer_{number}", bytes(64), response_id=f"resp_{number}")
        openai.upstream(
            *upstream_turns.spoken(f"item_{number}", after=previous), *answer[:5], scrap, *answer[5:]
        )
        openai.upstream(upstream_turns.heard(f"item_{number}", f"Question {number}?"))
        previous = f"answer_{number}"
    assert _said(openai) == [
        said
        for number in (1, 2)
        for said in (("user", "final", f"Question {number}?"), ("assistant", "final", f"Answer {number}."))
    ]


def test_an_interrupted_answer_is_kept_as_far_as_it_was_heard(openai: BehindDoor) -> None:
    openai.upstream(
        *ga_turns.spoken_answer_begins("item_2"),
        words("item_2", "one two three four"),
        *(upstream_turns.sound("item_2", SECOND) for _ in range(4)),
    )
    openai.later(2)
    openai.upstream(upstream_turns.spoken("item_3", after="item_2")[0])
    openai.client(
        {"type": "conversation.item.truncate", "item_id": "item_2", "content_index": 0, "audio_end_ms": 2000}
    )
    openai.upstream(
        *ga_turns.spoken_answer_ends(
            "item_2", "one two three four", status="cancelled", reason="turn_detected"
        ),
        ga_turns.truncated("item_2", 2000),
        *upstream_turns.spoken("item_3", after="item_2")[1:],
        upstream_turns.heard("item_3", "Stop."),
        *ga_turns.spoken_answer("item_4", "Of course.", 1, after="item_3", response_id="resp_2"),
    )
    assert _said(openai) == [
        ("assistant", "interrupted", "one two"),
        ("user", "final", "Stop."),
        ("assistant", "final", "Of course."),
    ]
    assert openai.rows["item_2"].unheard_text == "three four"


def test_items_that_were_there_before_are_nobody_s_turns(openai: BehindDoor) -> None:
    seeded = {"id": "item_s", "type": "message", "role": "assistant", "status": "completed"}
    seeded["content"] = [{"type": "output_text", "text": "Nice to meet you, Alice!"}]  # type: ignore[assignment]
    openai.upstream(
        *upstream_turns.typed("item_0", "My name is Alice."),
        event("conversation.item.added", previous_item_id="item_0", item=seeded),
        event("conversation.item.done", previous_item_id="item_0", item=seeded),
    )
    openai.client(typed_by_client("What is my name?", "item_1"))
    openai.upstream(
        *upstream_turns.typed("item_1", "What is my name?", after="item_s"),
        *upstream_turns.answer("item_2", "Alice.", after="item_1"),
    )
    assert _said(openai) == [("user", "final", "What is my name?"), ("assistant", "final", "Alice.")]


def test_a_server_that_leaves_most_of_it_out_is_understood_all_the_same() -> None:
    """As Hugging Face's speech-to-speech: no `committed`, no items of answers, and no parts."""
    session = BehindDoor(voice="", transcription_model="")
    session.upstream(upstream_turns.created(), upstream_turns.updated())
    for number in (1, 2):
        place = {"response_id": f"resp_{number}", "item_id": f"answer_{number}", "output_index": 0}
        response: dict[str, Any] = {
            "id": f"resp_{number}",
            "object": "realtime.response",
            "status": "in_progress",
        }
        session.upstream(
            event("input_audio_buffer.speech_started", audio_start_ms=0, item_id=f"item_{number}"),
            event("input_audio_buffer.speech_stopped", audio_end_ms=900, item_id=f"item_{number}"),
            foreign.heard(
                f"item_{number}", f"Question {number}?", usage={"type": "duration", "seconds": 0.9}
            ),
            event("response.created", response=response),
            event("response.output_audio.delta", **place, content_index=0, delta="AAAA" * 480),
            event("response.output_audio.delta", **place, content_index=1, delta="AAAA" * 480),
            event(
                "response.output_audio_transcript.done",
                **place,
                content_index=0,
                transcript=f"Answer {number}.",
            ),
            event("response.output_audio.done", **place, content_index=0),
            event("response.done", response=response | {"status": "completed", "usage": {"total_tokens": 3}}),
        )
        session.later(2)
    session.client(typed_by_client("And now?", "item_3"), {"type": "response.create"})
    typed = {
        "id": "item_3",
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "And now?"}],
    }
    session.upstream(event("conversation.item.created", previous_item_id="answer_2", item=typed))
    assert _said(session) == [
        ("user", "final", "Question 1?"),
        ("assistant", "final", "Answer 1."),
        ("user", "final", "Question 2?"),
        ("assistant", "final", "Answer 2."),
        ("user", "final", "And now?"),
    ]


# --- the beta dialect -------------------------------------------------------------------------------------------------


def test_several_turns_in_the_beta_dialect(beta: BehindDoor) -> None:
    beta.client(typed_by_client("Hello.", "mine_1"), {"type": "response.create"})
    beta.upstream(
        *foreign.beta_typed("theirs_1", "Hello."),
        *foreign.beta_answer("item_2", "Good day.", after="theirs_1"),
    )
    beta.later(2)
    beta.upstream(
        *foreign.beta_spoken("item_3", after="item_2"),
        *foreign.beta_answer("item_4", "Fine.", after="item_3", response_id="resp_2"),
        foreign.heard("item_3", "How are you?"),
    )
    assert _said(beta) == [
        ("user", "final", "Hello."),
        ("assistant", "final", "Good day."),
        ("user", "final", "How are you?"),
        ("assistant", "final", "Fine."),
    ]
    assert [usage["total_tokens"] for usage in beta.usage if "total_tokens" in usage] == [9, 9]


def test_a_call_in_the_beta_dialect_is_no_turn(beta: BehindDoor) -> None:
    call = _call("item_a", 0) | {"object": "realtime.item"}
    begun = call | {"status": "in_progress", "arguments": ""}
    output = {"id": "item_o", "object": "realtime.item", "type": "function_call_output", "call_id": "call_0"}
    place = {"response_id": "resp_1", "item_id": "item_a", "output_index": 0, "call_id": "call_0"}
    beta.client(typed_by_client("What is the weather?", "item_1"), {"type": "response.create"})
    beta.upstream(
        *foreign.beta_typed("item_1", "What is the weather?"),
        event("response.created", response={"id": "resp_1", "status": "in_progress", "output": []}),
        event("response.output_item.added", response_id="resp_1", output_index=0, item=begun),
        event("conversation.item.created", previous_item_id="item_1", item=begun),
        event("response.function_call_arguments.delta", **place, delta='{"city": "Rome"} \n'),
        event("response.function_call_arguments.done", **place, arguments='{"city": "Rome"} \n'),
        event("response.output_item.done", response_id="resp_1", output_index=0, item=call),
        event("response.done", response={"id": "resp_1", "status": "completed", "output": [call]}),
        event("conversation.item.created", previous_item_id="item_a", item=output | {"output": "foggy"}),
        *foreign.beta_answer("item_2", "Foggy.", after="item_o", response_id="resp_2"),
    )
    (done,) = beta.told_client("response.function_call_arguments.done")
    assert done["name"] == "get_weather"
    assert _said(beta) == [("user", "final", "What is the weather?"), ("assistant", "final", "Foggy.")]


def test_an_interrupted_answer_in_the_beta_dialect_is_kept_as_far_as_it_was_heard(beta: BehindDoor) -> None:
    place = {"response_id": "resp_1", "item_id": "item_2", "output_index": 0, "content_index": 0}
    sound = [each | {"type": "response.audio.delta"} for each in [upstream_turns.sound("item_2", SECOND)] * 4]
    cut = foreign.beta_message(
        "item_2", "assistant", [{"type": "audio", "transcript": "one two three four"}], "incomplete"
    )
    details = {"type": "cancelled", "reason": "turn_detected"}
    ended = {"id": "resp_1", "status": "cancelled", "status_details": details, "output": [cut]}
    beta.upstream(
        *foreign.beta_answer_begins("item_2", after=None),
        event("response.audio_transcript.delta", **place, delta="one two three four"),
        *sound,
    )
    beta.later(2)
    beta.upstream(foreign.beta_spoken("item_3", after="item_2")[0])
    beta.client(
        {"type": "conversation.item.truncate", "item_id": "item_2", "content_index": 0, "audio_end_ms": 2000}
    )
    beta.upstream(
        event("response.output_item.done", response_id="resp_1", output_index=0, item=cut),
        event("response.done", response=ended),
        event("conversation.item.truncated", item_id="item_2", content_index=0, audio_end_ms=2000),
        *foreign.beta_spoken("item_3", after="item_2")[1:],
        foreign.heard("item_3", "Stop."),
        *foreign.beta_answer("item_4", "Of course.", after="item_3", response_id="resp_2"),
    )
    assert _said(beta) == [
        ("assistant", "interrupted", "one two"),
        ("user", "final", "Stop."),
        ("assistant", "final", "Of course."),
    ]


# --- xAI --------------------------------------------------------------------------------------------------------------


def test_several_turns_with_xai(xai: BehindDoor) -> None:
    xai.upstream(
        *foreign.xai_spoken("u1", "Hello?", "Hello, my", words="Hello, my name is Ana."),
        *foreign.xai_answer("a1", "Hello Ana.", after="u1", response_id="r1"),
    )
    xai.later(2)
    xai.upstream(
        *foreign.xai_spoken("u2", "What", words="What is my name?", after="a1"),
        *foreign.xai_answer("a2", "Ana.", after="u2", response_id="r2"),
    )
    xai.client(typed_by_client("Thanks.", "mine"), {"type": "response.create"})
    thanks = foreign.beta_message("theirs", "user", [{"type": "input_text", "text": "Thanks."}])
    xai.upstream(
        foreign.xai_event("conversation.item.added", item=thanks, previous_item_id="a2"),
        *foreign.xai_answer("a3", "With pleasure.", after="theirs", response_id="r3"),
    )
    assert _said(xai) == [
        ("user", "final", "Hello, my name is Ana."),
        ("assistant", "final", "Hello Ana."),
        ("user", "final", "What is my name?"),
        ("assistant", "final", "Ana."),
        ("user", "final", "Thanks."),
        ("assistant", "final", "With pleasure."),
    ]
    assert [usage["total_tokens"] for usage in xai.usage if "total_tokens" in usage] == [341] * 3


def test_who_goes_on_after_a_pause_is_heard_to_the_end(xai: BehindDoor) -> None:
    """xAI takes the words for final and then hears more of the same turn."""
    spoken = foreign.xai_spoken("u1", words="Hello.")
    xai.upstream(
        *spoken,
        foreign.heard("u1", "Hello. My name", status="in_progress"),
        foreign.heard("u1", "Hello. My name is Ana.", status="completed"),
        *foreign.xai_answer("a1", "Hello Ana.", after="u1", response_id="r1"),
    )
    assert _said(xai) == [("user", "final", "Hello. My name is Ana."), ("assistant", "final", "Hello Ana.")]


def test_calls_with_xai_are_no_turns(xai: BehindDoor) -> None:
    xai.upstream(
        *foreign.xai_spoken("u1", words="What is the weather?"),
        foreign.xai_event("response.created", response=foreign.xai_response("r1", "in_progress", [])),
        *foreign.xai_call("c1", "call_1", "get_weather", "{}"),
        *foreign.xai_call("c2", "call_2", "get_time", "{}"),
        foreign.xai_done("r1", []),
        *foreign.xai_answer("a1", "Foggy, at noon.", after="c2", response_id="r2"),
    )
    assert _said(xai) == [
        ("user", "final", "What is the weather?"),
        ("assistant", "final", "Foggy, at noon."),
    ]


@pytest.mark.parametrize("dropped", [False, True])
def test_an_interrupted_answer_of_xai_is_kept_as_far_as_it_was_heard(xai: BehindDoor, dropped: bool) -> None:
    """xAI knows no truncation; whether it ends the answer or says no more of it."""
    begun = foreign.xai_answer_begins("a1", "one two three four", after=None)
    sound = begun[4] | {"delta": upstream_turns.sound("a1", SECOND)["delta"]}
    xai.upstream(*begun[:4], *[sound] * 4, begun[5])
    xai.later(2)
    spoken = foreign.xai_spoken("u1", words="Stop.", after="a1")
    xai.upstream(spoken[0])
    xai.client(
        {"type": "conversation.item.truncate", "item_id": "a1", "content_index": 0, "audio_end_ms": 2000}
    )
    xai.upstream(
        *([] if dropped else [foreign.xai_done("r1", [], status="cancelled")]),
        *spoken[1:],
        *foreign.xai_answer("a2", "Of course.", after="u1", response_id="r2"),
    )
    assert xai.said() == [
        ("assistant", "interrupted", "one two"),
        ("user", "final", "Stop."),
        ("assistant", "final", "Of course."),
    ]
    assert len(xai.told_client("conversation.item.truncated")) == 1
    assert "conversation.item.truncate" not in {each["type"] for each in xai.goes_up()}
    _said(xai)


def test_a_client_that_wants_text_from_xai_is_told_that_it_gets_sound(xai: BehindDoor) -> None:
    xai.client({"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text"]}})
    (told,) = xai.told_client("session.updated")
    assert told["session"]["output_modalities"] == ["audio"]


@pytest.mark.parametrize("after", range(1, 12))
def test_wherever_xai_is_lost_what_was_said_is_kept_and_said_once(xai: BehindDoor, after: int) -> None:
    """What it announces again under other ids, when it is back, are no turns."""
    turn = [
        *foreign.xai_spoken("u1", "Hello", words="Hello."),
        *foreign.xai_answer("a1", "Good day.", after="u1", response_id="r1"),
    ]
    xai.upstream(*turn[: len(turn) - 12 + after])
    xai.lose(1011)
    again = foreign.beta_message("again", "assistant", [{"type": "text", "text": "Good day."}])
    created, updated = foreign.greeted(foreign.xai_session(), turn_detection={"type": "server_vad"})
    xai.upstream(
        created,
        foreign.xai_event("conversation.item.added", item=again),
        updated,
        foreign.xai_event("conversation.item.added", item=again | {"id": "again_2"}),
    )
    xai.client(typed_by_client("Still there?", "mine"), {"type": "response.create"})
    typed = foreign.beta_message("theirs", "user", [{"type": "input_text", "text": "Still there?"}])
    xai.upstream(
        foreign.xai_event("conversation.item.added", item=typed, previous_item_id="again_2"),
        *foreign.xai_answer("a2", "Yes.", after="theirs", response_id="r2"),
    )
    said = _said(xai)
    assert said[-2:] == [("user", "final", "Still there?"), ("assistant", "final", "Yes.")]
    assert [role for role, _, _ in said] in (
        ["user", "assistant", "user", "assistant"],
        ["user", "user", "assistant"],
    )
    assert said[0] == ("user", "final", "Hello.")
    if len(said) == 4:
        assert "Good day.".startswith(said[1][2])
