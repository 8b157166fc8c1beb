"""Which path leads to the socket, and how whoever comes there with an access token is slowed down."""

import asyncio
from typing import Any, cast

import orjson
import pytest
from channels.routing import URLRouter
from django.contrib.auth.models import User
from rest_framework_simplejwt.tokens import AccessToken

from realtime.admission import Brake, no_brake
from realtime.live import LiveSessions
from realtime.models import VoiceSession
from realtime.routing import Sockets, websocket_routes
from realtime.telemetry import THIS_PROCESS
from realtime.telemetry import Event as Happening
from tests.support.sessions import CONFIG

Event = dict[str, Any]


async def handshake_at(
    path: str, *, brake: Brake = no_brake, bearer: str = "", client: Any = None, query: bytes = b""
) -> list[Event]:
    """What is answered to a handshake there, by a client that then leaves."""
    incoming: list[Event] = [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}]
    answers: list[Event] = []

    async def receive() -> Event:
        return incoming.pop(0)

    async def send(message: Event) -> None:
        answers.append(message)

    headers = [(b"authorization", f"Bearer {bearer}".encode())] if bearer else []
    scope = {"type": "websocket", "path": path, "query_string": query, "headers": headers}
    application = URLRouter(cast(Any, websocket_routes(brake)))
    await application(
        cast(Any, scope | {"subprotocols": [], "client": client}), cast(Any, receive), cast(Any, send)
    )
    return answers


@pytest.mark.parametrize("path", ["/v1/realtime", "/v1/realtime/"])
async def test_the_socket_is_where_the_sdks_look_for_it(path: str) -> None:
    assert (await handshake_at(path))[0]["type"] == "websocket.accept"


@pytest.mark.parametrize(
    "path", ["/", "/v1/realtime/translations", "/v1", "/ws/../v1/realtime", "/xv1/realtime"]
)
async def test_elsewhere_a_handshake_is_turned_away_without_a_traceback(path: str) -> None:
    assert await handshake_at(path) == [{"type": "websocket.close"}]


class Counting:
    """A brake that notes who is counted, and refuses everybody for a while."""

    def __init__(self) -> None:
        self.counted: list[tuple[int, str]] = []

    def __call__(self, user: User, address: str) -> int:
        self.counted.append((user.pk, address))
        return 42


@pytest.mark.django_db(transaction=True)
class TestTheBrake:
    @pytest.fixture(autouse=True)
    def _configured(self, settings: Any) -> None:
        settings.REALTIME = CONFIG

    async def test_a_session_with_an_access_token_is_refused_in_words_and_opens_nothing(
        self, alice: User
    ) -> None:
        brake = Counting()
        _, error, ended, close = await handshake_at(
            "/v1/realtime",
            brake=brake,
            bearer=str(AccessToken.for_user(alice)),
            client=["192.0.2.7", 5000],
            query=b"voiceassist=1",
        )
        assert brake.counted == [(alice.pk, "192.0.2.7")]
        told = orjson.loads(error["text"])["error"]
        assert (told["code"], told["type"]) == ("throttled", "invalid_request_error")
        assert "Try again in 42 seconds." in told["message"]
        said = orjson.loads(ended["text"])
        assert (said["code"], said["reason"], said["retryable"]) == ("throttled", "protocol_error", True)
        assert said["retry_after"] == 42
        assert (close["type"], close["code"], close["reason"]) == ("websocket.close", 4429, "throttled")
        assert not await VoiceSession.objects.aexists()

    @pytest.mark.parametrize("client", [None, ["", 0]])
    async def test_on_a_unix_socket_only_the_person_is_counted(self, alice: User, client: Any) -> None:
        brake = Counting()
        await handshake_at(
            "/v1/realtime", brake=brake, bearer=str(AccessToken.for_user(alice)), client=client
        )
        assert brake.counted == [(alice.pk, "")]

    async def test_a_ticket_was_counted_when_it_was_asked_for_and_a_bad_token_is_nobodys(self) -> None:
        brake = Counting()
        for bearer in ("ek_unknown", "eyJ.eyJ.sig", ""):
            await handshake_at("/v1/realtime", brake=brake, bearer=bearer)
        assert brake.counted == []


# --- how many ---------------------------------------------------------------------------------------------------------

CAPABLE = {"type": "websocket", "extensions": {"websocket.http.response": {}}}


