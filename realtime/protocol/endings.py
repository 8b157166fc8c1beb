"""Every way a session can end: the close code, the sentence for people, and whether coming back can help."""

import re
from dataclasses import dataclass, replace

from realtime.errors import EndReason, RealtimeError
from realtime.protocol.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Ending:
    """How one end is told."""

    reason: EndReason
    close_code: int
    detail: str
    is_fault: bool = True
    """Whether a client is told through an `error` event before the close."""
    retryable: bool = False
    code: str = ""
    """Stable, for programs, where it says more than the reason; else empty."""
    retry_after: int | None = None
    """Seconds after which trying again can help."""


ENDINGS: dict[EndReason, Ending] = {
    "client": Ending("client", 1000, "You ended the session.", is_fault=False),
    "idle": Ending(
        "idle", 1000, "Nothing was said for a while, so the session ended.", is_fault=False, retryable=True
    ),
    "session_limit": Ending(
        "session_limit",
        1000,
        "This session has lasted as long as one may here, so it ended. Start another; the conversation is kept.",
        is_fault=False,
        retryable=True,
    ),
    "daily_limit": Ending("daily_limit", 4429, "Today's talking time is used up. It starts again tomorrow."),
    "ended_by_owner": Ending(
        "ended_by_owner", 1000, "The session was ended from another place.", is_fault=False, retryable=True
    ),
    "ended_by_admin": Ending("ended_by_admin", 1000, "An administrator ended the session.", is_fault=False),
    "replaced": Ending(
        "replaced", 4409, "This conversation goes on in another window or device.", is_fault=False
    ),
    "signed_out": Ending(
        "signed_out", 4403, "You signed out. Sign in again to go on; the conversation is kept."
    ),
    "account_disabled": Ending("account_disabled", 4403, "This account has been switched off."),
    "erased": Ending("erased", 4404, "This conversation was erased."),
    "conversation_deleted": Ending("conversation_deleted", 4404, "This conversation was deleted."),
    "draining": Ending(
        "draining",
        1001,
        "The server is restarting. Connect again; the conversation is kept.",
        is_fault=False,
        retryable=True,
    ),
    "client_lost": Ending(
        "client_lost", 1000, "The connection to you was lost.", is_fault=False, retryable=True
    ),
    "slow_client": Ending(
        "slow_client", 4408, "Your connection is too slow to carry the answers. Try again.", retryable=True
    ),
    "protocol_error": Ending(
        "protocol_error", 4400, "Too many messages could not be understood. Start the session again."
    ),
    "provider_auth": Ending(
        "provider_auth", 4502, "The speech provider did not accept this server's key. Ask whoever runs it."
    ),
    "provider_quota": Ending(
        "provider_quota",
        4502,
        "This server's credit with the speech provider is used up. Ask whoever runs it.",
    ),
    "provider_failed": Ending(
        "provider_failed",
        4502,
        "The speech provider failed. What was said so far is kept; try again in a moment.",
        retryable=True,
    ),
    "provider_silent": Ending(
        "provider_silent",
        4504,
        "The speech provider did not answer. What was said so far is kept; try again.",
        retryable=True,
    ),
    "engine_busy": Ending(
        "engine_busy",
        4503,
        "Everyone who can be listened to at once is speaking. Try again in a moment.",
        retryable=True,
    ),
    "internal": Ending(
        "internal",
        4500,
        "Something went wrong on our side. What was said so far is kept; start again.",
        retryable=True,
    ),
    "lost": Ending(
        "lost", 4500, "The server that held this session was lost. Start again; the conversation is kept."
    ),
}

OVERSIZE = replace(
    ENDINGS["protocol_error"],
    close_code=1009,
    code="frame_too_large",
    detail="That message is too large. Audio comes in frames of at most 64 KiB, text of at most 2 MiB.",
)
TOO_FAST = replace(
    ENDINGS["protocol_error"],
    close_code=4429,
    code="pace_exceeded",
    detail="More audio came than can be listened to. Send it no faster than it is spoken.",
)


def ending_of_error(error: RealtimeError) -> Ending:
    """How a session ends over a fault that has words of its own."""
    return replace(
        ENDINGS[error.end_reason],
        close_code=error.close_code,
        code=error.code,
        detail=error.detail,
        retryable=error.retryable,
        retry_after=error.retry_after,
    )


def ending_of_refusal(refusal: Refusal) -> Ending:
    """How a session ends over an upstream's no. What cannot succeed the next time is not to be tried again."""
    ending = ENDINGS[refusal.end_reason]
    return replace(ending, code=refusal.code, detail=refusal.detail, retryable=not refusal.is_fatal)


def off_the_record(detail: str) -> str:
    """The sentence without its promise of keeping what was said, for a session of which nothing stays."""
    detail = re.sub(r"; (?:what was said(?: so far)?|the conversation) is kept(?=[;.])", "", detail)
    promise = (
        r" ?(?:(?:What was said(?: so far)?|The conversation) is|Your conversations are) kept(?:; (\w)|\.)"
    )
    return re.sub(promise, lambda found: f" {found[1].upper()}" if found[1] else "", detail).strip()
