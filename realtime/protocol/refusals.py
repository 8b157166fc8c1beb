"""What an upstream's "no" means for us: our code, our sentence, and what has to follow. Pure.

The upstream's own sentences may hold parts of a key or ids of an account; they are read here and end here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from realtime.errors import EndReason, EngineBusy, SpeechUnavailable, UpstreamRefused


class Consequence(Enum):
    """What has to follow when an upstream says no."""

    NOTHING = "nothing"
    """A harmless race. Only a client whose own event was refused needs to hear of it."""
    TELL = "tell"
    """The client is told; the session goes on."""
    RECONNECT = "reconnect"
    """This upstream session is over; another one, given the history, can take its place."""
    END = "end"
    """Trying again cannot help; the session ends."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An upstream's refusal in our words."""

    code: str
    """Stable, for programs. A client that broke a rule of the Realtime API reads that API's own code."""
    detail: str
    """One sentence for people, or two."""
    consequence: Consequence
    end_reason: EndReason = "provider_failed"
    """The reason to write down if the session ends over it."""
    upstream_code: str = ""
    """The upstream's word for it, fit for a log: letters and underscores, or empty."""
    param: str = ""
    """The path of the refused field, when the upstream named one."""

    @property
    def is_benign(self) -> bool:
        return self.consequence is Consequence.NOTHING

    @property
    def is_fatal(self) -> bool:
        return self.consequence is Consequence.END

    def as_error(self, *, retry_after: int | None = None) -> UpstreamRefused:
        """The exception that carries this refusal; `retry_after` in seconds."""
        error = UpstreamRefused(self.code, self.detail, self.end_reason, upstream_code=self.upstream_code)
        error.retryable = not self.is_fatal
        error.retry_after = retry_after if error.retryable else None
        return error


_AUTH = Refusal(
    "provider_auth",
    "The speech provider did not accept this server's key. Ask whoever runs it to check the key. "
    "What was said so far is kept.",
    Consequence.END,
    "provider_auth",
)
_ACCOUNT_OFF = replace(
    _AUTH,
    detail="The speech provider has switched off this server's account. Ask whoever runs it to look into it. "
    "What was said so far is kept.",
)
_QUOTA = Refusal(
    "provider_quota",
    "This server's credit with the speech provider is used up. Ask whoever runs it to top it up. "
    "What was said so far is kept.",
    Consequence.END,
    "provider_quota",
)
_MODEL = Refusal(
    "provider_failed",
    "The speech provider does not offer the model this server asks for. Ask whoever runs it to check REALTIME_MODEL.",
    Consequence.END,
)
_ADDRESS = replace(
    _MODEL,
    detail="The speech provider does not know the address or the model this server asks for. "
    "Ask whoever runs it to check REALTIME_BASE_URL and REALTIME_MODEL.",
)
_DIALECT = replace(
    _MODEL,
    detail="The speech provider does not take the dialect it was spoken to in. "
    "Ask whoever runs this server to take REALTIME_DIALECT=beta out, or an OpenAI-Beta header that a gateway adds.",
)
_SETUP = replace(
    _MODEL,
    detail="The speech provider did not accept how this server set the session up. "
    "Ask whoever runs it to check the model, voice and transcription settings.",
)
_UNWILLING = replace(
    _MODEL,
    detail="The speech provider ended the session and would not say why in words we know. "
    "What was said so far is kept; start the session again.",
)
_EXPIRED = Refusal(
    "provider_session_expired",
    "The speech provider's time for one session was up. The conversation goes on in a new one.",
    Consequence.RECONNECT,
)
_LOST = Refusal(
    "provider_lost",
    "The connection to the speech provider was lost. What was said so far is kept.",
    Consequence.RECONNECT,
)
_TROUBLE = replace(
    _LOST,
    detail="The speech provider has trouble at the moment. Try again in a little while; what was said is kept.",
)
_RATE = Refusal(
    "provider_rate_limited",
    "The speech provider is asked too much at the moment. Wait a little and try again.",
    Consequence.TELL,
)
_BUSY = Refusal(EngineBusy.code, EngineBusy.detail, Consequence.TELL, EngineBusy.end_reason)
_NO_SPEECH = Refusal(
    SpeechUnavailable.code, SpeechUnavailable.detail, Consequence.TELL, SpeechUnavailable.end_reason
)
_UNKNOWN = Refusal(
    "provider_error",
    "The speech provider could not do that. Try again; if it keeps happening, start the session again.",
    Consequence.TELL,
)


