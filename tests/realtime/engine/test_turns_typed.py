"""A typed turn, out-of-band responses, cancelling and failing: the order of every event."""

from tests.support.engine_dialogue import Desk, error_of, types

TEXT_ANSWER = [
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
    "rate_limits.updated",
]


def test_a_text_turn_has_the_events_of_the_real_service_in_its_order() -> None:
    desk = Desk()
    desk.text_only()

    assert types(desk.typed("hello")) == ["conversation.item.added", "conversation.item.done"]
    assert types(desk.client("response.create")) == ["response.created"]
    assert types(desk.words("Good ", "day.")) == TEXT_ANSWER

    done = desk.last("response.done")["response"]
    assert done["status"] == "completed"
    assert done["output"][0]["content"] == [{"type": "output_text", "text": "Good day."}]
    assert desk.asks[1:] == []  # nothing but how to find turns: a typed session needs no speech worker


def test_an_answer_stands_after_the_question() -> None:
    desk = Desk()
    desk.text_only()
    question = desk.typed("hello")[0]["item"]["id"]
    desk.client("response.create")
    frames = desk.words("Good day.")

    added = next(frame for frame in frames if frame["type"] == "conversation.item.added")
    assert added["previous_item_id"] == question
    assert added["item"] == {
        "id": added["item"]["id"],
        "type": "message",
        "status": "in_progress",
        "role": "assistant",
        "content": [],
    }


def test_pipelined_events_are_answered_in_order() -> None:
    desk = Desk()
    desk.text_only()
    desk.typed("my name is Alice")
    desk.typed("what is my name")
    desk.client("response.create")

    turns = desk.answers[0].prompt.turns
    assert [turn.text for turn in turns] == ["my name is Alice", "what is my name"]


def test_a_second_response_is_refused_while_one_runs() -> None:
    desk = Desk()
    desk.client("response.create")
    error = error_of(desk.client("response.create", event_id="mine"))

    assert error["code"] == "conversation_already_has_active_response"
    assert error["event_id"] == "mine"
    assert desk.answers[0].response_id in error["message"]
    desk.words("Hello.")
    desk.say_all()
    assert types(desk.client("response.create")) == ["response.created"]


def test_an_out_of_band_response_runs_beside_another_and_leaves_the_conversation_alone() -> None:
    desk = Desk()
    desk.client("response.create")
    [created] = desk.client(
        "response.create",
        response={
            "conversation": "none",
            "metadata": {"topic": "x"},
            "output_modalities": ["text"],
            "input": [
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "sum up"}]}
            ],
        },
    )
    frames = desk.words("Nothing ", "yet.")

    assert created["response"]["conversation_id"] is None
    assert [turn.text for turn in desk.answers[-1].prompt.turns] == ["sum up"]
    assert types(frames) == [kind for kind in TEXT_ANSWER if not kind.startswith("conversation.")]
    assert desk.last("response.done")["response"]["metadata"] == {"topic": "x"}
    assert desk.typed("hello")[0]["previous_item_id"] is None


def test_an_out_of_band_response_may_refer_to_items_of_the_conversation() -> None:
    desk = Desk()
    item_id = desk.typed("the first")[0]["item"]["id"]
    desk.typed("the second")
    desk.client(
        "response.create",
        response={"conversation": "none", "input": [{"type": "item_reference", "id": item_id}]},
    )
    assert [turn.text for turn in desk.answers[-1].prompt.turns] == ["the first"]


def test_a_response_of_its_own_instructions_leaves_those_of_the_session() -> None:
    desk = Desk()
    desk.update(instructions="Be kind.")
    desk.client("response.create", response={"instructions": "Be brief."})
    assert desk.answers[-1].prompt.instructions == "Be brief."
    desk.client("response.cancel")
    desk.client("response.create")
    assert desk.answers[-1].prompt.instructions == "Be kind."


