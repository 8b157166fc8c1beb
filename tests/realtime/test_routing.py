"""Which path leads to the socket."""

from typing import Any, cast

import pytest
from channels.routing import URLRouter

from realtime.routing import websocket_urlpatterns

Event = dict[str, Any]


async def handshake_at(path: str) -> list[Event]:
    """What is answered to a handshake there, by a client without a credential that then leaves."""
    incoming: list[Event] = [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}]
    answers: list[Event] = []

    async def receive() -> Event:
        return incoming.pop(0)

    async def send(message: Event) -> None:
        answers.append(message)

    scope = {"type": "websocket", "path": path, "query_string": b"", "headers": [], "subprotocols": []}
    application = URLRouter(cast(Any, websocket_urlpatterns))
    await application(cast(Any, scope), cast(Any, receive), cast(Any, send))
    return answers


@pytest.mark.parametrize("path", ["/v1/realtime", "/v1/realtime/"])
async def test_the_socket_is_where_the_sdks_look_for_it(path: str) -> None:
    assert (await handshake_at(path))[0]["type"] == "websocket.accept"


@pytest.mark.parametrize(
    "path", ["/", "/v1/realtime/translations", "/v1", "/ws/../v1/realtime", "/xv1/realtime"]
)
async def test_elsewhere_a_handshake_is_turned_away_without_a_traceback(path: str) -> None:
    assert await handshake_at(path) == [{"type": "websocket.close"}]
