"""How requests are taken to their threads."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, cast

import httpx
import pytest
from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.deprecation import MiddlewareMixin

from voiceassist.handler import Handler
from voiceassist.turns import Turns

both = threading.Barrier(2)


class Noting(MiddlewareMixin):
    """Says in the answer how it was run."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response["X-Middleware"] = f"{'async' if self.async_mode else 'sync'} {threading.get_ident()}"
        return response


def alone(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(threading.get_ident()))


def together(request: HttpRequest) -> HttpResponse:
    both.wait(5)
    return HttpResponse(str(threading.get_ident()))


urlpatterns = [path("alone", alone), path("together", together)]


@pytest.fixture
def handler(settings: Any) -> Handler:
    settings.MIDDLEWARE = [f"{__name__}.Noting"]
    settings.ROOT_URLCONF = __name__
    return Handler()


async def get(handler: Handler, address: str) -> httpx.Response:
    transport = httpx.ASGITransport(cast(Any, handler))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        return await client.get(address)


async def test_middleware_and_view_run_one_after_the_other_in_one_thread(handler: Handler) -> None:
    ended_in: list[int] = []

    def note(**_: Any) -> None:
        ended_in.append(threading.get_ident())

    request_finished.connect(note)
    try:
        answer = await get(handler, "/alone")
    finally:
        request_finished.disconnect(note)
    assert answer.headers["X-Middleware"] == f"sync {answer.text}"
    assert int(answer.text) != threading.get_ident()
    assert ended_in == [int(answer.text)], "connections are closed where they were opened"


async def test_requests_do_not_wait_for_each_other(handler: Handler) -> None:
    answers = await asyncio.gather(get(handler, "/together"), get(handler, "/together"))
    assert len({answer.text for answer in answers}) == 2


class Crowd:
    """Requests that are answered only when they are let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.at_work = 0
        self.most = 0
        self._lock = threading.Lock()

    def answer(self, request: HttpRequest) -> HttpResponse:
        with self._lock:
            self.at_work += 1
            self.most = max(self.most, self.at_work)
        self.let_go.wait(10)
        with self._lock:
            self.at_work -= 1
        return HttpResponse("done")


crowd = Crowd()
urlpatterns += [
    path("crowd", lambda request: crowd.answer(request)),
    path("api/crowd", lambda request: crowd.answer(request)),
    path("health", alone),
]


@pytest.fixture
def narrow(handler: Handler) -> Handler:
    """One that answers two at a time, and is not patient."""
    global crowd
    crowd = Crowd()
    return Handler(Turns(at_once=2, patience=0.3))


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():  # noqa: ASYNC110 - what another thread does is told by no event of the loop
            await asyncio.sleep(0.01)


async def test_no_more_than_so_many_are_answered_at_a_time_and_the_others_are_told_to_come_again(
    narrow: Handler,
) -> None:
    first = [asyncio.create_task(get(narrow, "/crowd")) for _ in range(2)]
    await until(lambda: crowd.at_work == 2)
    program, person = await asyncio.gather(get(narrow, "/api/crowd"), get(narrow, "/crowd"))
    assert (program.status_code, program.json()["code"]) == (503, "server_busy")
    assert person.status_code == 503
    assert "More is asked of this server just now" in person.text
    assert program.headers["Retry-After"] == person.headers["Retry-After"] == "2"
    crowd.let_go.set()
    assert [answer.status_code for answer in await asyncio.gather(*first)] == [200, 200]
    assert crowd.most == 2
    assert (await get(narrow, "/crowd")).status_code == 200


async def test_those_who_wait_are_answered_in_their_turn(narrow: Handler) -> None:
    asked = [asyncio.create_task(get(narrow, "/crowd")) for _ in range(6)]
    await until(lambda: crowd.at_work == 2)
    crowd.let_go.set()
    assert [answer.status_code for answer in await asyncio.gather(*asked)] == [200] * 6
    assert crowd.most == 2


async def test_whoever_looks_whether_the_server_lives_waits_for_nobody(narrow: Handler) -> None:
    first = [asyncio.create_task(get(narrow, "/crowd")) for _ in range(2)]
    await until(lambda: crowd.at_work == 2)
    assert (await get(narrow, "/health")).status_code == 200
    crowd.let_go.set()
    await asyncio.gather(*first)


async def test_the_place_of_a_client_that_went_away_is_free_when_its_thread_is_done_and_not_before(
    narrow: Handler,
) -> None:
    gone = asyncio.Event()
    body = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if body:
            return body.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError("nobody is there to be told")

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/crowd",
        "query_string": b"",
        "headers": [],
        "http_version": "1.1",
    }
    leaving = asyncio.create_task(narrow(scope, receive, send))
    staying = asyncio.create_task(get(narrow, "/crowd"))
    await until(lambda: crowd.at_work == 2)
    gone.set()
    assert (await get(narrow, "/crowd")).status_code == 503, "its thread is still at it"
    crowd.let_go.set()
    await asyncio.gather(leaving, staying)
    crowd.let_go.clear()
    two = [asyncio.create_task(get(narrow, "/crowd")) for _ in range(2)]
    await until(lambda: crowd.at_work == 2)
    crowd.let_go.set()
    assert [answer.status_code for answer in await asyncio.gather(*two)] == [200, 200]
