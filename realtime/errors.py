"""What can go wrong while speaking, drawn once.

RealtimeError
├── InternalFault             500 / 4500   a fault of ours
├── RealtimeDisabled          503 / 4503   switched off by the operator
├── RealtimeNotConfigured     503 / 4503   a provider without its key
├── EngineBusy                503 / 4503   every speech worker is taken
├── SpeechUnavailable         503 / 4503   a speech worker could not be started, or was lost
├── Draining                  503 / 1012   this process is told to stop; another one may take the session
├── TooManySockets            503 / 4503   this process holds as many sockets as it may
├── DatabaseUnavailable       503 / 4503   the database cannot be reached, or does not answer
├── SessionNotFound           404 / 4404
├── SessionNotResumable       409 / 4401   the time to come back is over
├── TooManySessions           429 / 4429
├── Throttled                 429 / 4429   sessions were asked for too often
├── DailyLimitReached         429 / 4429
├── TicketRefused             401 / 4401   unknown, spent or expired
├── NotSignedIn               401 / 4401   no credential at all
├── OriginRefused             403 / 4403   a page of another site
├── UnsupportedQuery          400 / 4400
├── ConversationGone          404 / 4404
├── SignedOut                 403 / 4403
├── AccountDisabled           403 / 4403
└── UpstreamError             503 / 4502
    ├── UpstreamUnreachable                no connection could be made
    ├── UpstreamSilent        503 / 4504   the connection was taken and not answered
    ├── UpstreamRefused                    the provider said no: key, quota, model
    ├── ProviderUnavailable                it failed so often that it is not called for a while
    └── UpstreamClosed                     the connection ended; `code` and `reason` are the peer's

`code` is stable and for programs, `detail` is one sentence for people, `status` is HTTP's, `close_code` the socket's,
`end_reason` the one written into the session's row, `retryable` says whether trying again can help.
"""

from typing import Literal

EndReason = Literal[
    "client",
    "idle",
    "daily_limit",
    "session_limit",
    "ended_by_owner",
    "ended_by_admin",
    "replaced",
    "signed_out",
    "account_disabled",
    "erased",
    "conversation_deleted",
    "draining",
    "client_lost",
    "slow_client",
    "protocol_error",
    "provider_auth",
    "provider_quota",
    "provider_failed",
    "provider_silent",
    "engine_busy",
    "internal",
    "lost",
]


class RealtimeError(Exception):
    code = "internal"
    detail = "Something went wrong on our side. What was said so far is kept; start the session again."
    status = 500
    close_code = 4500
    end_reason: EndReason = "internal"
    retryable = False
    retry_after: int | None = None
    """Seconds after which trying again can help."""

    def __init__(self, detail: str | None = None, *, retry_after: int | None = None) -> None:
        super().__init__(detail or self.detail)
        if detail:
            self.detail = detail
        if retry_after is not None:
            self.retry_after = retry_after


class InternalFault(RealtimeError):
    """Ours, whatever it was: what is tried again need not meet it again."""

    retryable = True


class RealtimeDisabled(RealtimeError):
    code = "realtime_disabled"
    detail = "Voice and chat sessions are switched off on this server. Your conversations can still be read."
    status = 503
    close_code = 4503
    end_reason: EndReason = "ended_by_admin"


class RealtimeNotConfigured(RealtimeError):
    code = "realtime_not_configured"
    detail = "This server has no key for its speech provider yet. Ask whoever runs it to set OPENAI_API_KEY."
    status = 503
    close_code = 4503
    end_reason: EndReason = "provider_auth"


class EngineBusy(RealtimeError):
    code = "engine_busy"
    detail = "Everyone who can be listened to at once is speaking. Try again in a moment; you can still type."
    status = 503
    close_code = 4503
    end_reason: EndReason = "engine_busy"
    retryable = True
    retry_after: int | None = 15


class SpeechUnavailable(RealtimeError):
    code = "speech_unavailable"
    detail = "Listening and speaking stopped working on this server. You can still type, or start the session again."
    status = 503
    close_code = 4503
    end_reason: EndReason = "provider_failed"
    retryable = True


class Draining(RealtimeError):
    code = "draining"
    detail = "This server is being restarted. Connect again; the conversation is kept."
    status = 503
    close_code = 1012
    end_reason: EndReason = "draining"
    retryable = True
    retry_after: int | None = 1


class TooManySockets(RealtimeError):
    """Told in HTTP, before the handshake is accepted: a socket is what there is none left of."""

    code = "too_many_sockets"
    detail = "This server holds as many connections as it may. Try again in a moment."
    status = 503
    close_code = 4503
    end_reason: EndReason = "engine_busy"
    retryable = True
    retry_after: int | None = 5


