"""Orders between the processes of a site, over the channel layer. They hurry things; what counts stands in the rows.

A layer that is away, hangs or has gone deaf harms nothing here: it is told in the log once, and tried again. Audio and
words never come this way.
"""

import asyncio
import logging
import secrets
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, get_args

from channels.layers import BaseChannelLayer, InMemoryChannelLayer, channel_layers
from redis.exceptions import RedisError

from realtime.errors import EndReason
from realtime.tasks import cancelled
from realtime.telemetry import THIS_PROCESS as FIGURES
from realtime.telemetry import Event

log = logging.getLogger(__name__)

GROUP = "voiceassist-control"
BEAT_SECONDS = 1.0
"""How often a process says something to itself, to find out whether it still hears."""
HUSH_BEATS = 2.5
"""A process that has not heard itself for so many beats does not hear others either, as far as it knows."""
DEAF_SECONDS = 12.0
"""A process that hears not even itself for so long begins anew."""
ANSWER_SECONDS = 3.0
"""How long the layer may take for one thing that is asked of it."""
AGAIN_SECONDS = 1.0
"""After how long a layer that is away is tried again."""
TWICE_SECONDS = 2.0
"""After how long an `end` is told a second time: whoever was finding a layer again did not hear the first."""
WAITING_ORDERS = 1000
"""How many orders may wait for a slow layer; what comes on top is left to the rows."""

TOO_LATE_SECONDS = 3.0
"""After so long nobody waits any more for an order that is not obeyed (`admission.HANDOVER_SECONDS`), and things have
changed."""

AWAY = (RedisError, OSError, TimeoutError)
"""How a layer says that its server cannot be reached."""

Kind = Literal["end", "lose", "let_go", "busy"]
"""`end`: end them, which stands in the rows as well. `lose`: their client comes on another socket, wait for it.
`let_go`: another process opens them, put everything down and leave them to it. `busy`: that is being done and takes its
time, wait for it."""
Message = dict[str, Any]
CatchUp = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Order:
    """What another process is to do with sessions that live there."""

    kind: Kind
    session_ids: tuple[str, ...]
    reason: EndReason = "replaced"
    ticket_digest: str = ""
    """Of `lose`: the ticket with which the client comes. Whoever holds it with that one already has nothing to lose."""
    instead_of: str = ""
    """Of `lose`: the ticket before that one. Whose client came with any other is not meant: it has a newer one, and the
    order comes late. Empty when it is not known."""
    epoch: int | None = None
    """Of `let_go`: the epoch that was seen. Whoever holds a later one has been opened since, and keeps it."""