def test_cancelling_closes_what_is_open_and_says_who_cancelled() -> None:
    desk = Desk()
    desk.text_only()
    desk.typed("hello")
    desk.client("response.create")
    desk.words("Good ", end=False)
    frames = desk.client("response.cancel")

    assert types(frames) == [
        "response.output_text.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    done = frames[-2]["response"]
    assert (done["status"], done["status_details"]) == (
        "cancelled",
        {"type": "cancelled", "reason": "client_cancelled"},
    )
    assert done["output"][0]["status"] == "incomplete"
    assert desk.abandoned == [done["id"]]


def test_words_that_are_found_after_a_cancel_are_dropped() -> None:
    desk = Desk()
    desk.client("response.create")
    desk.client("response.cancel")
    assert desk.words("Too ", "late.") == []


def test_cancelling_nothing_is_an_error_that_ends_nothing() -> None:
    desk = Desk()
    assert error_of(desk.client("response.cancel"))["code"] == "response_cancel_not_active"
    desk.client("response.create")
    assert (
        error_of(desk.client("response.cancel", response_id="resp_other"))["code"]
        == "response_cancel_not_active"
    )
    assert types(desk.client("response.create", response={"conversation": "none"})) == ["response.created"]


def test_a_response_can_be_cancelled_by_its_id() -> None:
    desk = Desk()
    desk.client("response.create")
    [created] = desk.client("response.create", response={"conversation": "none"})
    frames = desk.client("response.cancel", response_id=created["response"]["id"])
    assert frames[0]["response"]["id"] == created["response"]["id"]


def test_an_answer_that_cannot_be_had_is_a_failed_response() -> None:
    desk = Desk()
    desk.client("response.create")
    frames = desk.no_words("chat_server_silent", "The chat server took too long.")

    assert types(frames) == ["response.done", "rate_limits.updated"]
    response = frames[0]["response"]
    assert response["status"] == "failed"
    assert response["status_details"]["error"] == {
        "type": "server_error",
        "code": "chat_server_silent",
        "message": "The chat server took too long.",
    }
    assert types(desk.client("response.create")) == ["response.created"]


def test_an_answer_ends_at_its_permitted_length() -> None:
    desk = Desk()
    desk.text_only()
    desk.client("response.create", response={"max_output_tokens": 3})
    frames = desk.words("one two ", "three four ", "five six ")

    done = frames[-2]["response"]
    assert (done["status"], done["status_details"]["reason"]) == ("incomplete", "max_output_tokens")
    assert done["output"][0]["content"][0]["text"] == "one two three four"
    assert desk.abandoned == [done["id"]]


def test_an_answer_that_its_server_cut_short_is_incomplete() -> None:
    desk = Desk()
    desk.text_only()
    desk.client("response.create")
    assert desk.words("one", cut_short=True)[-2]["response"]["status"] == "incomplete"


def test_tokens_are_estimated_from_letters() -> None:
    desk = Desk()
    desk.update(output_modalities=["text"], instructions="i" * 40)
    desk.typed("q" * 20)
    desk.client("response.create")
    usage = desk.words("a" * 12)[-2]["response"]["usage"]

    assert usage["input_token_details"]["text_tokens"] == 10 + 5
    assert usage["output_token_details"] == {"text_tokens": 3, "audio_tokens": 0}
    assert usage["total_tokens"] == 18


def test_a_response_refuses_what_it_does_not_know() -> None:
    desk = Desk()
    error = error_of(desk.client("response.create", response={"modalities": ["text"]}))
    assert (error["code"], error["param"]) == ("unknown_parameter", "response.modalities")
    error = error_of(desk.client("response.create", response={"metadata": {"k": "v" * 513}}))
    assert error["param"] == "response.metadata.k"
    error = error_of(
        desk.client("response.create", response={"input": [{"type": "message", "role": "user"}]})
    )
    assert error["param"] == "response.input[0].content"


def test_the_session_ends_after_an_hour_with_a_reason() -> None:
    desk = Desk()
    assert error_of(desk.expire())["code"] == "session_expired"
    assert desk.closed is not None
    assert desk.closed.code == 1001
