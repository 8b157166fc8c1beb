"""The speech provider: a real connection with the key that is set, until it says that a session is there."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.conf import settings

from realtime.config import RealtimeConfig
from realtime.errors import RealtimeDisabled, RealtimeError, UpstreamClosed
from realtime.protocol.refusals import Refusal, refusal_of_close, refusal_of_error
from realtime.providers.base import UpstreamConnection
from realtime.providers.registry import close_all, describe, provider_for
from voiceassist.management.doctor.finding import Finding, ok, problem, warning

GREETING_SECONDS = 10.0
_NETWORK = "Check this machine's network and DNS, HTTPS_PROXY, and REALTIME_BASE_URL."


def examine_upstream() -> Iterator[Finding]:
    """Whether a session would begin, now. Nothing is said in it, so that it costs nothing."""
    config: RealtimeConfig = settings.REALTIME
    if not config.enabled:
        yield warning(
            "Sessions are switched off (REALTIME_ENABLED).", "Set REALTIME_ENABLED=true to let people talk."
        )
        return
    label = describe(config).label
    try:
        asyncio.run(_greeted(config))
    except RealtimeError as error:
        yield problem(f"{label}: {_without_asking(error.detail)} ({error.code})", _advice(error.code, config))
    except TimeoutError:
        yield problem(
            f"{label}: it took the connection and began no session in {GREETING_SECONDS:g} s.", _NETWORK
        )
    else:
        yield ok(f"{label} began a session.")


async def _greeted(config: RealtimeConfig) -> None:
    """Connect and wait for `session.created`. Raises RealtimeError or TimeoutError."""
    try:
        async with asyncio.timeout(GREETING_SECONDS):
            connection = await provider_for(config).connect(safety_identifier="")
            try:
                await _first_word(connection)
            except UpstreamClosed as closed:
                raise refusal_of_close(closed.closed_with, closed.reason).as_error() from None
            finally:
                await connection.close()
    finally:
        await close_all()


def _event_in(frame: str) -> dict[str, Any]:
    with suppress(json.JSONDecodeError):
        event = json.loads(frame)
        return event if isinstance(event, dict) else {}
    return {}


async def _first_word(connection: UpstreamConnection) -> None:
    """Wait until a session has begun. Raises UpstreamClosed and UpstreamRefused: some accept every key and say
    afterwards that it is wrong."""
    begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def hear(frame: str) -> None:
        event = _event_in(frame)
        if begun.done():
            return
        if event.get("type") == "session.created":
            begun.set_result(None)
        elif event.get("type") == "error":
            said = event.get("error")
            refusal: Refusal = refusal_of_error(said if isinstance(said, dict) else {}, in_setup=True)
            begun.set_exception(refusal.as_error())

    delivery = asyncio.ensure_future(connection.deliver(hear))
    try:
        await asyncio.wait({delivery, begun}, return_when=asyncio.FIRST_COMPLETED)
        await (begun if begun.done() else delivery)
    finally:
        delivery.cancel()
        await asyncio.gather(delivery, return_exceptions=True)


def _without_asking(detail: str) -> str:
    """The sentence without the part that sends people to whoever runs this server: that is who reads it here."""
    kept = [s for s in detail.split(". ") if not s.startswith(("Ask whoever", "What was said", "Try again"))]
    return ". ".join(kept).rstrip(".") + "."


def _advice(code: str, config: RealtimeConfig) -> str:
    key = config.api_key_variable
    advice = {
        "provider_auth": f"Check the key in {key}: copy it again, and see whether its account may use realtime models.",
        "provider_quota": "Top the account up, or raise its limit.",
        "provider_rate_limited": "Too much is asked of the account at the moment. Try again later.",
        "provider_unreachable": _NETWORK,
        "provider_silent": _NETWORK,
        "realtime_not_configured": f"Set {key}, or leave REALTIME_PROVIDER out for the engine in this house.",
        RealtimeDisabled.code: "Set REALTIME_ENABLED=true.",
    }
    return advice.get(
        code, "Check REALTIME_BASE_URL, REALTIME_MODEL and REALTIME_DIALECT; see docs/providers.md."
    )
