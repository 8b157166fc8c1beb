"""The transcript against ground truth: whatever the order, delay, loss or repetition of events, and wherever it is cut.

Upstream's conversation itself is in order, as a real server's is. What floats in it are the words of the user (early,
late, twice, failed, never), the player's reports, and the moment at which everything ends.
"""

import json
from dataclasses import dataclass, field
from typing import Literal

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from realtime.protocol.effects import Turn
from realtime.protocol.events import Event
from tests.support import upstream_turns as turns
from tests.support.protocol_session import (
    SECOND,
    ProtocolSession,
    not_heard,
    spoken_answer_begins,
    spoken_answer_ends,
    truncated,
    typed_by_client,
    updated,
    words,
)

VOCABULARY = ["tea", "or", "coffee", "seventeen", "blue"]
MAY_BECOME = {
    "pending": {"final", "interrupted", "failed"},
    "failed": {"final"},
    "final": {"interrupted"},
    # A report that comes after the clock was believed makes the same turn more exact.
    "interrupted": {"interrupted"},
}


@dataclass
class Exchange:
    """One turn of the user and what came of it."""

    spoken: bool
    transcripts: list[Literal["words", "empty", "failed"]]
    transcript_delays: list[int]
    """After how many of the conversation's events each transcript comes; negative ones come before the turn."""
    answer: Literal["none", "written", "completed", "cancelled", "failed", "unfinished"]
    answer_words: list[str]
    seconds: int
    report_ms: int | None
    report_delay: int
    confirms: bool


@dataclass
class Truth:
    """What was said of one item, as far as it was delivered."""

    role: str
    status: set[str] = field(default_factory=set)
    text: str = ""
    """Heard and unheard words together."""


EXCHANGES = st.lists(
    st.builds(
        Exchange,
        spoken=st.booleans(),
        transcripts=st.lists(st.sampled_from(["words", "empty", "failed"]), max_size=2),
        transcript_delays=st.lists(st.integers(-4, 25), min_size=2, max_size=2),
        answer=st.sampled_from(
            ["none", "written", "completed", "completed", "cancelled", "failed", "unfinished"]
        ),
        answer_words=st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=4),
        seconds=st.integers(0, 3),
        report_ms=st.none() | st.integers(0, 4000),
        report_delay=st.integers(0, 12),
        confirms=st.booleans(),
    ),
    min_size=1,
    max_size=4,
)
Step = tuple[Literal["upstream", "client"], Event]


def _conversation(exchanges: list[Exchange]) -> list[Step]:
    """Everything that happens, in an order in which it can."""
    steps: list[Step] = []
    floating: list[tuple[int, list[Step]]] = []
    last: str | None = None
    for number, exchange in enumerate(exchanges):
        user, answer, response = f"user_{number}", f"answer_{number}", f"resp_{number}"
        if exchange.spoken:
            begins = len(steps)
            steps += _all(turns.spoken(user, after=last))
            for kind, delay in zip(exchange.transcripts, exchange.transcript_delays, strict=False):
                floating.append((max(begins, begins + 5 + delay), _all([_transcript(kind, user)])))
        else:
            steps.append(("client", typed_by_client(f"typed {number}", user)))
            steps += _all(turns.typed(user, f"typed {number}", after=last))
        last = user
        if exchange.answer != "none":
            steps += _all(_answer(exchange, answer, response, after=user))
            last = answer
            if exchange.report_ms is not None and exchange.answer != "written":
                floating.append((len(steps) + exchange.report_delay, _report(exchange, answer)))
    for place, events in sorted(floating, key=lambda each: -each[0]):
        steps[place:place] = events
    return steps


def _all(events: list[Event]) -> list[Step]:
    return [("upstream", event) for event in events]


def _transcript(kind: str, item_id: str) -> Event:
    if kind == "failed":
        return not_heard(item_id)
    return turns.heard(item_id, f"spoken {item_id}" if kind == "words" else " ")


def _answer(exchange: Exchange, item_id: str, response_id: str, *, after: str) -> list[Event]:
    text = " ".join(exchange.answer_words)
    if exchange.answer == "written":
        return turns.answer(item_id, text, after=after, response_id=response_id)
    events = spoken_answer_begins(item_id, after=after, response_id=response_id)
    for number, word in enumerate(exchange.answer_words):
        events.append(words(item_id, word if number == 0 else f" {word}", response_id=response_id))
    events += [turns.sound(item_id, SECOND, response_id=response_id) for _ in range(exchange.seconds)]
    if exchange.answer != "unfinished":
        events += spoken_answer_ends(item_id, text, response_id=response_id, status=exchange.answer)
    return events


def _report(exchange: Exchange, item_id: str) -> list[Step]:
    end = exchange.report_ms
    asked = {
        "type": "conversation.item.truncate",
        "item_id": item_id,
        "content_index": 0,
        "audio_end_ms": end,
    }
    confirmed = (
        _all([truncated(item_id, min(end or 0, exchange.seconds * 1000))]) if exchange.confirms else []
    )
    return [("client", asked), *confirmed]


