"""Spoken turns and spoken answers: hearing, speaking, interrupting, truncating."""

import base64

import pytest

from realtime.engine.speech.vocabulary import (
    ClearAudio,
    CommitAudio,
    Hear,
    Hush,
    SaidAll,
    Say,
    SpeechFailed,
    SpeechStarted,
    SpeechStopped,
    Transcribed,
)
from tests.support.engine_dialogue import Desk, error_of, spoken, types

AUDIO_CLOSING = [
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
    "rate_limits.updated",
]


def test_a_spoken_turn_has_the_events_of_the_real_service_in_its_order() -> None:
    desk = Desk()
    desk.transcribing()

    [started] = desk.worker(SpeechStarted(1460))
    assert (started["type"], started["audio_start_ms"]) == ("input_audio_buffer.speech_started", 1460)
    frames = desk.worker(SpeechStopped(4256))
    assert types(frames) == [
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
    ]
    assert desk.answers == []  # nobody knows yet what was said
    frames = desk.worker(Transcribed("", "hello there", 2.796))
    assert types(frames) == [
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
    ]
    assert frames[-1]["transcript"] == "hello there"
    assert frames[-1]["usage"] == {"type": "duration", "seconds": 3}
    assert [turn.text for turn in desk.answers[-1].prompt.turns] == ["hello there"]

    assert types(desk.words("Good day.", end=False)) == [
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
    ]
    assert desk.words() == []  # the words are found, the sound is not yet there
    frames = desk.say_all()
    assert types(frames) == ["response.output_audio.delta"] * 2 + AUDIO_CLOSING
    done = desk.last("response.done")["response"]
    assert done["output"][0]["content"] == [{"type": "output_audio", "transcript": "Good day."}]


def test_the_item_is_announced_at_the_start_of_speech_and_kept_to_the_transcript() -> None:
    desk = Desk()
    desk.transcribing()
    frames = desk.spoken_turn() + desk.worker(Transcribed("", "hello", 1))
    ids = {
        frame.get("item_id") or frame.get("item", {}).get("id") for frame in frames if "response" not in frame
    }
    assert len(ids) == 1


def test_without_a_configured_transcription_no_words_are_sent_but_the_answer_knows_them() -> None:
    desk = Desk()
    frames = desk.spoken_turn()
    assert desk.worker(Transcribed("", "hello", 1)) == []
    assert desk.answers[-1].prompt.turns[-1].text == "hello"
    assert desk.retrieve(frames[1]["item_id"])["content"] == [{"type": "input_audio", "transcript": None}]


def test_noise_without_words_completes_with_an_empty_transcript() -> None:
    desk = Desk()
    desk.transcribing()
    desk.spoken_turn()
    [completed] = desk.worker(Transcribed("", "", 1.2))
    assert completed["transcript"] == ""
    assert completed["usage"] == {"type": "duration", "seconds": 0}
    assert desk.answers[-1].prompt.turns[-1].text == ""


def test_without_create_response_a_turn_waits_for_the_client() -> None:
    desk = Desk()
    desk.update(audio={"input": {"turn_detection": {"type": "server_vad", "create_response": False}}})
    assert types(desk.spoken_turn())[-1] == "conversation.item.done"
    assert types(desk.client("response.create")) == ["response.created"]
    desk.worker(Transcribed("", "hello", 1))
    assert len(desk.answers) == 1


