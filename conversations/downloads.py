"""Answers that are saved as a file, sent piece by piece so that no size of them fills the memory."""

from collections.abc import Generator, Iterable, Iterator
from io import StringIO
from typing import Self

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import connections
from django.http import HttpRequest, StreamingHttpResponse
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

_AT_ONCE = 64 * 1024
"""How many characters are sent together: each trip to the database's thread costs more than a line of text."""


class AnyMediaType(DefaultContentNegotiation):
    """For a door that is asked for a format by name: whatever `Accept` says, errors are told in JSON."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


def download(
    request: HttpRequest | Request, pieces: Iterator[str], *, filename: str, content_type: str
) -> StreamingHttpResponse:
    """The answer that a browser saves under `filename`, and never shows or keeps."""
    plain = request._request if isinstance(request, Request) else request
    bunches = _bunched(pieces)
    return StreamingHttpResponse(
        # Django would gather what the other kind of iterator gives in memory first, and warn.
        _InItsThread(bunches) if isinstance(plain, ASGIRequest) else bunches,
        content_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{filename}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


def _bunched(pieces: Iterator[str]) -> Generator[str]:
    """While one is on its way, however slowly it is read, no connection to the database is kept from others."""
    while bunch := _next_of(pieces):
        _leave_connections()
        yield bunch


def _next_of(pieces: Iterator[str]) -> str:
    bunch = StringIO()
    for piece in pieces:
        bunch.write(piece)
        if bunch.tell() >= _AT_ONCE:
            break
    return bunch.getvalue()


def _leave_connections() -> None:
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


class _InItsThread:
    """The same, read in the thread that this request's database connection belongs to, and closed there by Django."""

    def __init__(self, bunches: Generator[str]) -> None:
        self._bunches = bunches
        self.close = bunches.close

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        bunch = await sync_to_async(self._next)()
        if bunch is None:
            raise StopAsyncIteration
        return bunch

    def _next(self) -> str | None:
        return next(self._bunches, None)