def _benign(code: str, detail: str) -> Refusal:
    return Refusal(code, detail, Consequence.NOTHING)


def _mistake(code: str, detail: str) -> Refusal:
    return Refusal(code, detail, Consequence.TELL)


def _chat(what_happened: str) -> Refusal:
    return replace(_UNKNOWN, detail=f"The language model behind this assistant {what_happened}")


_TRUNCATE = "conversation.item.truncate"
_TRUNCATE_TOO_LONG = _benign("invalid_value", "There is less audio in that item than audio_end_ms says.")
_TRUNCATE_NOT_AUDIO = _benign("invalid_value", "Only spoken answers can be cut back.")

_TRUNCATE_NOT_DONE = _benign("not_truncated", "The speech provider does not cut answers back.")

_BY_CODE: Mapping[str, Refusal] = {
    "invalid_api_key": _AUTH,
    "invalid_authentication": _AUTH,
    "authentication_error": _AUTH,
    "unauthorized": _AUTH,
    "permission_denied": _AUTH,
    "account_deactivated": _ACCOUNT_OFF,
    "insufficient_quota": _QUOTA,
    "billing_hard_limit_reached": _QUOTA,
    "billing_not_active": _QUOTA,
    "credit_balance_exhausted": _QUOTA,
    "invalid_model": _MODEL,
    "model_not_found": _MODEL,
    "model_load_error": _MODEL,
    "DeploymentNotFound": _MODEL,
    "beta_api_shape_disabled": _DIALECT,
    "session_expired": _EXPIRED,
    "rate_limit_exceeded": _RATE,
    "inference_rate_limit_exceeded": _RATE,
    "session_limit_reached": _RATE,
    "engine_busy": _BUSY,
    "speech_unavailable": _NO_SPEECH,
    # The embedded engine's chat server. The engine's words are for its operator; these are for who asked.
    "chat_request_refused": _chat(
        "does not take what it is asked. Ask whoever runs this server to check the model."
    ),
    "chat_key_refused": _chat(
        "did not accept this server's key. Ask whoever runs it to check ENGINE_CHAT_API_KEY."
    ),
    "chat_model_not_found": _chat(
        "does not have its model. Ask whoever runs this server to check ENGINE_CHAT_MODEL."
    ),
    "chat_server_busy": _chat("has too much to do. Wait a little and ask again."),
    "chat_server_failed": _chat("failed while it answered. Ask again in a moment."),
    "chat_server_unreachable": _chat("could not be reached. Ask whoever runs this server whether it is on."),
    "chat_server_silent": _chat("took too long to answer. Ask again in a moment."),
    "chat_answer_empty": _chat("gave an empty answer. Ask again."),
    "response_cancel_not_active": _benign("response_cancel_not_active", "There is no answer to stop."),
    "conversation_already_has_active_response": _benign(
        "conversation_already_has_active_response",
        "An answer is still on its way. Wait for its response.done before asking for another.",
    ),
    "input_audio_buffer_commit_empty": _benign(
        "input_audio_buffer_commit_empty", "Nothing was heard yet: a turn needs at least 100 ms of audio."
    ),
    "item_truncate_invalid_item_id": _benign(
        "item_truncate_invalid_item_id", "There is no such item to cut back."
    ),
    "item_delete_invalid_item_id": _benign("item_delete_invalid_item_id", "There is no such item to delete."),
    "item_retrieve_invalid_item_id": _benign(
        "item_retrieve_invalid_item_id", "There is no such item to show."
    ),
    "cannot_update_voice": _benign(
        "cannot_update_voice",
        "The voice cannot be changed once something was said with it. Start a new session to change it.",
    ),
    "item_create_invalid_previous_item_id": _mistake(
        "item_create_invalid_previous_item_id", "There is no item with that previous_item_id."
    ),
    "invalid_value": _mistake("invalid_value", "A value in that event is not one the Realtime API allows."),
    "unknown_parameter": _mistake(
        "unknown_parameter", "That event has a field the Realtime API does not know."
    ),
    "missing_required_parameter": _mistake(
        "missing_required_parameter", "That event lacks a field it needs."
    ),
    "invalid_type": _mistake("invalid_type", "A value in that event is of the wrong type."),
    "invalid_parameter": _mistake("invalid_parameter", "A field of that event does not fit this session."),
    "invalid_event": _mistake("invalid_event", "That event could not be understood."),
    "invalid_json": _mistake("invalid_json", "That event is not valid JSON."),
    "bad_response_create": _mistake("bad_response_create", "That response.create could not be understood."),
}
_OUR_OWN_MISTAKE_IN_SETUP = frozenset(
    {
        "invalid_value",
        "invalid_type",
        "unknown_parameter",
        "missing_required_parameter",
        "invalid_parameter",
        "invalid_event",
        "invalid_json",
        "bad_response_create",
        "item_create_invalid_previous_item_id",
    }
)
_MAY_RECONNECT_AFTER = frozenset({1000, 1001, 1002, 1005, 1006, 1007, 1009, 1011, 1012, 1013, 1014, 1015})
"""Lost, restarting, or stumbled over one frame. The other codes are verdicts."""


