"""What an upstream's "no" means: who is told what, whether to go on, and never the upstream's own sentence."""

import re
from pathlib import Path

import pytest

from realtime.engine.answers import chat
from realtime.errors import EngineBusy, SpeechUnavailable, UpstreamRefused
from realtime.protocol.refusals import (
    Consequence,
    Refusal,
    refusal_of_close,
    refusal_of_error,
    refusal_of_status,
)

TAIL = "wxyz"
ACCOUNT = ["invalid_api_key", "account_deactivated", "insufficient_quota", "billing_hard_limit_reached"]
FATAL = [*ACCOUNT, "credit_balance_exhausted", "invalid_model", "model_not_found", "beta_api_shape_disabled"]
BENIGN = [
    "response_cancel_not_active",
    "conversation_already_has_active_response",
    "input_audio_buffer_commit_empty",
    "item_truncate_invalid_item_id",
    "item_delete_invalid_item_id",
    "item_retrieve_invalid_item_id",
    "cannot_update_voice",
]
MISTAKES = [
    "unknown_parameter",
    "missing_required_parameter",
    "invalid_parameter",
    "invalid_value",
    "invalid_type",
    "invalid_event",
    "invalid_json",
    "bad_response_create",
    "item_create_invalid_previous_item_id",
]


def error(
    code: str | None, message: str = "", kind: str = "invalid_request_error", **more: object
) -> dict[str, object]:
    return {"type": kind, "code": code, "message": message, "param": None, "event_id": None} | more


@pytest.mark.parametrize("in_setup", [False, True])
@pytest.mark.parametrize("code", FATAL)
def test_what_trying_again_cannot_mend_ends_the_session(code: str, in_setup: bool) -> None:
    refusal = refusal_of_error(error(code), in_setup=in_setup)
    assert refusal.is_fatal
    assert refusal.upstream_code == code
    assert not refusal.as_error().retryable


@pytest.mark.parametrize(
    ("code", "end_reason"),
    [
        ("invalid_api_key", "provider_auth"),
        ("account_deactivated", "provider_auth"),
        ("insufficient_quota", "provider_quota"),
        ("credit_balance_exhausted", "provider_quota"),
        ("invalid_model", "provider_failed"),
        ("beta_api_shape_disabled", "provider_failed"),
    ],
)
def test_the_reason_is_one_of_the_list_and_the_code_says_the_same(code: str, end_reason: str) -> None:
    refusal = refusal_of_error(error(code))
    assert (refusal.end_reason, refusal.code) == (end_reason, end_reason)


@pytest.mark.parametrize("code", BENIGN)
def test_a_race_is_no_matter(code: str) -> None:
    refusal = refusal_of_error(error(code))
    assert refusal.is_benign
    assert refusal.code == code, "whoever asked reads the Realtime API's own word"


def test_cutting_back_too_far_is_no_matter_by_the_event_it_answers_or_by_its_words() -> None:
    too_long = error("invalid_value", "Audio content of 900ms is already shorter than 1200ms")
    assert refusal_of_error(too_long).is_benign
    assert refusal_of_error(error("invalid_value"), answering="conversation.item.truncate").is_benign
    assert not refusal_of_error(error("invalid_value"), answering="session.update").is_benign


def test_cutting_back_a_text_is_no_matter() -> None:
    refusal = refusal_of_error(error(None, "Only model output audio messages can be truncated"))
    assert refusal.is_benign


@pytest.mark.parametrize("code", MISTAKES)
def test_a_clients_mistake_is_told_and_the_session_goes_on(code: str) -> None:
    refusal = refusal_of_error(error(code))
    assert (refusal.consequence, refusal.code) == (Consequence.TELL, code)


@pytest.mark.parametrize("code", MISTAKES)
def test_a_mistake_in_the_setup_is_ours_and_ends_the_session(code: str) -> None:
    refusal = refusal_of_error(error(code), in_setup=True)
    assert (refusal.consequence, refusal.code) == (Consequence.END, "provider_failed")


@pytest.mark.parametrize("in_setup", [False, True])
def test_an_expired_session_is_worth_another_connection(in_setup: bool) -> None:
    refusal = refusal_of_error(error("session_expired"), in_setup=in_setup)
    assert refusal.consequence is Consequence.RECONNECT


