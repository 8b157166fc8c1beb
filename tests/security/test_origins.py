"""A page opens the socket when it is ours: the same scheme, host and port. Programs have no origin but a credential."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.support.sessions import CONFIG, issue
from tests.support.socket_stage import OWN, Socket, key

OURS = "https://voice.example.org"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _our_site(settings: Any) -> None:
    settings.REALTIME = CONFIG
    settings.ALLOWED_ORIGINS = [OURS]


@pytest.fixture
def ticket(alice: User, _our_site: None) -> str:
    return issue(alice).ticket.secret


@pytest.mark.parametrize("origin", [OURS, None], ids=["our page", "a program"])
async def test_who_may(ticket: str, origin: str | None) -> None:
    socket = await Socket(OWN, key(ticket), origin=origin).ready()
    await socket.leave()


@pytest.mark.parametrize(
    "origin",
    [
        "http://voice.example.org",
        "https://voice.example.org:8443",
        "https://evil.voice.example.org",
        "https://voice.example.org.evil.example",
        "https://evilvoice.example.org",
        "null",
        "",
        "*",
        "file://",
        "https://voice.example.org/",
        "https://VOICE.example.org@evil.example",
    ],
)
async def test_who_may_not(ticket: str, origin: str) -> None:
    assert await Socket(OWN, key(ticket), origin=origin).refused() == (4403, "origin_refused")
