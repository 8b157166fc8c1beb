"""Which path leads to the socket, and how whoever comes there with an access token is slowed down."""

from typing import Any, cast

import orjson
import pytest
from channels.routing import URLRouter
from django.contrib.auth.models import User
from rest_framework_simplejwt.tokens import AccessToken

from realtime.admission import Brake, no_brake
from realtime.models import VoiceSession
from realtime.routing import websocket_routes
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
