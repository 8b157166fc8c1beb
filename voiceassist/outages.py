"""Which failures mean that a part of the house cannot be reached, and nothing worse: trying again soon can help."""

from dataclasses import dataclass

from django.db import InterfaceError, OperationalError
from redis.exceptions import RedisError

from realtime.errors import DatabaseUnavailable
from voiceassist.staticfiles import NotGathered


@dataclass(frozen=True, slots=True)
class Outage:
    """A part that is away, and what a caller is told."""

    part: str
    code: str
    detail: str
    retry_after: int


DATABASE = Outage(
    "database", DatabaseUnavailable.code, DatabaseUnavailable.detail, DatabaseUnavailable.retry_after or 1
)
CACHE = Outage(
    "cache",
    "cache_unavailable",
    "This server cannot reach its memory for short-lived things just now. Try again in a moment.",
    5,
)
PAGES = Outage(
    "style of the pages",
    "pages_unavailable",
    "This server is not set up wholly yet. Try again in a moment.",
    30,
)
_OUR_MISTAKES = ("no such table", "no such column")
"""SQLite says so of a statement that does not fit the tables, under the same class as of a file that is gone."""


def outage_of(exception: BaseException | None) -> Outage | None:
    """The part that is away, when that is what an exception means; None for every other fault."""
    if isinstance(exception, OperationalError | InterfaceError):
        return None if str(exception).startswith(_OUR_MISTAKES) else DATABASE
    if isinstance(exception, RedisError):
        return CACHE
    if isinstance(exception, NotGathered):
        return PAGES
    return None