class Holding:
    """An application that accepts sockets and holds them until it is told to let go."""

    def __init__(self) -> None:
        self.accepted = asyncio.Queue[None]()
        self.may_end = asyncio.Event()

    async def __call__(self, scope: Event, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        self.accepted.put_nowait(None)
        await self.may_end.wait()


async def knock(application: Any, scope: Event = CAPABLE) -> list[Event]:
    """Open a socket; what was answered until it was over."""
    answers: list[Event] = []

    async def receive() -> Event:
        return {"type": "websocket.connect"}

    async def send(message: Event) -> None:
        answers.append(message)

    await application(scope, receive, send)
    return answers


async def held(application: Any, holding: Holding, sockets: int) -> list[asyncio.Task[list[Event]]]:
    tasks = [asyncio.create_task(knock(application)) for _ in range(sockets)]
    async with asyncio.timeout(5):
        for _ in tasks:
            await holding.accepted.get()
    return tasks


async def test_a_socket_that_is_one_too_many_is_refused_in_http_before_it_is_one(settings: Any) -> None:
    settings.REALTIME_SOCKETS = 3
    sockets, holding = Sockets(), Holding()
    application = sockets.capped(holding)
    before = THIS_PROCESS.counted(Happening.SOCKET_OVER_CAP)
    open_ones = await held(application, holding, 3)

    start, body = await knock(application)

    assert (start["type"], start["status"]) == ("websocket.http.response.start", 503)
    headers = dict(start["headers"])
    assert int(headers[b"retry-after"]) > 0
    assert int(headers[b"content-length"]) == len(body["body"])
    assert orjson.loads(body["body"])["code"] == "too_many_sockets"
    assert (sockets.open, holding.accepted.empty()) == (3, True)
    assert THIS_PROCESS.counted(Happening.SOCKET_OVER_CAP) == before + 1

    holding.may_end.set()
    await asyncio.gather(*open_ones)
    assert sockets.open == 0
    assert [answer["type"] for answer in await knock(application)] == ["websocket.accept"]


async def test_a_socket_that_fails_makes_room(settings: Any) -> None:
    settings.REALTIME_SOCKETS = 1
    sockets = Sockets()

    async def failing(scope: Event, receive: Any, send: Any) -> None:
        raise RuntimeError("a fault of ours")

    for _ in range(3):
        with pytest.raises(RuntimeError):
            await knock(sockets.capped(failing))
    assert sockets.open == 0


@pytest.mark.parametrize(
    "happens", [{"type": "websocket.disconnect", "code": 1006}, {"type": "websocket.close", "code": 1000}]
)
async def test_a_socket_counts_until_it_is_closed_and_not_as_long_as_its_session(
    settings: Any, happens: Event
) -> None:
    """A session that is parked or resumed goes on in the call of its first socket."""
    settings.REALTIME_SOCKETS = 1
    sockets, closed, session_over = Sockets(), asyncio.Event(), asyncio.Event()

    async def session(scope: Event, receive: Any, send: Any) -> None:
        await receive()
        await (receive() if happens["type"] == "websocket.disconnect" else send(happens))
        closed.set()
        await session_over.wait()

    heard = [{"type": "websocket.connect"}, happens]

    async def receive() -> Event:
        return heard.pop(0)

    async def send(message: Event) -> None:
        assert sockets.open == 1, "it is there until it is closed"

    async def connected() -> None:
        await sockets.capped(session)(CAPABLE, receive, send)

    first = asyncio.create_task(connected())
    async with asyncio.timeout(5):
        await closed.wait()
    assert sockets.open == 0
    holding = Holding()
    [second] = await held(sockets.capped(holding), holding, 1)
    session_over.set()
    await first
    assert sockets.open == 1, "the place is given back once"
    holding.may_end.set()
    await second
    assert sockets.open == 0


async def test_where_the_server_cannot_answer_in_http_the_handshake_is_turned_away(settings: Any) -> None:
    settings.REALTIME_SOCKETS = 0
    assert await knock(Sockets().capped(Holding()), {"type": "websocket"}) == [{"type": "websocket.close"}]


async def test_a_process_that_drains_leaves_new_sockets_to_others_and_keeps_those_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, holding = LiveSessions(), Holding()
    monkeypatch.setattr("realtime.routing.THIS_PROCESS", here)
    application = Sockets().capped(holding)
    [open_one] = await held(application, holding, 1)
    await here.drain(0.0)
    start, body = await knock(application)
    assert (start["status"], orjson.loads(body["body"])["code"]) == (503, "draining")
    assert not open_one.done()
    here.resume_work()
    again = await held(application, holding, 1)
    holding.may_end.set()
    await asyncio.gather(open_one, *again)
