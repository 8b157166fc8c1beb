"""A file is sent piece by piece on every kind of server, and let go of when nobody wants the rest."""

import threading
from collections.abc import Iterator

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.handlers.asgi import ASGIRequest
from django.db import connection, transaction
from django.test import AsyncRequestFactory, RequestFactory

from conversations.downloads import download

# Sending closes the connections of its thread, if there are any.
pytestmark = pytest.mark.django_db(transaction=True)

MANY = 10_000


class _Pieces:
    """Ten thousand lines, which know how many were taken, in which threads, and whether they were let go of."""

    def __init__(self) -> None:
        self.taken = 0
        self.threads: set[int] = set()
        self.closed_in: int | None = None

    def lines(self) -> Iterator[str]:
        try:
            for number in range(MANY):
                self.taken += 1
                self.threads.add(threading.get_ident())
                yield f"line {number} – ü\n"
        finally:
            self.closed_in = threading.get_ident()


def _asgi_request() -> ASGIRequest:
    request = AsyncRequestFactory().get("/export")
    assert isinstance(request, ASGIRequest)
    return request


ALL = "".join(f"line {number} – ü\n" for number in range(MANY))


def test_a_plain_server_gets_it_piece_by_piece() -> None:
    pieces = _Pieces()
    response = download(
        RequestFactory().get("/export"), pieces.lines(), filename="words.txt", content_type="text/plain"
    )
    chunks = iter(response)
    first = next(chunks)
    assert pieces.taken < MANY
    assert (first + b"".join(chunks)).decode() == ALL
    assert response["Content-Disposition"] == 'attachment; filename="words.txt"'


async def test_an_asynchronous_server_gets_it_from_the_databases_thread() -> None:
    pieces = _Pieces()
    response = download(_asgi_request(), pieces.lines(), filename="words.txt", content_type="text/plain")
    assert b"".join([chunk async for chunk in response]).decode() == ALL
    assert threading.get_ident() not in pieces.threads


async def test_what_nobody_waits_for_any_more_is_let_go_of_in_the_databases_thread() -> None:
    pieces = _Pieces()
    response = download(_asgi_request(), pieces.lines(), filename="words.txt", content_type="text/plain")
    async for _ in response:
        break
    await sync_to_async(response.close)()
    assert pieces.taken < MANY
    assert pieces.closed_in == await sync_to_async(threading.get_ident)()


def test_long_pieces_are_not_gathered(rf: RequestFactory) -> None:
    pieces = ("x" * 50_000 for _ in range(10))
    response = download(rf.get("/export"), pieces, filename="words.txt", content_type="text/plain")
    assert [len(chunk) for chunk in response] == [100_000] * 5


def _reading() -> Iterator[str]:
    """Pieces that each take a look into the database."""
    for _ in range(3):
        yield str(User.objects.count()) * 100_000


def _is_connected() -> bool:
    return connection.connection is not None


def test_while_a_piece_is_on_its_way_others_have_the_connection(rf: RequestFactory) -> None:
    response = download(rf.get("/export"), _reading(), filename="words.txt", content_type="text/plain")
    assert [_is_connected() for _ in response] == [False] * 3


async def test_so_they_have_on_an_asynchronous_server() -> None:
    response = download(_asgi_request(), _reading(), filename="words.txt", content_type="text/plain")
    assert [await sync_to_async(_is_connected)() async for _ in response] == [False] * 3


def test_whoever_is_in_a_transaction_stays_in_it(rf: RequestFactory) -> None:
    response = download(rf.get("/export"), _reading(), filename="words.txt", content_type="text/plain")
    with transaction.atomic():
        assert [_is_connected() for _ in response] == [True] * 3


def test_nothing_is_an_empty_file(rf: RequestFactory) -> None:
    response = download(rf.get("/export"), iter(()), filename="words.txt", content_type="text/plain")
    assert b"".join(response) == b""


@pytest.mark.parametrize("asynchronous", [False, True])
def test_the_answer_is_kept_nowhere(asynchronous: bool, rf: RequestFactory) -> None:
    request = _asgi_request() if asynchronous else rf.get("/export")
    response = download(request, iter(()), filename="words.txt", content_type="text/plain")
    assert (response["Cache-Control"], response["X-Content-Type-Options"]) == ("no-store", "nosniff")