def test_speech_cancels_the_running_answer() -> None:
    desk = Desk()
    desk.typed("hello")
    desk.client("response.create")
    desk.words("Good day to ", "you.", end=False)
    response_id = desk.answers[-1].response_id
    frames = desk.worker(SpeechStarted(100))

    assert types(frames) == ["input_audio_buffer.speech_started", *AUDIO_CLOSING]
    done = frames[-2]["response"]
    assert done["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    assert done["output"][0]["status"] == "incomplete"
    assert desk.asked(Hush) == [Hush(response_id)]
    assert desk.abandoned == [response_id]
    assert desk.worker(spoken(Say(response_id, "Good day to you.", "slt"))) == []
    assert desk.worker(SaidAll(response_id)) == []


def test_speech_after_the_answer_was_sent_cancels_nothing() -> None:
    desk = Desk()
    desk.spoken_answer("Good day to you.")
    assert types(desk.worker(SpeechStarted(100))) == ["input_audio_buffer.speech_started"]


def test_an_answer_that_must_not_be_interrupted_goes_on_and_the_turn_is_answered_after_it() -> None:
    desk = Desk()
    desk.update(audio={"input": {"turn_detection": {"type": "server_vad", "interrupt_response": False}}})
    desk.typed("hello")
    desk.client("response.create")
    frames = desk.spoken_turn()
    assert "response.created" not in types(frames)
    assert "response.done" not in types(frames)
    desk.worker(Transcribed("", "and now", 1))
    desk.words("Good day.")
    assert types(desk.say_all())[-2:] == ["rate_limits.updated", "response.created"]
    assert desk.answers[-1].prompt.turns[1].text == "and now"


def test_a_truncated_answer_keeps_the_words_that_were_heard() -> None:
    desk = Desk()
    item_id = desk.spoken_answer("One two three. Four five six.")
    # 200 ms a word: at 900 ms the fourth word has ended and the fifth has not.
    [truncated] = desk.client(
        "conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=900
    )

    assert truncated["type"] == "conversation.item.truncated"
    assert (truncated["item_id"], truncated["content_index"], truncated["audio_end_ms"]) == (item_id, 0, 900)
    assert truncated["transcript"] == "One two three. Four"
    assert desk.retrieve(item_id)["content"] == [
        {"type": "output_audio", "transcript": "One two three. Four"}
    ]
    desk.client("response.create")
    turn = desk.answers[-1].prompt.turns[-1]
    assert (turn.text, turn.is_interrupted) == ("One two three. Four", True)


def test_an_answer_of_which_nothing_was_heard_is_no_turn() -> None:
    desk = Desk()
    item_id = desk.spoken_answer("One two three.")
    [truncated] = desk.client("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=0)
    assert truncated["transcript"] == ""
    desk.client("response.create")
    assert [turn.role for turn in desk.answers[-1].prompt.turns] == ["user"]


def test_an_interrupted_answer_can_be_truncated_to_what_was_sent_of_it() -> None:
    desk = Desk()
    desk.typed("hello")
    desk.client("response.create")
    desk.words("One two three. ", "Four five six.", end=False)
    desk.worker(spoken(desk.asked(Say)[0]))
    desk.worker(SpeechStarted(100))
    item_id = desk.last("response.done")["response"]["output"][0]["id"]

    error = error_of(
        desk.client("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=601)
    )
    assert error["code"] == "invalid_value"
    assert error["message"] == "Audio content of 600ms is already shorter than 601ms"
    [truncated] = desk.client(
        "conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=400
    )
    assert truncated["transcript"] == "One two"


def test_only_spoken_answers_can_be_truncated() -> None:
    desk = Desk()
    item_id = desk.typed("hello")[0]["item"]["id"]
    error = error_of(
        desk.client("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=0)
    )
    assert error["message"] == "Only model output audio messages can be truncated"
    error = error_of(
        desk.client("conversation.item.truncate", item_id="item_no", content_index=0, audio_end_ms=0)
    )
    assert error["code"] == "item_truncate_invalid_item_id"


def test_audio_is_sent_as_it_was_spoken() -> None:
    desk = Desk()
    desk.typed("hello")
    desk.client("response.create")
    desk.words("Yes.", end=False)
    desk.words()
    [say] = desk.asked(Say)
    piece = spoken(say)
    frames = desk.worker(piece)
    sent = b"".join(base64.b64decode(frame["delta"]) for frame in frames)
    assert sent == piece.pcm


def test_a_slow_answer_is_not_ended_by_the_pause_between_its_clauses() -> None:
    desk = Desk()
    desk.client("response.create")
    desk.words("Wait a moment. ", "Now", end=False)
    desk.worker(spoken(desk.asked(Say)[0]))
    utterance = desk.answers[-1].response_id
    assert desk.worker(SaidAll(utterance, 1)) == []
    desk.words(" I know it.")
    # Sent by the worker before it was asked for the second clause.
    assert desk.worker(SaidAll(utterance, 1)) == []
    desk.worker(spoken(desk.asked(Say)[1]))
    assert "response.done" in types(desk.worker(SaidAll(utterance, 2)))


def test_an_answer_whose_words_end_after_its_last_sound_is_finished() -> None:
    desk = Desk()
    desk.client("response.create")
    desk.words("All is said. ", "…", end=False)
    desk.worker(spoken(desk.asked(Say)[0]))
    desk.worker(SaidAll(desk.answers[-1].response_id, 1))
    assert "response.done" in types(desk.words())


def test_spoken_tokens_are_estimated_from_milliseconds() -> None:
    desk = Desk()
    desk.update(instructions="i" * 4)
    desk.spoken_turn(1000, 3000)
    desk.worker(Transcribed("", "hello", 2))
    desk.words("One two three.")
    desk.say_all()
    usage = desk.last("response.done")["response"]["usage"]
    assert usage["input_token_details"]["audio_tokens"] == 20
    assert usage["output_token_details"] == {"text_tokens": 4, "audio_tokens": 12}


class TestByHand:
    """`turn_detection: null`: the client says where a turn ends."""

    @pytest.fixture
    def desk(self) -> Desk:
        desk = Desk()
        desk.update(audio={"input": {"turn_detection": None, "transcription": {"model": "gpt-transcribe"}}})
        return desk

    def test_the_worker_is_told_not_to_look_for_turns(self, desk: Desk) -> None:
        assert desk.turn_taking.by_voice is False

    def test_a_commit_makes_an_item_and_no_response(self, desk: Desk) -> None:
        assert desk.append(200) == []
        frames = desk.client("input_audio_buffer.commit")
        assert types(frames) == [
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
        ]
        item_id = frames[0]["item_id"]
        assert desk.asked(CommitAudio) == [CommitAudio(item_id)]
        frames = desk.worker(Transcribed(item_id, "by hand", 0.2))
        assert frames[-1]["item_id"] == item_id
        assert desk.answers == []

    def test_a_response_waits_for_the_words_of_the_commit(self, desk: Desk) -> None:
        desk.append(200)
        item_id = desk.client("input_audio_buffer.commit")[0]["item_id"]
        assert types(desk.client("response.create")) == ["response.created"]
        assert desk.answers == []
        desk.worker(Transcribed(item_id, "by hand", 0.2))
        assert desk.answers[-1].prompt.turns[-1].text == "by hand"

    def test_too_little_audio_cannot_be_committed(self, desk: Desk) -> None:
        desk.append(99)
        error = error_of(desk.client("input_audio_buffer.commit"))
        assert error["code"] == "input_audio_buffer_commit_empty"
        assert "99.00ms" in error["message"]
        desk.append(1)
        assert desk.client("input_audio_buffer.commit")[0]["type"] == "input_audio_buffer.committed"

    def test_what_was_committed_is_not_committed_again(self, desk: Desk) -> None:
        desk.append(200)
        desk.client("input_audio_buffer.commit")
        assert error_of(desk.client("input_audio_buffer.commit"))["code"] == "input_audio_buffer_commit_empty"

    def test_clearing_forgets_the_audio(self, desk: Desk) -> None:
        desk.append(200)
        assert types(desk.client("input_audio_buffer.clear")) == ["input_audio_buffer.cleared"]
        assert desk.asked(ClearAudio) == [ClearAudio()]
        assert error_of(desk.client("input_audio_buffer.commit"))["code"] == "input_audio_buffer_commit_empty"


def test_a_turn_committed_in_the_moment_in_which_voice_closed_it_keeps_its_words() -> None:
    desk = Desk()
    desk.transcribing()
    desk.append(2000)
    announced = desk.worker(SpeechStarted(300))[0]["item_id"]
    committed = desk.client("input_audio_buffer.commit")[0]["item_id"]
    assert committed == announced
    assert desk.worker(SpeechStopped(1500)) == []
    assert desk.worker(Transcribed("", "at the same time", 1)) == []
    frames = desk.worker(Transcribed(committed, "", 0))
    assert (frames[-1]["item_id"], frames[-1]["transcript"]) == (committed, "at the same time")


def test_cleared_speech_becomes_no_turn() -> None:
    desk = Desk()
    desk.transcribing()
    desk.worker(SpeechStarted(300))
    desk.client("input_audio_buffer.clear")
    assert desk.worker(SpeechStopped(1500)) == []
    assert desk.worker(Transcribed("", "never mind", 1)) == []
    desk.spoken_turn(2000, 3000)
    assert desk.worker(Transcribed("", "the next", 1))[-1]["transcript"] == "the next"


def test_long_appends_reach_the_worker_in_pieces() -> None:
    desk = Desk()
    desk.append(2500)
    assert [len(ask.pcm) // 48 for ask in desk.asked(Hear)] == [1000, 1000, 500]


@pytest.mark.parametrize(
    ("audio", "code"),
    [
        (None, "missing_required_parameter"),
        (7, "invalid_type"),
        ("not base64!", "invalid_value"),
        (base64.b64encode(b"odd").decode(), "invalid_value"),
    ],
)
def test_audio_that_is_none_is_refused_and_the_session_goes_on(audio: object, code: str) -> None:
    desk = Desk()
    members = {} if audio is None else {"audio": audio}
    error = error_of(desk.client("input_audio_buffer.append", **members))
    assert (error["code"], error["param"]) == (code, "audio")
    assert desk.asked(Hear) == []
    assert desk.append(100) == []


class TestWithoutASpeechWorker:
    def test_where_nothing_can_be_heard_it_is_said_once(self) -> None:
        desk = Desk(voice_problem="There is no recogniser for this Python.")
        error = error_of(desk.append(40))
        assert (error["type"], error["code"]) == ("server_error", "speech_unavailable")
        assert error["message"] == "There is no recogniser for this Python."
        assert desk.append(40) == []
        assert desk.asked(Hear) == []

    def test_answers_are_still_written(self) -> None:
        desk = Desk(voice_problem="There is no recogniser for this Python.")
        desk.typed("hello")
        assert types(desk.client("response.create")) == ["error", "response.created"]
        frames = desk.words("Good day.")
        assert types(frames)[-7:] == AUDIO_CLOSING
        assert frames[-2]["response"]["output"][0]["content"][0]["transcript"] == "Good day."
        assert desk.asked(Say) == []

    def test_when_all_workers_are_taken_it_is_said_once_and_typed_turns_go_on(self) -> None:
        desk = Desk()
        desk.append(40)
        assert error_of(desk.lost())["code"] == "engine_busy"
        desk.append(40)
        assert desk.lost() == []
        desk.typed("hello")
        desk.client("response.create", response={"output_modalities": ["text"]})
        assert desk.words("Good day.")[-2]["response"]["status"] == "completed"

    def test_a_worker_that_dies_fails_the_turn_it_was_listening_to(self) -> None:
        desk = Desk()
        desk.transcribing()
        desk.spoken_turn()
        frames = desk.worker(SpeechFailed("The recogniser stopped.")) + desk.lost(
            "speech_failed", "The recogniser stopped."
        )
        assert types(frames) == [
            "error",
            "conversation.item.input_audio_transcription.failed",
            "response.done",
            "rate_limits.updated",
        ]
        assert frames[1]["error"]["message"] == "The recogniser stopped."
        assert frames[2]["response"]["status_details"]["error"]["code"] == "speech_failed"
        # The next worker's words belong to the next turn.
        desk.spoken_turn(2000, 3000)
        assert desk.worker(Transcribed("", "again", 1))[-1]["transcript"] == "again"

    def test_a_clause_that_cannot_be_spoken_is_told_and_the_rest_goes_on(self) -> None:
        desk = Desk()
        desk.client("response.create")
        desk.words("One two. ", "Three four.")
        utterance = desk.answers[-1].response_id
        assert types(desk.worker(SpeechFailed("It cannot be spoken."))) == ["error"]
        desk.worker(spoken(desk.asked(Say)[1]))
        assert "response.done" in types(desk.worker(SaidAll(utterance, 2)))

    def test_a_worker_that_dies_while_speaking_leaves_the_words(self) -> None:
        desk = Desk()
        desk.client("response.create")
        desk.words("One two. ", "Three four. ", end=False)
        desk.worker(spoken(desk.asked(Say)[0]))
        assert types(desk.lost("speech_failed", "It stopped.")) == ["error"]
        frames = desk.words("Five.")
        assert frames[-2]["response"]["status"] == "completed"
        assert frames[-2]["response"]["output"][0]["content"][0]["transcript"] == "One two. Three four. Five."


def test_a_voice_is_fixed_once_it_was_heard() -> None:
    desk = Desk()
    desk.update(audio={"output": {"voice": "kal"}})
    desk.spoken_answer("Good day.")
    error = error_of(desk.update(instructions="Other.", audio={"output": {"voice": "slt"}}))
    assert error["code"] == "cannot_update_voice"
    assert error["message"] == "Cannot update a conversation's voice if assistant audio is present."
    [updated] = desk.update(audio={"output": {"voice": "kal"}})
    assert updated["session"]["instructions"] != "Other."
    error = error_of(desk.client("response.create", response={"audio": {"output": {"voice": "slt"}}}))
    assert error["code"] == "cannot_update_voice"


def test_voice_and_speed_reach_the_worker() -> None:
    desk = Desk()
    desk.update(audio={"output": {"voice": "kal", "speed": 1.25}})
    desk.spoken_answer("Good day.")
    [say] = desk.asked(Say)
    assert (say.voice, say.speed) == ("kal", 1.25)