class ControlLine:
    """The line of one process to all others."""

    def __init__(self, *, beat_seconds: float = BEAT_SECONDS, deaf_seconds: float = DEAF_SECONDS) -> None:
        self._beat_seconds, self._deaf_seconds = beat_seconds, deaf_seconds
        self._name = secrets.token_hex(8)
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._orders: asyncio.Queue[tuple[float, Order]] = asyncio.Queue()
        """Each with the second in which it was given."""
        self.is_heard = False
        """Whether this process listens, and hears what is told."""
        self._heard_at = 0.0
        self._regained = asyncio.Event()
        """Set when it hears again after a while in which orders may have passed by."""

    # --- telling ------------------------------------------------------------------------------------------------

    def tell(self, order: Order) -> None:
        """Pass an order to every other process. Returns at once, never raises, from any thread."""
        if not order.session_ids or not is_shared():
            return
        with self._lock:
            loop = self._loop
            if loop is not None:
                # A loop that was closed without a word hears nothing more.
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(self._put, loop, order)
                    return
        # A command, for instance, which has no loop; it is not over before the order is on its way.
        threading.Thread(target=self._tell_alone, args=[order], name="control").start()

    def _put(self, loop: asyncio.AbstractEventLoop, order: Order) -> None:
        self._queue(loop.time(), order)
        if order.kind == "end":
            # Whoever has ended it does not mind; the other kinds could meet somebody new.
            loop.call_later(TWICE_SECONDS, self._queue, loop.time(), order)

    def _queue(self, told_at: float, order: Order) -> None:
        try:
            self._orders.put_nowait((told_at, order))
        except asyncio.QueueFull:
            _untold(order)

    def _tell_alone(self, order: Order) -> None:
        async def tell() -> None:
            layer = _layer()
            try:
                await self._send(layer, order)
            finally:
                await _put_away(layer)

        try:
            asyncio.run(tell())
        except AWAY as error:
            log.warning("An order could not be passed on (%r); it is found in the rows", error)

    async def _send(self, layer: BaseChannelLayer, order: Order) -> None:
        is_told = False
        try:
            await _bounded(layer.group_send(GROUP, _written(order, self._name)))
            is_told = True
        finally:
            FIGURES.count(Event.ORDER_TOLD if is_told else Event.ORDER_UNTOLD, label=order.kind)

    # --- listening ----------------------------------------------------------------------------------------------

    async def listen(self, obey: Callable[[Order], None], catch_up: CatchUp) -> None:
        """Obey what others tell, until cancelled. A layer that is away is tried again; after that, `catch_up`."""
        with self._lock:
            self._loop, self._orders = asyncio.get_running_loop(), asyncio.Queue(WAITING_ORDERS)
        self._regained = asyncio.Event()  # of this loop, like the queue
        was_told = False
        try:
            while True:
                try:
                    await self._listened(obey, catch_up)
                    problem = "it stopped"
                except Exception as error:
                    # Whatever a layer does: the sessions of this process are none of its business.
                    problem = f"{type(error).__name__}: {error}"
                if self.is_heard or not was_told:
                    _away(problem)
                self.is_heard, was_told = False, True
                await asyncio.sleep(AGAIN_SECONDS)
        finally:
            with self._lock:
                self._loop = None
            self.is_heard = False

    async def _listened(self, obey: Callable[[Order], None], catch_up: CatchUp) -> None:
        """Listen as long as the layer serves. Raises what is wrong with it."""
        layer = _layer()
        tasks: list[asyncio.Task[None]] = []
        try:
            channel = await _bounded(layer.new_channel())
            await _bounded(layer.group_add(GROUP, channel))
            works = (
                self._hear(layer, channel, obey),
                self._speak(layer),
                self._beat(layer),
                self._recover(catch_up),
            )
            tasks += [asyncio.create_task(work) for work in works]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            # In this order: whoever is cancelled while receiving from a layer that is still in use has to unsubscribe,
            # and that waits for the very server that does not answer.
            await _put_away(layer)
            await cancelled(tasks)

    async def _hear(self, layer: BaseChannelLayer, channel: str, obey: Callable[[Order], None]) -> None:
        while True:
            message = await layer.receive(channel)
            self._heard_at = asyncio.get_running_loop().time()
            if not self.is_heard:
                # A process without others hears itself alone: that is nothing to tell.
                log.log(logging.INFO if is_shared() else logging.DEBUG, "Orders between processes are heard")
                self.is_heard = True
                self._regained.set()
            order = None if message.get("sender") == self._name else _read(message)
            if order is not None:
                _obeyed(order, obey)

    async def _speak(self, layer: BaseChannelLayer) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            told_at, order = await self._orders.get()
            # `end` stands in the row. The others would meet whoever has come since, such as a client that is back.
            if order.kind != "end" and clock() - told_at > TOO_LATE_SECONDS:
                _untold(order)
            else:
                await self._send(layer, order)

    async def _beat(self, layer: BaseChannelLayer) -> None:
        """Find out whether what is said is heard. Raises TimeoutError when it is not, for long."""
        clock = asyncio.get_running_loop().time
        self._heard_at = clock()
        while (silent := clock() - self._heard_at) < self._deaf_seconds:
            if self.is_heard and silent > HUSH_BEATS * self._beat_seconds:
                self.is_heard = False
                _away("nothing is heard on it")
            await _bounded(layer.group_send(GROUP, {"type": "beat", "sender": self._name}))
            await asyncio.sleep(self._beat_seconds)
        raise TimeoutError("nothing is heard on it")

    async def _recover(self, catch_up: CatchUp) -> None:
        """See to what may have been told in vain, each time that it hears again; also for the first time."""
        while True:
            await self._regained.wait()
            self._regained.clear()
            await catch_up()


