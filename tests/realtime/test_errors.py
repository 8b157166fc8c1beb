"""The tree of errors is drawn as it grows, and nobody is told that a mistake of theirs was ours."""

import re
from collections.abc import Iterator
from typing import cast

import pytest

from realtime import errors

_DRAWN = re.compile(r"^(?P<stem>[│ ]*)[├└]── (?P<name>\w+) +(?:(?P<status>\d{3}) / (?P<close>\d{4}))?", re.M)
TREE = {drawn["name"]: drawn for drawn in _DRAWN.finditer(errors.__doc__ or "")}


def subclasses_of(kind: type[errors.RealtimeError]) -> Iterator[type[errors.RealtimeError]]:
    for each in kind.__subclasses__():
        yield each
        yield from subclasses_of(each)


KINDS = list(subclasses_of(errors.RealtimeError))


def test_every_error_is_drawn_and_none_is_made_up() -> None:
    assert set(TREE) == {kind.__name__ for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_drawn_with_its_numbers(kind: type[errors.RealtimeError]) -> None:
    drawn = TREE[kind.__name__]
    parent = cast(type[errors.RealtimeError], kind.__mro__[1])
    told = (drawn["status"], drawn["close"]) if drawn["status"] else (parent.status, parent.close_code)
    assert (kind.status, kind.close_code) == tuple(map(int, told))
    assert bool(drawn["stem"]) == (parent is not errors.RealtimeError)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.status < 500])
def test_what_a_caller_did_is_not_a_fault_of_ours(kind: type[errors.RealtimeError]) -> None:
    assert kind.end_reason != "internal"
    assert kind.code != "internal"


def test_whoever_is_throttled_reads_for_how_long() -> None:
    assert str(errors.Throttled(1)).endswith("Try again in 1 second.")
    assert str(errors.Throttled(45)).endswith("Try again in 45 seconds.")
    assert errors.Throttled(45).retry_after == 45