@pytest.mark.parametrize("code", ["rate_limit_exceeded", "inference_rate_limit_exceeded"])
def test_too_many_requests_cost_one_answer_and_in_the_setup_another_connection(code: str) -> None:
    assert refusal_of_error(error(code)).consequence is Consequence.TELL
    assert refusal_of_error(error(code), in_setup=True).consequence is Consequence.RECONNECT


def test_trouble_of_the_servers_costs_one_answer_and_in_the_setup_another_connection() -> None:
    trouble = error(None, "The server had an error while processing your request", kind="server_error")
    assert refusal_of_error(trouble).consequence is Consequence.TELL
    assert refusal_of_error(trouble, in_setup=True).consequence is Consequence.RECONNECT


def test_an_engine_that_is_busy_says_so_and_typing_goes_on() -> None:
    refusal = refusal_of_error(error("engine_busy"))
    assert (refusal.code, refusal.detail) == (EngineBusy.code, EngineBusy.detail)
    assert refusal.consequence is Consequence.TELL


CHAT_FAULTS = [
    "chat_request_refused",
    "chat_key_refused",
    "chat_model_not_found",
    "chat_server_busy",
    "chat_server_failed",
    "chat_server_unreachable",
    "chat_server_silent",
    "chat_answer_empty",
]


@pytest.mark.parametrize("code", CHAT_FAULTS)
def test_a_fault_of_the_engines_chat_server_is_told_in_words_of_its_own(code: str) -> None:
    refusal = refusal_of_error(error(code, kind="server_error"))
    assert (refusal.consequence, refusal.upstream_code) == (Consequence.TELL, code)
    assert refusal.detail.startswith("The language model behind this assistant ")


def test_every_fault_that_the_engines_chat_server_can_have_is_known() -> None:
    written = Path(chat.__file__).read_text(encoding="utf-8")
    assert set(re.findall(r'"(chat_[a-z_]+)"', written)) == set(CHAT_FAULTS)


def test_speech_that_stopped_working_is_told_and_typing_goes_on() -> None:
    refusal = refusal_of_error(error("speech_unavailable"))
    assert (refusal.code, refusal.consequence) == (SpeechUnavailable.code, Consequence.TELL)


def test_an_unknown_word_is_told_once_and_in_the_setup_ends_the_session() -> None:
    assert refusal_of_error(error("something_else")).code == "provider_error"
    assert refusal_of_error(error("something_else")).consequence is Consequence.TELL
    assert refusal_of_error(error("something_else"), in_setup=True).is_fatal


@pytest.mark.parametrize(
    "nonsense", [{}, {"code": 7, "message": [], "type": None, "param": {}}, {"code": ""}]
)
def test_an_error_that_makes_no_sense_is_an_unknown_one(nonsense: dict[str, object]) -> None:
    assert refusal_of_error(nonsense).code == "provider_error"


# --- nothing of theirs gets through -------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [*FATAL, *BENIGN, *MISTAKES, "session_expired", None, "something_else"])
def test_no_word_of_the_upstreams_message_gets_through(code: str | None) -> None:
    refusal = refusal_of_error(error(code, f"Incorrect API key provided: {TAIL}; org-4711"))
    assert TAIL not in repr(refusal)
    assert "4711" not in repr(refusal)


@pytest.mark.parametrize("code", [f"key-{TAIL}-1234", "x" * 65, "two words", "org_4711"])
def test_a_code_that_could_hold_a_secret_is_not_even_logged(code: str) -> None:
    assert refusal_of_error(error(code)).upstream_code == ""


def test_the_refused_field_is_named_when_it_is_one() -> None:
    path = "session.audio.input.turn_detection"
    assert refusal_of_error(error("unknown_parameter", param=path)).param == path
    assert (
        refusal_of_error(error("invalid_value", param="item.content[0].text")).param == "item.content[0].text"
    )
    assert refusal_of_error(error("invalid_value", param=f"Key {TAIL}")).param == ""


def every_refusal() -> list[Refusal]:
    codes = [*FATAL, *BENIGN, *MISTAKES, "session_expired", "rate_limit_exceeded", "engine_busy", "else"]
    codes += CHAT_FAULTS
    told = [refusal_of_error(error(code), in_setup=early) for code in codes for early in (False, True)]
    told += [refusal_of_close(code) for code in range(1000, 1016)]
    return told + [refusal_of_status(status) for status in (400, 401, 402, 403, 404, 408, 429, 500, 503)]


