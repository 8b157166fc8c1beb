"""The sessions that live in one process."""

import asyncio
import threading
from collections.abc import Callable

from realtime.errors import EndReason
from realtime.live import LiveSession, LiveSessions


class Held:
    """A live session that notes how it is ended, and by which thread."""

    def __init__(self, session_id: str, conversation_id: str = "one", *, leaving: bool = False) -> None:
        self.reasons: list[EndReason] = []
        self.threads: list[int] = []
        self.ended = asyncio.Event()
        self.entry = LiveSession(session_id, conversation_id, self._end, lambda: leaving)

    def _end(self, reason: EndReason) -> None:
        self.reasons.append(reason)
        self.threads.append(threading.get_ident())
        self.ended.set()


def _of(*sessions: Held) -> LiveSessions:
    live = LiveSessions()
    for session in sessions:
        live.add(session.entry)
    return live


async def _while_ending(session: Held, live: LiveSessions, wait: Callable[[], "asyncio.Task[None]"]) -> None:
    waiting = wait()
    await asyncio.wait_for(session.ended.wait(), 1)
    assert not waiting.done(), "it waits until the last words are saved"
    live.remove(session.entry)
    await asyncio.wait_for(waiting, 1)


async def test_ending_by_id_from_another_thread_happens_in_the_loop_that_holds_the_session() -> None:
    one, other = Held("rtc_1"), Held("rtc_2", "two")
    live = _of(one, other)
    await asyncio.to_thread(live.end, ["rtc_1", "rtc_unknown"], "signed_out")
    await asyncio.wait_for(one.ended.wait(), 1)
    assert one.reasons == ["signed_out"]
    assert one.threads == [threading.get_ident()]
    assert other.reasons == []


async def test_a_newer_session_waits_until_the_older_one_on_its_conversation_has_saved_everything() -> None:
    older, elsewhere = Held("rtc_1"), Held("rtc_2", "two")
    live = _of(older, elsewhere)
    await _while_ending(older, live, lambda: asyncio.create_task(live.replace("one", by="rtc_3")))
    assert older.reasons == ["replaced"]
    assert elsewhere.reasons == []


async def test_a_second_client_with_the_same_ticket_does_not_end_the_first() -> None:
    first = Held("rtc_1")
    await asyncio.wait_for(_of(first).replace("one", by="rtc_1"), 1)
    await asyncio.sleep(0)
    assert first.reasons == []


async def test_whoever_comes_back_waits_for_the_old_socket_to_put_everything_down() -> None:
    leaving = Held("rtc_1", leaving=True)
    live = _of(leaving)
    coming = asyncio.create_task(live.settle("rtc_1"))
    await asyncio.sleep(0)
    assert not coming.done()
    live.remove(leaving.entry)
    await asyncio.wait_for(coming, 1)
    assert leaving.reasons == []


async def test_nobody_waits_for_a_session_whose_client_is_there() -> None:
    await asyncio.wait_for(_of(Held("rtc_1")).settle("rtc_1"), 1)
    await asyncio.wait_for(_of().settle("rtc_1"), 1)


async def test_removing_an_old_session_leaves_its_successor_of_the_same_id_alone() -> None:
    old, new = Held("rtc_1"), Held("rtc_1")
    live = _of(old, new)
    live.remove(old.entry)
    assert len(live) == 1
    assert old.entry.over.is_set()
    assert not new.entry.over.is_set()
