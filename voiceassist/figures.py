"""What each figure of the tally is called for Prometheus, and what it says. Labels are our own codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from realtime.errors import EndReason, RealtimeError, UpstreamError
from realtime.telemetry import Event, Span

PREFIX = "voiceassist_"


@dataclass(frozen=True, slots=True)
class Count:
    """How an event is exported: its metric, the label of the metric, and the event's place in it."""

    event: Event
    metric: str
    label: str = ""
    value: str = ""
    """Of the label; empty: the label that the event was counted with."""
    known: tuple[str, ...] = ()
    """Labels that are exported though nothing was counted yet, so that the first time is seen as an increase."""


def _codes(kind: type[RealtimeError]) -> tuple[str, ...]:
    """The codes of an error and everything that is one."""
    return tuple(
        dict.fromkeys([kind.code, *(code for each in kind.__subclasses__() for code in _codes(each))])
    )


_KINDS = ("end", "lose", "let_go", "busy")
_TOLD_BY_PROVIDERS = (
    "provider_auth",
    "provider_quota",
    "provider_rate_limited",
    "provider_lost",
    "engine_busy",
)
COUNTS = (
    Count(Event.UPSTREAM_OPENED, "upstream_connections", "outcome", "opened"),
    Count(Event.UPSTREAM_UNREACHABLE, "upstream_connections", "outcome", "unreachable"),
    Count(Event.UPSTREAM_REFUSED, "upstream_connections", "outcome", "refused"),
    Count(
        Event.UPSTREAM_ERROR, "upstream_errors", "code", known=(*_codes(UpstreamError), *_TOLD_BY_PROVIDERS)
    ),
    Count(Event.UPSTREAM_BINARY_FRAME, "upstream_binary_frames"),
    Count(Event.UPSTREAM_MALFORMED_FRAME, "upstream_malformed_frames"),
    Count(Event.UPSTREAM_LOST, "upstream_changes", "reason", "lost"),
    Count(Event.UPSTREAM_SILENT, "upstream_changes", "reason", "silent"),
    Count(Event.UPSTREAM_RECYCLED, "upstream_changes", "reason", "recycled"),
    Count(Event.BREAKER_OPENED, "breaker_events", "event", "opened"),
    Count(Event.BREAKER_REFUSED, "breaker_events", "event", "refused"),
    Count(Event.TICKET_ISSUED, "tickets", "outcome", "issued"),
    Count(Event.TICKET_REDEEMED, "tickets", "outcome", "redeemed"),
    Count(Event.TICKET_REFUSED, "tickets_refused", "code", known=("ticket_refused",)),
    Count(Event.SOCKET_REFUSED, "sockets_refused", "code", known=_codes(RealtimeError)),
    Count(Event.SOCKET_OVER_CAP, "sockets_refused", "code", "over_cap"),
    Count(Event.SESSION_STARTED, "sessions_started"),
    Count(Event.SESSION_ENDED, "sessions_ended", "reason", known=get_args(EndReason)),
    Count(Event.SESSION_PARKED, "sessions_parked"),
    Count(Event.SESSION_RESUMED, "sessions_resumed"),
    Count(
        Event.SESSION_TAKEN_UP,
        "sessions_taken_up",
        "reason",
        known=("other_process", "journal_short", "not_parked"),
    ),
    Count(Event.SESSION_DRAINED, "sessions_drained", "how", known=("quiet", "cut")),
    Count(Event.SESSION_HANDED_OVER, "sessions_handed_over", "how", known=("let_go", "forced")),
    Count(Event.SESSION_REAPED, "sessions_reaped"),
    Count(
        Event.FRAME_DROPPED, "frames_dropped", "reason", known=("interrupted", "slow_client", "upstream_gone")
    ),
    Count(Event.TURN_SAVED, "turns", "outcome", "saved"),
    Count(Event.TURN_REFUSED, "turns", "outcome", "refused"),
    Count(Event.TURN_FAILED, "turns", "outcome", "failed"),
    Count(Event.ORDER_TOLD, "orders_told", "kind", known=_KINDS),
    Count(Event.ORDER_OBEYED, "orders_obeyed", "kind", known=_KINDS),
    Count(Event.ORDER_UNTOLD, "orders_untold", "kind", known=_KINDS),
    Count(Event.HTTP_REQUEST, "http_requests", "class", known=("2xx", "3xx", "4xx", "5xx")),
    Count(Event.SIGN_IN, "sign_ins", "outcome", known=("ok", "failed", "throttled")),
    Count(Event.PERMISSION_REFUSED, "permissions_refused"),
    Count(
        Event.LIMIT_HIT,
        "limits_hit",
        "scope",
        known=("realtime-session", "personal-data", "erasure", "sign-in", "sign-up"),
    ),
    Count(Event.DATABASE_AWAY, "dependency_away", "part", "database"),
    Count(Event.CACHE_AWAY, "dependency_away", "part", "cache"),
)
COUNTED: Mapping[str, str] = {
    "upstream_connections": "Connections to the speech provider, by how opening them went.",
    "upstream_errors": "What went wrong with the speech provider, by our code for it.",
    "upstream_binary_frames": "Frames of the speech provider that the Realtime API does not know.",
    "upstream_malformed_frames": "Frames of the speech provider that could not be read.",
    "upstream_changes": "Times a session went on with another connection to its provider, by why.",
    "breaker_events": "Times the breaker opened, and connections it did not try.",
    "tickets": "Tickets for sessions, issued and redeemed.",
    "tickets_refused": "Tickets that were turned away, by our code for why.",
    "sockets_refused": "Sockets that were turned away, by our code for why.",
    "sessions_started": "Sessions that began here.",
    "sessions_ended": "Sessions that ended here, by why.",
    "sessions_parked": "Sessions whose client was lost and that waited for it.",
    "sessions_resumed": "Sessions whose client came back and missed nothing.",
    "sessions_taken_up": "Sessions that began anew with their history, by why they could not be resumed.",
    "sessions_drained": "Sessions that ended because the process has to stop, quiet or cut off.",
    "sessions_handed_over": "Sessions taken from another process, which let go or was forced.",
    "sessions_reaped": "Sessions whose process was not heard of any more, ended by the reaper.",
    "frames_dropped": "Frames that were not handed on, by why.",
    "turns": "What was said, by whether it could be stored.",
    "orders_told": "Orders passed to other processes.",
    "orders_obeyed": "Orders of other processes that concerned a session here.",
    "orders_untold": "Orders that could not be passed on.",
    "http_requests": "Answers over HTTP, by the class of their status.",
    "sign_ins": "Attempts to sign in, by how they went.",
    "permissions_refused": "Answers with status 403.",
    "limits_hit": "Requests beyond a limit, by which.",
    "dependency_away": "Requests that met no database, and decisions made without the cache.",
}
TIMED: Mapping[Span, tuple[str, str]] = {
    Span.UPSTREAM_OPENING: (
        "upstream_opening_seconds",
        "How long opening a connection to the provider took.",
    ),
    Span.FIRST_AUDIO: (
        "first_audio_seconds",
        "From the end of what was said to the first sound of the answer.",
    ),
    Span.RELAY: ("relay_seconds", "From a frame's arrival from upstream to its client's socket; sampled."),
    Span.TURN_SAVING: ("turn_saving_seconds", "From the moment something was said until it was stored."),
    Span.LOOP_LAG: ("event_loop_lag_seconds", "By how much the event loop was late."),
    Span.HTTP_REQUEST: ("http_request_seconds", "How long answers over HTTP took."),
    Span.HANDOVER: ("handover_seconds", "How long a session waited for another process to let go of it."),
    Span.DRAIN: ("drain_seconds", "How long putting everything down took when the process had to stop."),
}
"""Histograms: the metric of each span, and what it says."""