def _truth(steps: list[Step]) -> dict[str, Truth]:
    """What was said, by item, in spoken order: an oracle that knows nothing of how the transcript is made."""
    items: dict[str, Truth] = {}
    heard: dict[str, list[Event]] = {}
    unanswered: dict[str, Truth] = {}
    for sender, event in steps:
        kind, item_id = event["type"], event.get("item_id", "")
        if sender == "client" and kind == "conversation.item.create":
            item = event["item"]
            unanswered[item["id"]] = Truth("user", {"final"}, item["content"][0]["text"])
        elif kind == "conversation.item.added" and event["item"]["id"] in unanswered:
            items[event["item"]["id"]] = unanswered.pop(event["item"]["id"])
        elif kind == "input_audio_buffer.committed":
            items[item_id] = Truth("user")
        elif "input_audio_transcription" in kind:
            heard.setdefault(item_id, []).append(event)
        elif kind == "response.output_item.added":
            items[event["item"]["id"]] = Truth("assistant", {"interrupted"})
        elif kind in ("response.output_audio_transcript.delta", "response.output_text.delta"):
            items[item_id].text += event["delta"]
        elif kind == "response.output_item.done" and event["item"]["status"] == "completed":
            items[event["item"]["id"]].status = {"final", "interrupted"}
    for item_id, truth in items.items():
        if truth.role == "user" and not truth.status:
            made_out = next((event for event in heard.get(item_id, []) if "transcript" in event), None)
            truth.status = {"failed"} if made_out is None else {"final"}
            truth.text = "" if made_out is None else made_out["transcript"].strip()
    said = {name: truth for name, truth in items.items() if truth.role == "user" or truth.text}
    return said | unanswered


def _play(steps: list[Step], pauses: list[int], *, hangs_up: bool) -> ProtocolSession:
    session = ProtocolSession(idle_seconds=1e9)
    # Nobody is owed an answer: an upstream that gave none after a pause would be taken for silent.
    detection = {"type": "server_vad", "create_response": False}
    session.upstream(updated(audio={"input": {"turn_detection": detection}}))
    for number, (sender, event) in enumerate(steps):
        if sender == "client":
            session.client(event)
        else:
            session.upstream(event)
        session.later(pauses[number % len(pauses)] / 10)
    if hangs_up:
        session.hang_up()
    session.finish()
    return session


@settings(max_examples=200, deadline=None)
@given(
    EXCHANGES,
    st.lists(st.sampled_from([0, 0, 0, 1, 5, 30, 80]), min_size=1, max_size=7),
    st.booleans(),
    st.data(),
)
def test_whatever_happens_each_turn_is_kept_once_in_order_with_its_words(
    exchanges: list[Exchange], pauses: list[int], hangs_up: bool, data: st.DataObject
) -> None:
    steps = _conversation(exchanges)
    steps = steps[: data.draw(st.integers(0, len(steps)), label="cut after")]
    session, truth = _play(steps, pauses, hangs_up=hangs_up), _truth(steps)
    # An upstream that says nothing for long in the middle of an answer is replaced; another test tells of that.
    assume(not session.reconnects)
    assert list(session.rows) == list(truth), "nothing lost, nothing doubled, nothing misplaced"
    for item_id, turn in session.rows.items():
        _assert_true(turn, truth[item_id])
    _assert_told_forwards(session.told)
    assert session.errors() == []


def _assert_true(turn: Turn, truth: Truth) -> None:
    assert turn.role == truth.role
    assert turn.status in truth.status
    assert f"{turn.text} {turn.unheard_text}".split() == truth.text.split()
    assert turn.hidden == (turn.status == "final" and not truth.text)
    if turn.status != "interrupted":
        assert turn.unheard_text == ""


def _assert_told_forwards(told: list[Turn]) -> None:
    """No turn is told twice as the same, or goes back: what is told is what a store that only goes forwards takes."""
    last: dict[str, Turn] = {}
    for turn in told:
        if turn.item_id in last:
            assert turn != last[turn.item_id]
            assert turn.status in MAY_BECOME[last[turn.item_id].status]
            if last[turn.item_id].status == "interrupted":
                assert last[turn.item_id].heard_is_estimated and not turn.heard_is_estimated
        last[turn.item_id] = turn


@settings(max_examples=60, deadline=None)
@given(EXCHANGES, st.data())
def test_a_player_that_reports_in_time_is_believed_over_the_clock(
    exchanges: list[Exchange], data: st.DataObject
) -> None:
    for exchange in exchanges:
        exchange.answer, exchange.seconds, exchange.report_delay = "completed", 2, 0
        exchange.report_ms = data.draw(st.integers(0, 1999))
    session = _play(_conversation(exchanges), [0], hangs_up=True)
    for number, exchange in enumerate(exchanges):
        turn = session.rows[f"answer_{number}"]
        text = " ".join(exchange.answer_words)
        assert (turn.status, turn.heard_is_estimated) == ("interrupted", False)
        assert len(turn.text) <= len(text) * (exchange.report_ms or 0) / 2000
        following = turn.unheard_text.split()[0]
        assert len(f"{turn.text} {following}".strip()) >= len(text) * (exchange.report_ms or 0) // 2000


@settings(max_examples=60, deadline=None)
@given(EXCHANGES)
def test_off_the_record_nothing_is_kept_whatever_happens(exchanges: list[Exchange]) -> None:
    session = ProtocolSession(save=False)
    for sender, event in _conversation(exchanges):
        (session.client if sender == "client" else session.upstream)(event)
    session.later(30)
    session.finish()
    assert session.told == []
    assert json.dumps(session.usage).count("total_tokens") == sum(
        event["type"] == "response.done" for _, event in _conversation(exchanges)
    )
