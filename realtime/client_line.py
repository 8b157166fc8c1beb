"""The line to a session's client: what waits for it, and what it may not have got yet. Framework-free.

A client that can come back gets a journal: what was sent to it is kept until it says that it has it. So whatever it had
not got when its connection was lost comes once more over the next one, once and in order.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from realtime.outbox import Outbox
from realtime.protocol import wire
from realtime.protocol.audio import BYTES_PER_MS
from realtime.protocol.policy import Seen

CLIENT_BYTES = 16 * 1024 * 1024
"""What may wait for a slow client; answers come faster than they are spoken, so much of it is normal."""
KEPT_BYTES = 2 * 1024 * 1024
"""What is kept of what was sent. A client that says nothing for so long cannot take up what it had."""
FRAME_BYTES = 256
"""What a frame weighs beside what is in it: a thousand pongs are more than their characters."""
SAMPLE_BYTES = 2


@dataclass(slots=True, eq=False)
class _Frame:
    """An event under its id, or audio under its item."""

    data: str | bytes
    event_id: str = ""
    item_id: str = ""
    begins: int = 0
    """Of audio: how many bytes of its item came before it."""
    is_of_its_time: bool = False
    """It means something on the connection that it was first sent on, and on no other."""

    @property
    def weight(self) -> int:
        return FRAME_BYTES + len(self.data)

    @property
    def ends(self) -> int:
        return self.begins + len(self.data)

    def after(self, item_id: str | None, in_hand: int) -> "_Frame | None":
        """What of it a client lacks that has the first `in_hand` bytes of an item."""
        if isinstance(self.data, str) or self.item_id != item_id or self.begins >= in_hand:
            return self
        if self.ends <= in_hand:
            return None
        return _Frame(self.data[in_hand - self.begins :], item_id=self.item_id, begins=in_hand)


class _Journal:
    """What was sent and is not known to have arrived, up to a bound in bytes. Asking for an id costs the same however
    much is kept: a client may do that at every ping."""

    def __init__(self, bound: int) -> None:
        self.bytes = 0
        self._bound = bound
        self._frames: deque[_Frame] = deque()
        self._ids: set[str] = set()
        """Of all events that are kept or about to be sent."""
        self._sent: set[str] = set()
        self._floor: str | None = None
        """The event behind which everything is kept; None: everything from the beginning."""
        self._beyond: tuple[str, int] | None = None
        """Of which item audio was forgotten behind that event, and up to which byte."""

    def knows(self, event_id: str) -> bool:
        return event_id in self._ids or event_id == self._floor

    def queued(self, event_id: str) -> None:
        """An event of that id is about to be sent."""
        self._ids.add(event_id)

    def sent(self, frame: _Frame) -> None:
        self._frames.append(frame)
        self.bytes += FRAME_BYTES + len(frame.data)
        if frame.event_id:
            self._sent.add(frame.event_id)
        while self.bytes > self._bound:
            self._forget()

    def acknowledged(self, event_id: str) -> None:
        """Everything up to and including that event has arrived."""
        if event_id in self._sent:
            while self._floor != event_id:
                self._forget()

    def purge_audio(self) -> int:
        """Forget audio: it is of an answer that was interrupted. How many frames that were."""
        before = len(self._frames)
        self._frames = deque(frame for frame in self._frames if isinstance(frame.data, str))
        self.bytes = sum(frame.weight for frame in self._frames)
        self._beyond = None
        return before - len(self._frames)

    def missing(self, seen: Seen) -> list[_Frame] | None:
        """Take out what a client lacks that has seen so much; None when that is no longer known."""
        in_hand = round(seen.played_ms * BYTES_PER_MS / SAMPLE_BYTES) * SAMPLE_BYTES
        if seen.last_event_id is not None:
            self.acknowledged(seen.last_event_id)
        if seen.last_event_id != self._floor:
            return None
        if self._beyond is not None and (seen.item_id != self._beyond[0] or in_hand < self._beyond[1]):
            return None
        frames, self._frames, self.bytes = self._frames, deque(), 0
        self._sent.clear()
        self._ids -= {frame.event_id for frame in frames if frame.is_of_its_time}
        left = [(frame, frame.after(seen.item_id, in_hand)) for frame in frames if not frame.is_of_its_time]
        if seen.item_id is not None and any(frame is not rest for frame, rest in left):
            self._beyond = (seen.item_id, in_hand)
        return [rest for _, rest in left if rest is not None]

    def _forget(self) -> None:
        frame = self._frames.popleft()
        self.bytes -= frame.weight
        if frame.event_id:
            self._ids.discard(frame.event_id)
            self._sent.discard(frame.event_id)
            self._floor, self._beyond = frame.event_id, None
        else:
            self._beyond = (frame.item_id, frame.ends)


class ClientLine:
    """What goes to whoever is the client at the moment. Putting never waits."""

    def __init__(
        self,
        *,
        keeps: bool,
        bound: int = CLIENT_BYTES,
        kept: int = KEPT_BYTES,
        went: Callable[[str | bytes], None] = lambda _: None,
    ) -> None:
        """`keeps`: the client may come back for what it did not get. `went` is told of what was sent at once."""
        self.keeps = keeps
        self._waiting: Outbox[_Frame] = Outbox(bound, lambda frame: frame.weight)
        self._bound = bound
        self._journal = _Journal(kept)
        self._went = went
        self._item_id, self._came = "", 0
        """The item whose audio comes at the moment, and how much of it came."""
        self._renamed = 0
        self.takes: Callable[[str | bytes], bool] | None = None
        """Sends a frame at once, if nobody has to wait for that; None while there is nobody to send it to."""

    # --- what is to be sent -------------------------------------------------------------------------------------

    def put_event(self, frame: str, event_id: str) -> bool:
        """Send an event or queue it, and say which. Where the client may come back it goes under an id that no other
        one has."""
        if self.keeps and (not event_id or self._journal.knows(event_id)):
            self._renamed += 1
            event_id = f"event_va_{self._renamed:08d}"
            frame = wire.renamed(frame, event_id)
        if self.keeps:
            self._journal.queued(event_id)
        return self._put(_Frame(frame, event_id))

    def put_audio(self, pcm: bytes, item_id: str) -> bool:
        """The same with audio of an answer."""
        if item_id != self._item_id:
            self._item_id, self._came = item_id, 0
        frame = _Frame(pcm, "", item_id, self._came)
        self._came += len(pcm)
        return self._put(frame)

    def _put(self, frame: _Frame) -> bool:
        """Nearly every frame is spared the queue, and its writer the waking up."""
        takes = self.takes
        if takes is None or not self._waiting.is_idle or not takes(frame.data):
            self._waiting.put(frame)
            return False
        self._went(frame.data)
        if self.keeps:
            self._journal.sent(frame)
        return True

    def purge_audio(self) -> int:
        """Drop the audio that waits or may come again: nobody wants to hear it any more. How many frames that were."""
        before = len(self._waiting)
        self._waiting.purge(lambda frame: isinstance(frame.data, bytes))
        return before - len(self._waiting) + self._journal.purge_audio()

    def release(self) -> None:
        """Nobody will be sent anything any more."""
        self.takes = None
        self._waiting.release()

    def forget(self) -> None:
        """The session is over, and nobody comes back for what was sent."""
        self.release()
        self._journal = _Journal(0)

    # --- sending ------------------------------------------------------------------------------------------------

    async def get(self) -> str | bytes:
        """The next thing to send; call `done` when it is delivered."""
        frame = await self._waiting.get()
        if self.keeps:
            self._journal.sent(frame)
        return frame.data

    def done(self) -> None:
        """The thing last got is delivered, or was lost on its way."""
        self._waiting.done()

    def acknowledged(self, event_id: str) -> None:
        """The client has processed everything up to that event."""
        self._journal.acknowledged(event_id)

    def take_up(self, seen: Seen) -> bool:
        """A client is back that has seen so much: what it lacks is sent again, first of all. False when that is no
        longer known."""
        missing = self._journal.missing(seen)
        self._waiting.put_back(missing or [])
        return missing is not None

    def greet(self, frame: str, event_id: str) -> None:
        """Send an event before everything else. It is for this connection, and never sent again."""
        self._journal.queued(event_id)
        self._waiting.put_back([_Frame(frame, event_id, is_of_its_time=True)])

    # --- how much -----------------------------------------------------------------------------------------------

    @property
    def is_over_full(self) -> bool:
        """Whether more waits and is kept than one client may cost."""
        return self._waiting.weight + self._journal.bytes > self._bound

    @property
    def is_idle(self) -> bool:
        """Whether everything is handed to the client."""
        return self._waiting.is_idle

    def __len__(self) -> int:
        """How many frames wait."""
        return len(self._waiting)

    @property
    def waiting_bytes(self) -> int:
        return self._waiting.weight

    @property
    def kept_bytes(self) -> int:
        return self._journal.bytes

    async def drained(self) -> None:
        """Wait until everything is handed to the client."""
        await self._waiting.drained()
