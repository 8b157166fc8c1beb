"""Each answer leaves a line and a figure: who, what kind of address, how it went; never what a stranger typed."""

import logging
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.test import AsyncClient, AsyncRequestFactory
from django.test.client import AsyncClientHandler

from realtime import control
from realtime.telemetry import THIS_PROCESS, Event, Span
from voiceassist import access
from voiceassist.handler import Handler
from voiceassist.logs import REQUEST

REQUESTS, REFUSALS = "voiceassist.requests", "voiceassist.refusals"
pytestmark = pytest.mark.django_db(transaction=True)


class _OurHandler(AsyncClientHandler):
    """The test client's own, answering as ours does."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ours = Handler()

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await self._ours.get_response_async(request)


@pytest.fixture
def async_client() -> AsyncClient:
    client = AsyncClient()
    client.handler = _OurHandler(enforce_csrf_checks=False)
    return client


@pytest.fixture(autouse=True)
def _everything_is_written(caplog: pytest.LogCaptureFixture) -> None:
    for name in (REQUESTS, REFUSALS):
        caplog.set_level(logging.DEBUG, name)


def _lines(caplog: pytest.LogCaptureFixture, name: str) -> list[Any]:
    return [record for record in caplog.records if record.name == name]


async def test_an_answer_is_written_down_with_its_route_and_figures(
    async_client: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    counted, timed = (
        THIS_PROCESS.counted(Event.HTTP_REQUEST, "2xx"),
        THIS_PROCESS.timed(Span.HTTP_REQUEST).times,
    )
    assert (await async_client.get("/login?next=CANARY")).status_code == 200
    [line] = _lines(caplog, REQUESTS)
    assert (line.method, line.route, line.status, line.address) == ("GET", "login", 200, "127.0.0.1")
    assert line.seconds > 0
    assert line.user_id is None
    assert line.getMessage() == "GET login: 200"
    assert THIS_PROCESS.counted(Event.HTTP_REQUEST, "2xx") == counted + 1
    assert THIS_PROCESS.timed(Span.HTTP_REQUEST).times == timed + 1


async def test_an_address_that_is_not_there_is_not_repeated(
    async_client: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await async_client.get("/CANARY/my-knee?CANARY")).status_code == 404
    [line] = _lines(caplog, REQUESTS)
    assert (line.route, line.status) == ("-", 404)
    assert "CANARY" not in line.getMessage()


async def test_who_is_signed_in_stands_there_by_number(
    async_client: AsyncClient, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    await async_client.aforce_login(alice)
    assert (await async_client.get("/api/conversations/")).status_code == 200
    [line] = _lines(caplog, REQUESTS)
    assert line.user_id == alice.pk
    assert "alice" not in line.getMessage()


async def test_nobody_is_looked_up_for_the_log(
    async_client: AsyncClient, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    """Signed in, on an address that does not care: looking would ask the database, and in the event loop at that."""
    await async_client.aforce_login(alice)
    assert (await async_client.get("/health")).status_code == 200
    [line] = _lines(caplog, REQUESTS)
    assert line.user_id is None


@pytest.mark.parametrize(("path", "status"), [("/api/conversations/", 401), ("/metrics", 401)])
async def test_a_refusal_is_shown_to_people_too(
    async_client: AsyncClient, caplog: pytest.LogCaptureFixture, path: str, status: int
) -> None:
    assert (await async_client.get(path)).status_code == status
    [line] = _lines(caplog, REFUSALS)
    assert (line.status, line.levelno) == (status, logging.INFO)
    assert not _lines(caplog, REQUESTS)


async def test_what_is_somebody_elses_is_counted(
    async_client: AsyncClient, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    before = THIS_PROCESS.counted(Event.PERMISSION_REFUSED)
    await async_client.aforce_login(alice)
    assert (await async_client.get("/metrics")).status_code == 403
    [line] = _lines(caplog, REFUSALS)
    assert (line.status, line.user_id) == (403, alice.pk)
    assert THIS_PROCESS.counted(Event.PERMISSION_REFUSED) == before + 1


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
async def test_what_machines_ask_every_few_seconds_is_not_worth_a_line(
    async_client: AsyncClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    # As in a server that runs: with Redis, whoever hears nothing of the others is not ready.
    monkeypatch.setattr(control.THIS_PROCESS, "is_heard", True)
    assert (await async_client.get(path)).status_code == 200
    [line] = _lines(caplog, REQUESTS)
    assert line.levelno == logging.DEBUG


# --- the id of a request ----------------------------------------------------------------------------------------


async def test_an_answer_has_an_id_of_its_own(async_client: AsyncClient) -> None:
    first, second = [(await async_client.get("/health"))["X-Request-Id"] for _ in range(2)]
    assert re.fullmatch(r"[0-9a-f]{16}", first)
    assert first != second


async def test_an_id_that_a_proxy_gave_is_kept(async_client: AsyncClient) -> None:
    answer = await async_client.get("/health", headers={"X-Request-Id": "edge-1.7_a9"})
    assert answer["X-Request-Id"] == "edge-1.7_a9"


@pytest.mark.parametrize(
    "given", ["short", "x" * 65, "my knee hurts", "a\r\nb: c12345", "12345678\n", "naïve-id-1"]
)
async def test_an_id_that_could_be_anything_is_replaced(given: str) -> None:
    request = AsyncRequestFactory().get("/health")
    request.META["HTTP_X_REQUEST_ID"] = given
    handler = Handler()
    handler.load_middleware()
    answer = await handler.get_response_async(request)
    assert re.fullmatch(r"[0-9a-f]{16}", answer["X-Request-Id"])


async def test_lines_of_a_view_have_the_id_and_later_ones_do_not(
    async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    told = access._told

    def spying(*args: Any) -> None:
        seen.append(REQUEST.get())
        told(*args)

    monkeypatch.setattr(access, "_told", spying)
    answer = await async_client.get("/health")
    assert seen == [answer["X-Request-Id"]]
    assert REQUEST.get() == ""
