"""How requests are taken to their threads."""

import asyncio
import threading
from typing import Any, cast

import httpx
import pytest
from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.deprecation import MiddlewareMixin

from voiceassist.handler import Handler

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
