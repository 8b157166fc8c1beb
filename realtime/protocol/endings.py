"""Every way a session can end: the close code, the sentence for people, and whether coming back can help."""

from dataclasses import dataclass

from realtime.errors import EndReason


@dataclass(frozen=True, slots=True)
class Ending:
    """How one end reason is told."""

    close_code: int
    detail: str
    is_fault: bool = True
    """Whether a client is told through an `error` event before the close."""
    retryable: bool = False


ENDINGS: dict[EndReason, Ending] = {
    "client": Ending(1000, "You ended the session.", is_fault=False),
    "idle": Ending(1000, "Nothing was said for a while, so the session ended.", is_fault=False, retryable=True),
    "daily_limit": Ending(4429, "Today's talking time is used up. It starts again tomorrow."),
    "ended_by_owner": Ending(1000, "The session was ended from another place.", is_fault=False, retryable=True),
    "ended_by_admin": Ending(1000, "An administrator ended the session.", is_fault=False),
    "replaced": Ending(4409, "This conversation goes on in another window or device.", is_fault=False),
    "signed_out": Ending(4403, "You signed out. Sign in again to go on; the conversation is kept."),
    "account_disabled": Ending(4403, "This account has been switched off."),
    "erased": Ending(4404, "This conversation was erased."),
    "conversation_deleted": Ending(4404, "This conversation was deleted."),
    "draining": Ending(
        1001, "The server is restarting. Connect again; the conversation is kept.", is_fault=False, retryable=True
    ),
    "client_lost": Ending(1000, "The connection to you was lost.", is_fault=False, retryable=True),
    "slow_client": Ending(4408, "Your connection is too slow to carry the answers. Try again.", retryable=True),
    "protocol_error": Ending(4400, "Too many messages could not be understood. Start the session again."),
    "provider_auth": Ending(4502, "The speech provider did not accept this server's key. Ask whoever runs it."),
    "provider_quota": Ending(4502, "This server's credit with the speech provider is used up. Ask whoever runs it."),
    "provider_failed": Ending(
        4502, "The speech provider failed. What was said so far is kept; try again in a moment.", retryable=True
    ),
    "provider_silent": Ending(
        4504, "The speech provider did not answer. What was said so far is kept; try again.", retryable=True
    ),
    "engine_busy": Ending(
        4503, "Everyone who can be listened to at once is speaking. Try again in a moment.", retryable=True
    ),
    "internal": Ending(
        4500, "Something went wrong on our side. What was said so far is kept; start again.", retryable=True
    ),
    "lost": Ending(4500, "The server that held this session was lost. Start again; the conversation is kept."),
}