def _away(problem: str) -> None:
    log.warning("The channel layer is away (%s); orders between processes take longer", problem)


def _obeyed(order: Order, obey: Callable[[Order], None]) -> None:
    try:
        obey(order)
    except Exception:
        log.exception("An order of another process could not be obeyed")
    else:
        FIGURES.count(Event.ORDER_OBEYED, label=order.kind)


def _untold(order: Order) -> None:
    FIGURES.count(Event.ORDER_UNTOLD, label=order.kind)


def _written(order: Order, sender: str) -> Message:
    return {
        "type": "order",
        "sender": sender,
        "kind": order.kind,
        "session_ids": list(order.session_ids),
        "reason": order.reason,
        "ticket_digest": order.ticket_digest,
        "instead_of": order.instead_of,
        "epoch": order.epoch,
    }


def _read(message: Message) -> Order | None:
    """The order in a message. None for another process's beat, and for what another version of us may say."""
    kind: Any = message.get("kind")
    ids: Any = message.get("session_ids")
    reason: Any = message.get("reason")
    if kind is None:
        return None
    digest: Any = message.get("ticket_digest", "")
    instead_of: Any = message.get("instead_of", "")
    epoch: Any = message.get("epoch")
    is_known = kind in get_args(Kind) and reason in get_args(EndReason)
    is_known = is_known and isinstance(digest, str) and isinstance(instead_of, str)
    is_known = is_known and isinstance(epoch, int | None)
    if not (is_known and isinstance(ids, list) and all(isinstance(name, str) for name in ids)):
        log.warning("An order was not understood; does another version of VoiceAssist use this Redis?")
        return None
    return Order(kind, tuple(ids), reason, digest, instead_of, epoch)


# --- the layer ------------------------------------------------------------------------------------------------------


def _layer() -> BaseChannelLayer:
    """A layer of our own: one that broke is put away whole, and nobody else is hurt by that."""
    layer: BaseChannelLayer = channel_layers.make_backend("default")
    return layer


async def _bounded(work: Coroutine[Any, Any, Any]) -> Any:
    async with asyncio.timeout(ANSWER_SECONDS):
        return await work


async def _put_away(layer: BaseChannelLayer) -> None:
    """Let go of the layer's connections and its receiving task, whatever state they are in."""
    letting_go = asyncio.ensure_future(layer.flush())
    try:
        await asyncio.wait([letting_go], timeout=ANSWER_SECONDS)
    finally:
        letting_go.cancel()
    if letting_go.done() and not letting_go.cancelled() and (fault := letting_go.exception()) is not None:
        log.debug("a channel layer could not be put away: %r", fault)


def is_shared() -> bool:
    """Whether other processes can be told anything at all."""
    return not isinstance(channel_layers["default"], InMemoryChannelLayer)


THIS_PROCESS = ControlLine()


def tell(order: Order) -> None:
    """Pass an order to every other process over the channel layer. Returns at once, never raises, from any thread."""
    THIS_PROCESS.tell(order)


async def listen(obey: Callable[[Order], None], catch_up: CatchUp) -> None:
    """The side task of a server: obeys what others tell, until cancelled; a layer that is away is tried again.

    `catch_up` is done each time that it hears again, and never raises: orders may have passed by unheard.
    """
    await THIS_PROCESS.listen(obey, catch_up)
