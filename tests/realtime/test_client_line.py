"""The line to a client: what it kept comes again, once and in order; and nothing is kept for longer than needed."""

import json
import random
import time

import pytest

from realtime.client_line import FRAME_BYTES, ClientLine
from realtime.protocol.policy import Seen

NOTHING = Seen(None, None, 0)
MS = 48


def event(event_id: str) -> str:
    return json.dumps({"type": "some.event", "event_id": event_id})


async def sent(line: ClientLine) -> list[str | bytes]:
    """Everything that waits, sent."""
    frames = []
    while not line.is_idle:
        frames.append(await line.get())
        line.done()
    return frames


def ids(frames: list[str | bytes]) -> list[str]:
    return [json.loads(frame)["event_id"] for frame in frames if isinstance(frame, str)]


def after(event_id: str | None, item_id: str | None = None, played_ms: float = 0) -> Seen:
    return Seen(event_id, item_id, played_ms)


async def test_what_was_not_seen_comes_again_before_what_is_new() -> None:
    line = ClientLine(keeps=True)
    for name in ("a", "b", "c"):
        line.put_event(event(name), name)
    await sent(line)
    line.put_event(event("d"), "d")
    assert line.take_up(after("a"))
    line.greet(event("hello"), "hello")
    assert ids(await sent(line)) == ["hello", "b", "c", "d"]


async def test_a_client_that_saw_nothing_gets_everything() -> None:
    line = ClientLine(keeps=True)
    line.put_event(event("a"), "a")
    await sent(line)
    assert line.take_up(NOTHING)
    assert ids(await sent(line)) == ["a"]


async def test_audio_goes_on_where_the_client_has_it_in_hand() -> None:
    line, sound = ClientLine(keeps=True), bytes(range(240)) * 20
    line.put_event(event("part"), "part")
    for begin in range(0, len(sound), 30 * MS):
        line.put_audio(sound[begin : begin + 30 * MS], "item_1")
    line.put_event(event("end"), "end")
    await sent(line)
    assert line.take_up(after("part", "item_1", 45))
    frames = await sent(line)
    assert b"".join(frame for frame in frames if isinstance(frame, bytes)) == sound[45 * MS :]
    assert ids(frames) == ["end"]


async def test_what_was_acknowledged_is_kept_no_longer_and_cannot_come_again() -> None:
    line = ClientLine(keeps=True)
    for name in ("a", "b", "c"):
        line.put_event(event(name), name)
    await sent(line)
    kept = line.kept_bytes
    line.acknowledged("b")
    assert line.kept_bytes == kept // 3
    line.acknowledged("never heard of")
    assert line.kept_bytes == kept // 3
    assert not line.take_up(after("a")), "what followed it is gone"


async def test_the_greeting_of_one_connection_is_not_repeated_on_the_next() -> None:
    line = ClientLine(keeps=True)
    line.put_event(event("a"), "a")
    await sent(line)
    assert line.take_up(after("a"))
    line.greet(event("first"), "first")
    line.put_event(event("b"), "b")
    await sent(line)
    assert line.take_up(after("a")), "the greeting was lost on its way"
    line.greet(event("second"), "second")
    assert ids(await sent(line)) == ["second", "b"]
    assert line.take_up(after("second")), "and this one arrived, and nothing behind it"
    assert ids(await sent(line)) == ["b"]


async def test_more_than_is_kept_is_forgotten_from_the_front() -> None:
    line = ClientLine(keeps=True, kept=4 * (FRAME_BYTES + 50))
    for number in range(100):
        line.put_event(event(f"{number:03d}"), f"{number:03d}")
    await sent(line)
    assert 3 * FRAME_BYTES < line.kept_bytes <= 4 * (FRAME_BYTES + 50)
    assert not line.take_up(after("050"))


async def test_what_is_kept_counts_against_the_bound_of_what_waits_and_a_short_frame_is_not_nothing() -> None:
    line = ClientLine(keeps=True, bound=10 * FRAME_BYTES)
    for number in range(6):
        line.put_event(event(f"a{number}"), f"a{number}")
    await sent(line)
    assert not line.is_over_full
    for number in range(6):
        line.put_event(event(f"b{number}"), f"b{number}")
    assert line.is_over_full
    line.acknowledged("a5")
    assert not line.is_over_full


async def test_saying_what_arrived_costs_the_same_however_much_is_kept() -> None:
    def cost(line: ClientLine) -> float:
        """The shortest of many times: whoever else has the processor does not count."""
        times = []
        for _ in range(200):
            began = time.perf_counter()
            line.acknowledged("never heard of")
            times.append(time.perf_counter() - began)
        return min(times)

    few, many = ClientLine(keeps=True), ClientLine(keeps=True)
    for line, frames in ((few, 10), (many, 5000)):
        for number in range(frames):
            line.put_event(event(f"{number:05d}"), f"{number:05d}")
        await sent(line)
    assert cost(many) < 20 * cost(few)


