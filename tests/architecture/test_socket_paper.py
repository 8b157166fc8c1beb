"""docs/socket.md, which people write clients by, is held against the code: events, fields, codes and closes."""

import re
from collections.abc import Iterator

import pytest

from realtime import errors
from realtime.protocol import policy
from realtime.protocol.effects import Effect, ToClient, Turn
from realtime.protocol.endings import ENDINGS, OVERSIZE, TOO_FAST, Ending
from realtime.protocol.notices import Notices
from realtime.protocol.policy import SessionChange
from realtime.protocol.tally import Tally
from tests.support.project_files import ROOT
from tests.support.protocol_session import setup_of

PAPER = (ROOT / "docs/socket.md").read_text(encoding="utf-8")
ROWS = [line.split("|")[1:-1] for line in PAPER.splitlines() if line.startswith("| ")]
NOT_AT_THE_SOCKET = (errors.SessionNotFound, errors.SessionNotResumable)


def words_in(cell: str) -> set[str]:
    """What a cell shows as code."""
    return set(re.findall(r"`([^`]+)`", cell))


def row_of(name: str) -> str:
    rows = ["|".join(row) for row in ROWS if name in words_in(row[0])]
    assert len(rows) == 1, f"{name} has {len(rows)} rows"
    return rows[0]


def events_of_ours() -> Iterator[tuple[str, set[str]]]:
    """One of every kind, by the fields it has."""
    setup = setup_of(announces=True, binary_audio=True)
    notices = Notices(setup)
    told: list[Effect] = [
        *notices.session_created({}, SessionChange()),
        ToClient(notices.resumed(3)),
        *notices.draining(25),
        *notices.reconnecting("lost", 1),
        *notices.reconnected(0.2),
        *notices.pong("p1"),
        *notices.storage(is_behind=True),
        *notices.used({"total_tokens": 1}, Tally(setup), "resp_1"),
        *notices.message_saved(Turn("item_1", "user", "audio", "final", "Hello"), "m", 0),
        *notices.ended(Ending("idle", 1000, "Ended.", retryable=True, retry_after=5), 3),
    ]
    for effect in told:
        assert isinstance(effect, ToClient)
        kind: str = effect.event["type"]
        if kind.startswith("voiceassist."):
            yield kind, set(effect.event) - {"type", "event_id"}
            for name, inner in effect.event.items():
                if isinstance(inner, dict) and name in ("provider", "limits"):
                    yield kind, set(inner)


EVENTS = list(events_of_ours())


@pytest.mark.parametrize(("kind", "fields"), EVENTS, ids=[kind for kind, _ in EVENTS])
def test_an_event_of_ours_is_described_with_all_its_fields(kind: str, fields: set[str]) -> None:
    assert fields - words_in(row_of(kind)) == set()


def test_no_event_of_ours_is_missing_and_none_is_made_up() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "realtime").rglob("*.py"))
    sent = set(re.findall(r'"(voiceassist\.[a-z.]+)"', sources))
    described = {
        name for row in ROWS for name in words_in(row[0]) if re.fullmatch(r"voiceassist\.[a-z.]+", name)
    }
    assert described == sent == {kind for kind, _ in EVENTS} | {policy.PING, policy.RESUME}


def test_everything_that_a_client_may_send_is_named() -> None:
    may_send = {*policy._CHECKS, "input_audio_buffer.append", "session.update"}
    begun = ("input_audio_buffer.", "conversation.item.", "response.", "session.")
    named = {name for row in ROWS for name in words_in(row[0]) if name.startswith(begun)}
    assert named == may_send


def test_every_code_with_which_an_event_is_refused_is_named() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "realtime/protocol").glob("*.py"))
    codes = set(re.findall(r'(?:NotAllowed|MalformedFrame)\(\s*"([a-z_]+)"', sources))
    assert {"unsupported_event", "invalid_json", "duplicate_item_id"} <= codes
    for code in codes:
        row_of(code)


def closes() -> Iterator[tuple[int, str, str]]:
    """Every way a session ends: the close code, the reason, and the code that programs read."""
    for ending in (*ENDINGS.values(), OVERSIZE, TOO_FAST):
        yield ending.close_code, ending.reason, ending.code
    for error in subclasses_of(errors.RealtimeError):
        if error not in NOT_AT_THE_SOCKET:
            yield error.close_code, error.end_reason, error.code


def subclasses_of(kind: type[errors.RealtimeError]) -> Iterator[type[errors.RealtimeError]]:
    for each in kind.__subclasses__():
        yield each
        yield from subclasses_of(each)


@pytest.mark.parametrize(("close", "reason", "code"), sorted(set(closes())))
def test_every_way_a_session_ends_is_told(close: int, reason: str, code: str) -> None:
    rows = [row for row in ROWS if str(close) in re.findall(r"\d{4}", row[0]) and reason in words_in(row[1])]
    assert rows, f"{close} {reason} is not in the table"
    if code not in ("", reason):
        assert any(code in words_in(row[2]) for row in rows), f"{code} is not named at {close} {reason}"
