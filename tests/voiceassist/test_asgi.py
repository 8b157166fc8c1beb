"""What a server prepares before the first socket and lets go of after the last."""

from typing import Any

import pytest

from realtime.config import EngineConfig, RealtimeConfig
from realtime.providers import registry
from realtime.providers.embedded import EmbeddedProvider

Event = dict[str, Any]


async def _lifespan(*kinds: str) -> list[str]:
    """The types of what is answered to lifespan messages."""
    # Not above: it looks at the static files when it is imported, and the tests' are in place only now.
    from voiceassist.asgi import application

    incoming = [{"type": f"lifespan.{kind}"} for kind in kinds]
    answers: list[str] = []

    async def receive() -> Event:
        return incoming.pop(0)

    async def send(message: Event) -> None:
        answers.append(message["type"])

    await application({"type": "lifespan"}, receive, send)  # type: ignore[arg-type]
    return answers


@pytest.mark.parametrize("enabled", [True, False])
async def test_a_server_starts_and_stops_whether_sessions_are_switched_on_or_not(
    settings: Any, enabled: bool
) -> None:
    settings.REALTIME = RealtimeConfig(enabled=enabled, provider="openai", api_key="sk-canary")
    assert await _lifespan("startup", "shutdown") == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


async def test_the_engine_is_ready_before_the_first_session_and_gone_after_the_last(settings: Any) -> None:
    settings.REALTIME = RealtimeConfig(provider="embedded", engine=EngineConfig(speech_sessions=1))
    before = registry.provider_for(settings.REALTIME)
    assert isinstance(before, EmbeddedProvider)
    assert await _lifespan("startup", "shutdown") == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    assert registry.provider_for(settings.REALTIME) is not before, "what it held is let go of"
