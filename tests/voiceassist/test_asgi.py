"""The application as servers run it: what it prepares and lets go of, and which sockets it counts."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest
from django.contrib.auth.models import User
from rest_framework.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken

from realtime import control
from realtime.config import EngineConfig, RealtimeConfig
from realtime.executors import in_database
from realtime.models import TalkingTime
from realtime.options import SESSION_RATE
from realtime.providers import registry
from realtime.providers.embedded import EmbeddedProvider
from tests.support.sessions import CONFIG

pytestmark = pytest.mark.django_db(transaction=True)

Event = dict[str, Any]


def _application() -> Any:
    # Not above: it looks at the static files when it is imported, and the tests' are in place only now.
    from voiceassist.asgi import application

    return application


async def _nothing() -> None:
    """What happens before the server stops, unless a test says more."""


async def _lifespan(*kinds: str, before_the_last: Callable[[], Awaitable[Any]] = _nothing) -> list[str]:
    """The types of what is answered to lifespan messages."""
    incoming = [{"type": f"lifespan.{kind}"} for kind in kinds]
    answers: list[str] = []

    async def receive() -> Event:
        if len(incoming) == 1:
            await before_the_last()
        return incoming.pop(0)

    async def send(message: Event) -> None:
        answers.append(message["type"])

    await _application()({"type": "lifespan"}, receive, send)
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


async def test_a_server_tidies_up_after_its_start_and_is_through_before_it_stops(
    alice: User, settings: Any
) -> None:
    settings.REALTIME = CONFIG
    await TalkingTime.objects.acreate(user=alice, day="2020-01-01", seconds=60)
    incoming = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> Event:
        if len(incoming) == 1:
            async with asyncio.timeout(10):
                while await TalkingTime.objects.aexists():
                    pass
        return incoming.pop(0)

    async def send(message: Event) -> None:
        """Nobody listens."""

    await _application()({"type": "lifespan"}, receive, send)


async def test_a_server_listens_to_the_others_as_long_as_it_runs(settings: Any) -> None:
    settings.REALTIME = CONFIG
    line = control.THIS_PROCESS

    async def until_heard() -> None:
        async with asyncio.timeout(10):
            # A flag for the health view: nobody is woken up by it.
            while not line.is_heard:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    await _lifespan("startup", "shutdown", before_the_last=until_heard)
    assert not line.is_heard


async def test_a_chore_that_does_not_end_keeps_no_server(
    settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A thread of the database's, for instance, that waits for one which hangs."""
    settings.REALTIME = CONFIG
    may_end, has_begun = asyncio.Event(), asyncio.Event()

    async def stubborn() -> None:
        has_begun.set()
        while not may_end.is_set():
            with suppress(asyncio.CancelledError):
                await may_end.wait()

    _application()
    monkeypatch.setattr("voiceassist.asgi.keep_tidy", stubborn)
    monkeypatch.setattr("voiceassist.asgi.LETTING_GO_SECONDS", 0.2)
    try:
        answers = await _lifespan("startup", "shutdown", before_the_last=has_begun.wait)
        assert answers[-1] == "lifespan.shutdown.complete"
        assert "without waiting any longer for the chores" in caplog.text
    finally:
        may_end.set()


class TestCounting:
    """Sessions that one person asks for over REST and opens with an access token come out of one purse."""

    @pytest.fixture(autouse=True)
    def _two_a_minute(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.REALTIME = CONFIG
        monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, SESSION_RATE, "2/min")

    async def test_what_is_asked_for_over_rest_is_missing_at_the_socket(self, alice: User) -> None:
        assert [await _post(alice) for _ in range(3)] == [200, 200, 429]
        refused = await _socket(alice)
        assert (refused["code"], refused["reason"]) == ("throttled", "protocol_error")
        assert 1 <= refused["retry_after"] <= 120

    async def test_what_is_opened_at_the_socket_is_missing_over_rest(
        self, alice: User, settings: Any
    ) -> None:
        # Counted like any other, and refused before anything is called.
        settings.REALTIME = replace(CONFIG, api_key="")
        codes = [(await _socket(alice))["code"] for _ in range(3)]
        assert codes == ["realtime_not_configured", "realtime_not_configured", "throttled"]
        assert await _post(alice) == 429

    async def test_an_address_is_one_party_at_both_doors(self, alice: User, bob: User) -> None:
        everybody = [alice, bob, await in_database(User.objects.create_user)("carol")]
        for user in everybody:
            assert [await _post(user, "2001:db8:1:2::7") for _ in range(2)] == [200, 200]
        dave = await in_database(User.objects.create_user)("dave")
        assert (await _socket(dave, "2001:db8:1:2::9"))["code"] == "throttled"
        assert await _post(dave, "2001:db8:1:3::9") == 200


async def _post(user: User, address: str = "192.0.2.1") -> int:
    """Ask for a session; the status."""
    transport = httpx.ASGITransport(_application(), client=(address, 5000))
    headers = {"Authorization": f"Bearer {AccessToken.for_user(user)}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        return (await client.post("/api/voice/realtime-session", json={}, headers=headers)).status_code


async def _socket(user: User, address: str = "192.0.2.1") -> Event:
    """Connect with an access token, and be turned away: what was told at last."""
    incoming: list[Event] = [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}]
    told: list[Event] = []

    async def receive() -> Event:
        return incoming.pop(0)

    async def send(message: Event) -> None:
        if message["type"] == "websocket.send":
            told.append(orjson.loads(message["text"]))

    scope = {
        "type": "websocket",
        "path": "/v1/realtime",
        "query_string": b"voiceassist=1",
        "headers": [(b"authorization", f"Bearer {AccessToken.for_user(user)}".encode())],
        "subprotocols": [],
        "client": (address, 5000),
    }
    await _application()(scope, receive, send)
    return told[-1]
