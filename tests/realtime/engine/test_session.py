"""The session object, its updates, items and malformed frames."""

import json
from typing import Any

import pytest

from realtime.engine.speech.vocabulary import SpeechStarted, SpeechStopped, TurnTaking
from tests.support.engine_dialogue import Desk, error_of, types


def test_the_first_frame_shows_the_whole_session() -> None:
    [created] = Desk().frames
    assert created["type"] == "session.created"
    session = created["session"]
    assert set(session) == {
        "type",
        "object",
        "id",
        "model",
        "output_modalities",
        "instructions",
        "tools",
        "tool_choice",
        "max_output_tokens",
        "tracing",
        "truncation",
        "prompt",
        "expires_at",
        "audio",
        "include",
    }
    assert session["audio"] == {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24000},
            "transcription": None,
            "noise_reduction": None,
            "turn_detection": {
                "type": "server_vad",
                "threshold": 0.5,
                "prefix_padding_ms": 300,
                "silence_duration_ms": 500,
                "idle_timeout_ms": None,
                "create_response": True,
                "interrupt_response": True,
            },
        },
        "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "slt", "speed": 1.0},
    }


def test_an_update_changes_what_it_names_and_shows_all() -> None:
    desk = Desk()
    before = desk.frames[0]["session"]
    [updated] = desk.update(instructions="Be kind.", audio={"output": {"speed": 1.2}})
    assert updated["type"] == "session.updated"
    expected = before | {"instructions": "Be kind."}
    expected["audio"]["output"]["speed"] = 1.2
    assert updated["session"] == expected


def test_a_partial_turn_detection_keeps_the_rest() -> None:
    desk = Desk()
    desk.update(audio={"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 700}}})
    [updated] = desk.update(audio={"input": {"turn_detection": {"type": "server_vad", "threshold": 0.7}}})
    detection = updated["session"]["audio"]["input"]["turn_detection"]
    assert (detection["threshold"], detection["silence_duration_ms"], detection["prefix_padding_ms"]) == (
        0.7,
        700,
        300,
    )
    assert desk.turn_taking == TurnTaking(threshold=0.7, silence_duration_ms=700)


@pytest.mark.parametrize(("eagerness", "silence_ms"), [("low", 1500), ("auto", 800), ("high", 500)])
def test_semantic_turn_detection_waits_by_its_eagerness(eagerness: str, silence_ms: int) -> None:
    desk = Desk()
    [updated] = desk.update(
        audio={"input": {"turn_detection": {"type": "semantic_vad", "eagerness": eagerness}}}
    )
    assert updated["session"]["audio"]["input"]["turn_detection"] == {
        "type": "semantic_vad",
        "eagerness": eagerness,
        "create_response": True,
        "interrupt_response": True,
    }
    assert desk.turn_taking == TurnTaking(silence_duration_ms=silence_ms)


def test_changing_how_turns_are_found_loses_nothing_that_is_being_said() -> None:
    desk = Desk()
    desk.append(2000)
    announced = desk.worker(SpeechStarted(300))[0]["item_id"]
    desk.update(audio={"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 700}}})
    assert desk.worker(SpeechStopped(900))[0]["item_id"] == announced
    desk.append(2000)
    announced = desk.worker(SpeechStarted(1300))[0]["item_id"]
    desk.update(audio={"input": {"turn_detection": None}})
    assert desk.client("input_audio_buffer.commit")[0]["item_id"] == announced


def test_a_configured_transcription_is_shown_with_what_it_leaves_open() -> None:
    desk = Desk()
    [updated] = desk.update(audio={"input": {"transcription": {"model": "gpt-transcribe"}}})
    transcription = updated["session"]["audio"]["input"]["transcription"]
    assert transcription == {"model": "gpt-transcribe", "language": None, "prompt": None}
    [updated] = desk.update(audio={"input": {"transcription": {"language": "en"}}})
    assert updated["session"]["audio"]["input"]["transcription"]["model"] == "gpt-transcribe"
    [updated] = desk.update(audio={"input": {"transcription": None}})
    assert updated["session"]["audio"]["input"]["transcription"] is None


def test_empty_instructions_bring_back_the_default() -> None:
    desk = Desk()
    default = desk.frames[0]["session"]["instructions"]
    desk.update(instructions="Be kind.")
    [updated] = desk.update(instructions="")
    assert updated["session"]["instructions"] == default


def test_what_a_stock_agents_client_opens_with_is_taken() -> None:
    desk = Desk()
    [first] = desk.update(
        model="voiceassist-engine",
        instructions="Be kind.",
        output_modalities=["audio"],
        audio={
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "noise_reduction": {"type": "near_field"},
                "transcription": {"model": "gpt-4o-mini-transcribe"},
                "turn_detection": {"type": "semantic_vad"},
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24000}, "speed": 1, "voice": "marin"},
        },
        tool_choice="auto",
        tools=[{"type": "function", "name": "lookup", "parameters": {"type": "object", "properties": {}}}],
        truncation={"type": "retention_ratio", "retention_ratio": 0.8},
    )
    assert first["type"] == "session.updated"
    assert first["session"]["tools"][0]["name"] == "lookup"
    [second] = desk.update(tracing="auto")
    assert second["session"]["tracing"] == "auto"
    assert error_of(desk.update(tracing=None))["param"] == "session.tracing"


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({}, "missing_required_parameter", "session.type"),
        ({"type": "transcription"}, "invalid_parameter", "session.type"),
        ({"type": "other"}, "invalid_value", "session.type"),
        ({"type": "realtime", "modalities": ["text"]}, "unknown_parameter", "session.modalities"),
        (
            {"type": "realtime", "audio": {"output": {"pitch": 1}}},
            "unknown_parameter",
            "session.audio.output.pitch",
        ),
        (
            {"type": "realtime", "output_modalities": ["text", "audio"]},
            "invalid_value",
            "session.output_modalities",
        ),
        ({"type": "realtime", "instructions": 7}, "invalid_type", "session.instructions"),
        ({"type": "realtime", "model": "gpt-realtime-9"}, "invalid_value", "session.model"),
        ({"type": "realtime", "max_output_tokens": 0}, "invalid_value", "session.max_output_tokens"),
        (
            {"type": "realtime", "audio": {"output": {"speed": 9}}},
            "invalid_value",
            "session.audio.output.speed",
        ),
        (
            {"type": "realtime", "audio": {"output": {"speed": True}}},
            "invalid_type",
            "session.audio.output.speed",
        ),
        (
            {"type": "realtime", "audio": {"output": {"voice": "nobody"}}},
            "invalid_value",
            "session.audio.output.voice",
        ),
        (
            {"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcmu"}}}},
            "invalid_value",
            "session.audio.input.format",
        ),
        (
            {
                "type": "realtime",
                "audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 2}}},
            },
            "invalid_value",
            "session.audio.input.turn_detection.threshold",
        ),
        (
            {
                "type": "realtime",
                "audio": {"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 6000}}},
            },
            "invalid_value",
            "session.audio.input.turn_detection.idle_timeout_ms",
        ),
    ],
)
def test_a_wrong_update_is_refused_by_its_path_and_changes_nothing(
    session: dict[str, Any], code: str, param: str
) -> None:
    desk = Desk()
    error = error_of(
        desk.client("session.update", session={"instructions": "Changed.", **session}, event_id="mine")
    )
    assert (error["code"], error["param"], error["event_id"]) == (code, param, "mine")
    [updated] = desk.update()
    assert updated["session"] == desk.frames[0]["session"]


