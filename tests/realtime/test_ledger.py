"""How a session asks whether it may go on: in step with all others of its process."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from realtime.errors import EndReason
from realtime.ledger import Bookkeeper
from realtime.rounds import Rounds
from realtime.tasks import cancelled
from realtime.telemetry import THIS_PROCESS
from tests.support.relay_stage import Book, Changes


class Asking(Book):
    """A ledger whose renewals are answered in rounds, as those of the database are."""

    def __init__(self, name: str, rounds: Rounds[str, EndReason | None]) -> None:
        super().__init__(Changes())
        self._name, self._rounds = name, rounds

    async def renew(self) -> EndReason | None:
        return await self._rounds.ask(self._name)


@asynccontextmanager
async def renewing(
    book: Book, ends: "dict[str, EndReason]", name: str, lease: float, limit: float = 1.0
) -> AsyncIterator[Bookkeeper]:
    loop = asyncio.get_running_loop()

    def gone(reason: EndReason) -> None:
        ends[name] = reason

    def behind(is_so: bool) -> None:
        raise AssertionError("nothing takes long here")

    books = Bookkeeper(
        book,
        loop.time,
        THIS_PROCESS,
        saved=lambda turn, saved: None,
        gone=gone,
        behind=behind,
        behind_after=5.0,
    )
    task = asyncio.create_task(books.renew(lease, limit))
    try:
        yield books
    finally:
        await cancelled([task])


async def test_sessions_that_began_at_different_times_ask_together_and_one_alone_is_told_to_end() -> None:
    rounds: list[Sequence[str]] = []
    twice = asyncio.Event()

    async def answer(names: Sequence[str]) -> list[EndReason | None]:
        rounds.append(names)
        if sum(len(each) == 3 for each in rounds) == 2:
            twice.set()
        return ["account_disabled" if name == "second" else None for name in names]

    asked = Rounds(answer)
    ends: dict[str, EndReason] = {}
    async with renewing(Asking("first", asked), ends, "first", lease=0.3):
        await asyncio.sleep(0.07)
        async with renewing(Asking("second", asked), ends, "second", lease=0.3):
            await asyncio.sleep(0.04)
            async with renewing(Asking("third", asked), ends, "third", lease=0.3):
                async with asyncio.timeout(20):
                    await twice.wait()
    all_there = rounds[next(number for number, each in enumerate(rounds) if "third" in each) :]
    assert [sorted(each) for each in all_there] == [["first", "second", "third"]] * 2
    assert ends == {"second": "account_disabled"}


async def test_one_whose_minutes_run_out_asks_by_itself_before_the_others_do() -> None:
    rounds: list[Sequence[str]] = []
    often = asyncio.Event()

    async def answer(names: Sequence[str]) -> list[EndReason | None]:
        rounds.append(names)
        if len(rounds) == 3:
            often.set()
        return [None] * len(names)

    asked = Rounds(answer)
    short = Asking("short", asked)
    short.left = 0.01
    ends: dict[str, EndReason] = {}
    async with (
        renewing(Asking("other", asked), ends, "other", lease=60.0),
        renewing(short, ends, "short", lease=60.0, limit=0.02),
        asyncio.timeout(20),
    ):
        await often.wait()
    assert rounds == [["short"]] * 3


async def test_once_its_books_are_closed_nothing_is_asked() -> None:
    asked = asyncio.Event()

    async def answer(names: Sequence[str]) -> list[EndReason | None]:
        if "open" in names:
            asked.set()
        assert "closed" not in names
        return [None] * len(names)

    rounds = Rounds(answer)
    ends: dict[str, EndReason] = {}
    async with renewing(Asking("closed", rounds), ends, "closed", lease=0.05) as books:
        books.close()
        async with renewing(Asking("open", rounds), ends, "open", lease=0.05), asyncio.timeout(20):
            for _ in range(3):
                await asked.wait()
                asked.clear()
    assert ends == {}