async def test_audio_that_was_forgotten_is_not_needed_by_a_client_that_has_it_in_hand() -> None:
    for in_hand, reaches in ((60, True), (100, True), (10, False)):
        line = ClientLine(keeps=True, kept=5 * (FRAME_BYTES + 10 * MS))
        line.put_event(event("part"), "part")
        for _ in range(10):
            line.put_audio(bytes(10 * MS), "item_1")
        await sent(line)
        assert line.take_up(after("part", "item_1", in_hand)) is reaches
        if reaches:
            rest = b"".join(frame for frame in await sent(line) if isinstance(frame, bytes))
            assert len(rest) == (100 - in_hand) * MS


async def test_audio_of_an_answer_that_was_talked_over_does_not_come_again() -> None:
    line = ClientLine(keeps=True)
    line.put_event(event("a"), "a")
    line.put_audio(bytes(480), "item_1")
    await line.get()
    await line.get()
    line.done()
    line.put_audio(bytes(480), "item_1")
    line.put_event(event("b"), "b")
    assert line.purge_audio() == 2
    assert line.take_up(NOTHING)
    assert await sent(line) == [event("a"), event("b")]


async def test_every_event_has_an_id_of_its_own_whatever_upstream_calls_it() -> None:
    line = ClientLine(keeps=True)
    line.put_event(json.dumps({"type": "some.event"}), "")
    for _ in range(2):
        line.put_event(event("same"), "same")
    told = ids(await sent(line))
    assert len(set(told)) == 3
    assert "same" in told


async def test_a_client_that_cannot_come_back_gets_frames_as_they_are_and_nothing_is_kept() -> None:
    line = ClientLine(keeps=False)
    frames = ['{"type":"some.event"}', event("same"), event("same")]
    line.put_event(frames[0], "")
    line.put_event(frames[1], "same")
    line.put_event(frames[2], "same")
    assert await sent(line) == frames
    assert line.kept_bytes == 0


@pytest.mark.parametrize("seed", range(40))
async def test_wherever_a_connection_breaks_everything_arrives_once_and_in_order(seed: int) -> None:
    """Frames are written, arrive up to some point and are lost behind it, again and again."""
    chance = random.Random(seed)  # noqa: S311  # repeatable, not secret
    line = ClientLine(keeps=True, kept=1_000_000)
    meant: list[str | bytes] = []
    arrived: list[str | bytes] = []
    item, has = "item_0", 0
    meant.append(json.dumps({"type": "x", "event_id": "begin", "of": item}))
    line.put_event(json.dumps({"type": "x", "event_id": "begin", "of": item}), "begin")
    for step in range(chance.randrange(5, 60)):
        for number in range(chance.randrange(4)):
            if chance.random() < 0.5:
                pcm = chance.randbytes(2 * chance.randrange(1, 2000))
                line.put_audio(pcm, item)
                meant.append(pcm)
            else:
                item = f"item_{step}" if chance.random() < 0.2 else item
                name = f"{step}-{number}"
                line.put_event(json.dumps({"type": "x", "event_id": name, "of": item}), name)
                meant.append(json.dumps({"type": "x", "event_id": name, "of": item}))
        wire = [await line.get() for _ in range(chance.randrange(4)) if not line.is_idle and _waits(line)]
        line.done()
        breaks = chance.random() < 0.4
        arrived += wire[: chance.randrange(len(wire) + 1) if breaks else len(wire)]
        last, item_id, has = _state(arrived)
        if breaks:
            assert line.take_up(Seen(last, item_id, has / MS))
            line.greet(event(f"hello {step}"), f"hello {step}")
        elif last and chance.random() < 0.5:
            line.acknowledged(last)
    arrived += await sent(line)
    assert _stream(arrived) == _stream(meant)


def _waits(line: ClientLine) -> bool:
    return line.waiting_bytes > 0


def _state(arrived: list[str | bytes]) -> tuple[str | None, str | None, int]:
    """The last event of a client, the answer that it has audio of, and how many bytes."""
    last = item = None
    has = 0
    for frame in arrived:
        if isinstance(frame, bytes):
            has += len(frame)
        else:
            told = json.loads(frame)
            last = told["event_id"]
            if told.get("of", item) != item:
                item, has = told["of"], 0
    return last, item, has


def _stream(frames: list[str | bytes]) -> list[str | bytes]:
    """Events and audio in order, wherever the audio was cut; without greetings."""
    stream: list[str | bytes] = []
    for frame in frames:
        if isinstance(frame, str):
            if "hello" not in frame:
                stream.append(frame)
        elif stream and isinstance(stream[-1], bytes):
            stream[-1] += frame
        else:
            stream.append(frame)
    return stream