@pytest.mark.parametrize(
    ("frame", "code", "param"),
    [
        ("{", "invalid_json", None),
        ("[1]", "invalid_event", None),
        ("{}", "missing_required_parameter", "type"),
        ('{"type": 7}', "invalid_type", "type"),
        ('{"type": "transcription_session.update"}', "invalid_value", "type"),
        ('{"type": "response.create", "event_id": 7}', "invalid_value", "event_id"),
        ('{"type": "output_audio_buffer.clear"}', "invalid_value", "type"),
        ('{"type": "session.update"}', "missing_required_parameter", "session"),
        ('{"type": "conversation.item.create"}', "missing_required_parameter", "item"),
    ],
)
def test_a_frame_that_cannot_be_followed_is_an_error_and_the_session_goes_on(
    frame: str, code: str, param: str | None
) -> None:
    desk = Desk()
    error = error_of(desk.raw(frame))
    assert (error["code"], error["param"]) == (code, param)
    assert types(desk.typed("hello")) == ["conversation.item.added", "conversation.item.done"]


class TestItems:
    def test_an_item_stands_where_it_was_asked_to(self) -> None:
        desk = Desk()
        first = desk.typed("first")[0]["item"]["id"]
        third = desk.typed("third")[0]
        assert third["previous_item_id"] == first
        assert desk.typed("second", previous_item_id=first)[0]["previous_item_id"] == first
        assert desk.typed("zeroth", previous_item_id="root")[0]["previous_item_id"] is None
        assert desk.typed("last", previous_item_id="")[0]["previous_item_id"] == third["item"]["id"]
        desk.client("response.create")
        texts = [turn.text for turn in desk.answers[-1].prompt.turns]
        assert texts == ["zeroth", "first", "second", "third", "last"]

    def test_a_client_may_choose_the_id(self) -> None:
        desk = Desk()
        content = [{"type": "input_text", "text": "hello"}]
        item = {"id": "mine", "type": "message", "role": "user", "content": content}
        [added, done] = desk.client("conversation.item.create", item=item)
        assert added["item"] == done["item"] == {**item, "status": "completed"}

    def test_history_can_be_seeded_with_both_sides(self) -> None:
        desk = Desk()
        desk.typed("My name is Alice.")
        content = [{"type": "output_text", "text": "Nice to meet you."}]
        desk.client(
            "conversation.item.create", item={"type": "message", "role": "assistant", "content": content}
        )
        desk.client("response.create")
        assert [turn.role for turn in desk.answers[-1].prompt.turns] == ["user", "assistant"]

    def test_function_calls_of_elsewhere_can_be_seeded(self) -> None:
        desk = Desk()
        call = {"type": "function_call", "name": "weather", "call_id": "call_1", "arguments": "{}"}
        assert desk.client("conversation.item.create", item=call)[0]["item"]["status"] == "completed"
        output = {"type": "function_call_output", "call_id": "call_1", "output": "Fog."}
        [added, _] = desk.client("conversation.item.create", item=output)
        assert "status" not in added["item"]
        desk.client("response.create")
        assert "Fog." in desk.answers[-1].prompt.turns[-1].text

    @pytest.mark.parametrize(
        ("item", "param"),
        [
            ({"type": "message", "role": "assistant", "content": [{"type": "output_audio", "transcript": "x"}]},
             "item.content[0].text"),
            ({"type": "message", "role": "assistant", "content": [{"type": "input_text", "text": "x"}]},
             "item.content[0].type"),
            ({"type": "message", "role": "user", "content": [{"type": "input_text"}]}, "item.content[0].text"),
            ({"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": "data:"}]},
             "item.content[0]"),
            ({"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": ""}]}, "item.content[0]"),
            ({"type": "message", "role": "developer", "content": []}, "item.role"),
            ({"type": "message", "content": []}, "item.role"),
            ({"type": "mcp_call"}, "item.type"),
            ("text", "item"),
        ],
    )  # fmt: skip
    def test_an_item_that_cannot_be_used_is_refused_by_its_path(self, item: object, param: str) -> None:
        assert error_of(Desk().client("conversation.item.create", item=item))["param"] == param

    def test_unknown_ids_are_told_apart_by_what_was_asked(self) -> None:
        desk = Desk()
        codes = [
            error_of(desk.client("conversation.item.retrieve", item_id="x"))["code"],
            error_of(desk.client("conversation.item.delete", item_id="x"))["code"],
            error_of(desk.typed("hello", previous_item_id="x"))["code"],
        ]
        assert codes == [
            "item_retrieve_invalid_item_id",
            "item_delete_invalid_item_id",
            "item_create_invalid_previous_item_id",
        ]

    def test_a_deleted_item_is_gone(self) -> None:
        desk = Desk()
        item_id = desk.typed("secret")[0]["item"]["id"]
        [deleted] = desk.client("conversation.item.delete", item_id=item_id)
        assert (deleted["type"], deleted["item_id"]) == ("conversation.item.deleted", item_id)
        desk.client("response.create")
        assert desk.answers[-1].prompt.turns == ()
        assert (
            error_of(desk.client("conversation.item.delete", item_id=item_id))["code"]
            == "item_delete_invalid_item_id"
        )

    def test_a_retrieved_item_is_whole(self) -> None:
        desk = Desk()
        item = desk.typed("hello")[0]["item"]
        assert desk.retrieve(item["id"]) == item

    def test_an_id_used_twice_is_appended_again(self) -> None:
        desk = Desk()
        for text in ("one", "two"):
            content = [{"type": "input_text", "text": text}]
            item = {"id": "same", "type": "message", "role": "user", "content": content}
            frames = desk.client("conversation.item.create", item=item)
        assert frames[0]["previous_item_id"] == "same"
        desk.client("response.create")
        assert [turn.text for turn in desk.answers[-1].prompt.turns] == ["one", "two"]

    def test_a_conversation_cannot_grow_without_end(self) -> None:
        desk = Desk()
        for _ in range(4):
            assert desk.typed("x" * 999_000)[0]["type"] == "conversation.item.added"
        assert error_of(desk.typed("x" * 999_000))["code"] == "conversation_too_large"

    def test_the_oldest_turns_are_left_out_of_a_prompt_that_would_be_too_long(self) -> None:
        desk = Desk()
        for number in range(5):
            desk.typed(f"{number}" + "x" * 40_000)
        desk.client("response.create")
        assert [turn.text[0] for turn in desk.answers[-1].prompt.turns] == ["3", "4"]


def test_ids_have_the_prefixes_of_the_real_service() -> None:
    desk = Desk()
    desk.typed("hello")
    desk.client("response.create")
    desk.words("Good day.")
    seen = json.dumps(desk.frames)
    for prefix in ("sess_", "event_", "item_", "resp_", "conv_"):
        assert f'"{prefix}' in seen
