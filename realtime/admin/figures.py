"""The figures of one session in words: how long, how much, how soon."""

from django.conf import settings

from realtime.config import RealtimeConfig
from realtime.models import VoiceSession
from realtime.usage import tokens
from realtime.usage_report import EMBEDDED


def cost_of(session: VoiceSession) -> float | None:
    """What it came to as it was written down; else by today's prices, which are those of the provider of today.

    None where nothing was used, or no price is known.
    """
    if session.cost_usd is not None:
        return session.cost_usd
    config: RealtimeConfig = settings.REALTIME
    if not session.usage or session.provider != config.provider:
        return None
    return session.estimated_cost(config.prices)


def cost_in_words(session: VoiceSession) -> str:
    """The estimate as it is shown; `not known` only where something was used that has a price."""
    amount = cost_of(session)
    if amount is None:
        return "not known" if session.usage and session.provider != EMBEDDED else "–"
    return in_dollars(amount)


def in_dollars(amount: float) -> str:
    """`$12.40`; small amounts with the places that still say something: `$0.0089`."""
    if amount >= 1 or amount == 0:
        return f"${amount:,.2f}"
    return f"${amount:.4f}" if amount >= 0.0001 else "under $0.0001"


def tokens_in_words(session: VoiceSession) -> str:
    """All tokens of its answers, read and written: `1,320 tokens`; empty where none are counted."""
    total = tokens(session.usage).total
    # NaN where a count was no count.
    return f"{total:,.0f} tokens" if total > 0 else ""


def in_words(seconds: float | None) -> str | None:
    """`3,614 h`, `1 h 02 min`, `2 min 05 s`, `7 s`."""
    if seconds is None:
        return None
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_left:02} min" if hours < 100 else f"{hours:,} h"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def soon_in_words(milliseconds: float | None) -> str | None:
    """`640 ms`, `1.8 s`."""
    if milliseconds is None:
        return None
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"