def test_every_sentence_is_one_that_people_can_read() -> None:
    for refusal in every_refusal():
        assert re.fullmatch(r"[A-Z].*\.", refusal.detail), refusal
        assert refusal.code.replace("_", "").isalpha()


def test_whatever_ends_a_session_says_what_to_do() -> None:
    for refusal in every_refusal():
        if refusal.is_fatal:
            assert re.search(r"Ask whoever runs|start the session again", refusal.detail), refusal


# --- closes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [1000, 1001, 1005, 1006, 1011, 1012, 1013])
def test_a_lost_connection_is_worth_another(code: int) -> None:
    assert refusal_of_close(code).consequence is Consequence.RECONNECT


@pytest.mark.parametrize("code", [1002, 1007, 1009])
def test_a_frame_that_nobody_could_take_is_worth_another_connection(code: int) -> None:
    assert refusal_of_close(code).consequence is Consequence.RECONNECT


@pytest.mark.parametrize(
    ("closed_with", "reason", "code"),
    [
        (3000, "invalid_request_error.invalid_api_key", "provider_auth"),
        (3000, "", "provider_auth"),
        (1008, "Unauthorized", "provider_auth"),
        (4000, "invalid_request_error.invalid_model", "provider_failed"),
        (4000, "invalid_request_error.beta_api_shape_disabled", "provider_failed"),
        (1011, "insufficient_quota", "provider_quota"),
        (4711, "because", "provider_failed"),
    ],
)
def test_a_close_that_is_a_verdict_ends_the_session(closed_with: int, reason: str, code: str) -> None:
    refusal = refusal_of_close(closed_with, reason)
    assert (refusal.code, refusal.is_fatal) == (code, True)


@pytest.mark.parametrize(
    "reason",
    ["Your session hit the maximum duration of 60 minutes.", "invalid_request_error.session_expired"],
)
def test_sixty_minutes_are_told_apart_from_a_loss(reason: str) -> None:
    assert refusal_of_close(1001, reason).code == "provider_session_expired"


# --- statuses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "upstream_code", "code", "consequence"),
    [
        (401, "", "provider_auth", Consequence.END),
        (403, "", "provider_auth", Consequence.END),
        (400, "invalid_api_key", "provider_auth", Consequence.END),
        (402, "", "provider_quota", Consequence.END),
        (429, "", "provider_rate_limited", Consequence.RECONNECT),
        (429, "insufficient_quota", "provider_quota", Consequence.END),
        (404, "", "provider_failed", Consequence.END),
        (307, "", "provider_failed", Consequence.END),
        (408, "", "provider_lost", Consequence.RECONNECT),
        (503, "", "provider_lost", Consequence.RECONNECT),
    ],
)
def test_a_status_instead_of_the_upgrade(
    status: int, upstream_code: str, code: str, consequence: Consequence
) -> None:
    refusal = refusal_of_status(status, upstream_code)
    assert (refusal.code, refusal.consequence) == (code, consequence)


def test_the_error_that_carries_a_refusal_says_when_to_try_again() -> None:
    raised = refusal_of_status(429).as_error(retry_after=9)
    assert isinstance(raised, UpstreamRefused)
    assert (raised.retryable, raised.retry_after) == (True, 9)
    assert refusal_of_status(401).as_error(retry_after=9).retry_after is None


@pytest.mark.parametrize(
    "code", ["", "not_implemented", "invalid_json", "unknown_or_invalid_event", "invalid_value"]
)
def test_a_server_that_cannot_cut_answers_back_troubles_nobody(code: str) -> None:
    error = {"type": "invalid_request_error", "code": code, "message": "canary"}
    assert refusal_of_error(error, answering="conversation.item.truncate").is_benign


def test_what_ends_a_session_ends_it_also_in_answer_to_a_truncation() -> None:
    error = {"type": "invalid_request_error", "code": "session_expired", "message": "over"}
    refusal = refusal_of_error(error, answering="conversation.item.truncate")
    assert refusal.consequence is Consequence.RECONNECT