class DatabaseUnavailable(RealtimeError):
    code = "database_unavailable"
    detail = "This server cannot reach its database just now. Try again in a moment."
    status = 503
    close_code = 4503
    end_reason: EndReason = "internal"
    retryable = True
    retry_after: int | None = 2


class SessionNotFound(RealtimeError):
    code = "session_not_found"
    detail = "There is no such session."
    status = 404
    close_code = 4404
    end_reason: EndReason = "protocol_error"


class SessionNotResumable(RealtimeError):
    code = "session_not_resumable"
    detail = "The time to come back to that session is over. Start a new one; the conversation is kept."
    status = 409
    close_code = 4401
    end_reason: EndReason = "client_lost"


class TooManySessions(RealtimeError):
    code = "too_many_sessions"
    detail = "You are already in as many live sessions as this server allows. End one of them first."
    status = 429
    close_code = 4429
    end_reason: EndReason = "protocol_error"
    retryable = True
    retry_after: int | None = 30


class Throttled(RealtimeError):
    code = "throttled"
    status = 429
    close_code = 4429
    end_reason: EndReason = "protocol_error"
    retryable = True

    def __init__(self, seconds: int) -> None:
        unit = "second" if seconds == 1 else "seconds"
        super().__init__(
            f"Too many sessions were asked for in a short time. Try again in {seconds} {unit}.",
            retry_after=seconds,
        )


class DailyLimitReached(RealtimeError):
    code = "daily_limit_reached"
    detail = (
        "Today's talking time is used up. It starts again tomorrow; your conversations can still be read."
    )
    status = 429
    close_code = 4429
    end_reason: EndReason = "daily_limit"


class TicketRefused(RealtimeError):
    code = "ticket_refused"
    detail = "This session's ticket is unknown, already used or too old. Start the session again."
    status = 401
    close_code = 4401
    end_reason: EndReason = "protocol_error"
    retryable = True


class NotSignedIn(RealtimeError):
    code = "not_authenticated"
    detail = "Sign in first: send a session ticket or an access token as the key of the connection."
    status = 401
    close_code = 4401
    end_reason: EndReason = "signed_out"


class OriginRefused(RealtimeError):
    code = "origin_refused"
    detail = "This page may not speak with this server. Open VoiceAssist at its own address (PUBLIC_URL)."
    status = 403
    close_code = 4403
    end_reason: EndReason = "protocol_error"


class UnsupportedQuery(RealtimeError):
    code = "unsupported_parameter"
    detail = "`intent` and `call_id` are not supported here. Connect with `model` alone."
    status = 400
    close_code = 4400
    end_reason: EndReason = "protocol_error"


class ConversationGone(RealtimeError):
    code = "conversation_not_found"
    detail = "There is no such conversation. It may have been deleted; start a new one."
    status = 404
    close_code = 4404
    end_reason: EndReason = "conversation_deleted"


class SignedOut(RealtimeError):
    code = "signed_out"
    detail = "You are signed out. Sign in again to go on; the conversation is kept."
    status = 403
    close_code = 4403
    end_reason: EndReason = "signed_out"


class AccountDisabled(RealtimeError):
    code = "account_disabled"
    detail = "This account has been switched off. Ask whoever runs this server."
    status = 403
    close_code = 4403
    end_reason: EndReason = "account_disabled"


class UpstreamError(RealtimeError):
    code = "provider_failed"
    detail = "The speech provider could not be used. What was said so far is kept; try again in a moment."
    status = 503
    close_code = 4502
    end_reason: EndReason = "provider_failed"


class UpstreamUnreachable(UpstreamError):
    code = "provider_unreachable"
    detail = (
        "The speech provider could not be reached. Try again; if it goes on, ask whoever runs this server."
    )
    retryable = True


class UpstreamSilent(UpstreamError):
    code = "provider_silent"
    detail = "The speech provider did not answer in time. Try again in a moment."
    close_code = 4504
    end_reason: EndReason = "provider_silent"
    retryable = True


class UpstreamRefused(UpstreamError):
    """The provider said no. `upstream_code` is its word; its own sentence may hold parts of a key and stays out."""

    def __init__(self, code: str, detail: str, end_reason: EndReason, *, upstream_code: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.end_reason = end_reason
        self.upstream_code = upstream_code


class ProviderUnavailable(UpstreamError):
    """Not even tried: whoever asks is told at once instead of after the time that a try takes."""

    code = "provider_unavailable"
    detail = "The speech provider has not answered for a while. Your conversations are kept; try again soon."
    retryable = True
    retry_after: int | None = 30


class UpstreamClosed(UpstreamError):
    """The connection to the provider ended with WebSocket close code `closed_with`."""

    retryable = True

    def __init__(self, closed_with: int, reason: str = "") -> None:
        super().__init__()
        self.closed_with = closed_with
        self.reason = reason
