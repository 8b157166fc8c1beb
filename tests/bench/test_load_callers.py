"""Who counts as gone when `make load` lets people talk."""

from bench.load.callers import Caller, talk


class Listener(Caller):
    """Somebody who is connected to nothing: what they send, nobody gets."""

    def __init__(self, *, is_gone: bool = False) -> None:
        super().__init__()
        if is_gone:
            self.closed.set()

    def say(self) -> None:
        """Not a word."""

    def ping(self) -> None:
        """Not a sign."""


async def test_whoever_only_listened_and_is_gone_counts_as_well() -> None:
    talkers: list[Caller] = [Listener(), Listener(is_gone=True)]
    listeners: list[Caller] = [Listener(is_gone=True), Listener(), Listener(is_gone=True)]
    assert (await talk(talkers, 0, idle=listeners)).closed == 3
    assert (await talk(talkers, 0)).closed == 1


async def test_nobody_is_gone_who_stayed() -> None:
    told = await talk([Listener()], 0, idle=[Listener()])
    assert (told.closed, told.lost) == (0, 0)