def refusal_of_error(error: Mapping[str, object], *, answering: str = "", in_setup: bool = False) -> Refusal:
    """What an upstream's error object asks of us.

    `error` is the object inside an `error` event, or `status_details.error` of a failed response. `answering`
    is the type of the client event it answers, when its `event_id` told. `in_setup` says that the session is
    not ready yet: then only we can have made the mistake, and what may pass is worth another connection.
    """
    code, message = _text(error.get("code")), _text(error.get("message"))
    known = (
        _truncate_refusal(code, message, answering)
        or _BY_CODE.get(code)
        or _BY_CODE.get(_text(error.get("type")))
    )
    if in_setup:
        known = _in_setup(known, code, _text(error.get("type")))
    return _told(known or _UNKNOWN, code, _text(error.get("param")))


def refusal_of_close(closed_with: int, reason: str = "") -> Refusal:
    """What the end of an upstream connection asks of us; `reason` is often `<error type>.<error code>`."""
    code = reason.rpartition(".")[2].strip()
    if (known := _BY_CODE.get(code)) and known.consequence in {Consequence.END, Consequence.RECONNECT}:
        return _told(known, code)
    if closed_with in _MAY_RECONNECT_AFTER:
        return _EXPIRED if closed_with == 1001 and "maximum duration" in reason else _LOST
    # 1008 is how compatible servers turn a wrong key away; 3000 is OpenAI's.
    return _told(_AUTH if closed_with in {1008, 3000} else _UNWILLING, code)


def refusal_of_status(status: int, upstream_code: str = "") -> Refusal:
    """What an HTTP status instead of an upgrade asks of us; `upstream_code` is the code in its body."""
    known = _BY_CODE.get(upstream_code)
    if known and known.consequence is Consequence.END:
        return _told(known, upstream_code)
    if status in {401, 403}:
        return _told(_AUTH, upstream_code)
    if status == 402:
        return _told(_QUOTA, upstream_code)
    if status == 429:
        return _told(replace(_RATE, consequence=Consequence.RECONNECT), upstream_code)
    if status >= 500 or status == 408:
        return _told(_TROUBLE, upstream_code)
    return _told(_ADDRESS, upstream_code)


def _truncate_refusal(code: str, message: str, answering: str) -> Refusal | None:
    """Cutting back races against playback, and some servers do not know how to: these refusals cost nobody anything."""
    if "already shorter than" in message:
        return _TRUNCATE_TOO_LONG
    if "can be truncated" in message:
        return _TRUNCATE_NOT_AUDIO
    known = _BY_CODE.get(code)
    if answering != _TRUNCATE or (known and known.consequence is not Consequence.TELL):
        return None
    return _TRUNCATE_TOO_LONG if code == "invalid_value" else _TRUNCATE_NOT_DONE


def _in_setup(known: Refusal | None, code: str, kind: str) -> Refusal:
    if code in _OUR_OWN_MISTAKE_IN_SETUP:
        return _SETUP
    if known is None:
        return _TROUBLE if kind == "server_error" else _SETUP
    return replace(known, consequence=Consequence.RECONNECT) if known is _RATE else known


def _told(refusal: Refusal, upstream_code: str, param: str = "") -> Refusal:
    return replace(
        refusal,
        # Letters alone: nothing that looks like a key or an id gets through.
        upstream_code=upstream_code if re.fullmatch(r"[A-Za-z_]{1,64}", upstream_code) else "",
        param=param if re.fullmatch(r"[a-z_]{1,40}(\.[a-z_]{1,40}|\[\d{1,3}\]){0,8}", param) else "",
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
