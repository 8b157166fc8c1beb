"""From one process to another: who holds which sessions, and how they are asked to let go of them."""

import time
from collections.abc import Callable, Iterable
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from realtime import control
from realtime.errors import EndReason
from realtime.live import PROCESS_NAME, THIS_PROCESS, LiveSession, LiveSessions
from realtime.models import VoiceSession

State = VoiceSession.State
STALE_SECONDS = 60
"""A holder that has not renewed its lease for so long is not waited for: two leases."""
BUSY_SECONDS = 1.0
"""How often a process says that it still puts down what it was asked for; the first time after so long."""
SILENT_SECONDS = 3.0
"""Whoever has not said so for so long is not waited for any more."""
PUT_DOWN_SECONDS = 15.0
"""How long another process may take in all to put a session down, if it goes on saying that it does: a turn and an
end are thirteen statements, and a database may need a second for each. A page gives its try up after twenty seconds."""
_NEVER = float("-inf")


def call_in(session: VoiceSession) -> list[str]:
    """Ask other processes to let go of a session, and to end what else they hold on its conversation.

    What they hold, if anybody can be expected to hear of it.
    """
    names = held_elsewhere(session)
    others = tuple(name for name in names if name != session.pk)
    asked = {"end_requested_at": timezone.now(), "end_requested_reason": "replaced"}
    VoiceSession.objects.filter(pk__in=others, end_requested_at=None).update(**asked)
    if others:
        control.tell(control.Order("end", others, "replaced"))
    if session.pk in names:
        control.tell(control.Order("let_go", (session.pk,), epoch=session.epoch))
    return names if control.is_shared() else []


def held_elsewhere(session: VoiceSession) -> list[str]:
    """The sessions on the conversation of one, itself included, that another process holds and is alive."""
    on_it = Q(conversation=session.conversation_id) | Q(pk=session.pk)
    alive = timezone.now() - timedelta(seconds=STALE_SECONDS)
    not_over = VoiceSession.objects.filter(on_it, state__in=[State.LIVE, State.WAITING], seen_at__gt=alive)
    return list(not_over.exclude(holder__in=["", PROCESS_NAME]).values_list("pk", flat=True))


def end_everywhere(held: set[str], reason: EndReason) -> None:
    """End sessions, whichever process holds them."""
    THIS_PROCESS.end(held, reason)
    control.tell(control.Order("end", tuple(sorted(held)), reason))


def lose_client(session: VoiceSession, *, instead_of: str) -> None:
    """Tell whoever holds it that its client comes on another socket, with the ticket that it has now.

    `instead_of` is the digest of the ticket before that one.
    """
    order = control.Order("lose", (session.pk,), ticket_digest=session.ticket_digest, instead_of=instead_of)
    if session.holder == PROCESS_NAME:
        obey(order)
    else:
        control.tell(order)


class Orders:
    """What other processes ask of this one, and what it hears of how they do what it asks. From any thread."""

    def __init__(
        self,
        live: LiveSessions,
        *,
        busy_seconds: float = BUSY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` gives seconds that never go back."""
        self._live, self._busy_seconds, self._clock = live, busy_seconds, clock
        self._busy: dict[str, float] = {}
        """When it was heard last of a session that is waited for here that it is being put down elsewhere."""

    def obey(self, order: control.Order) -> None:
        """Do what another process asks for, as far as it is about sessions that live here, or are waited for here.

        An order may come late: one about a client that is back already, or an epoch that is over, is about nobody.
        """
        if order.kind == "busy":
            for name in self._busy.keys() & set(order.session_ids):
                self._busy[name] = self._clock()
            return
        found = [self._live.find(name) for name in order.session_ids]
        for here in [here for here in found if here is not None]:
            here.loop.call_soon_threadsafe(self._obeyed_by, here, order)

    def expect(self, names: Iterable[str]) -> "Patience":
        """Wait for other processes to put these sessions down; to be left with `close`."""
        return Patience(self._busy, names, self._clock)

    def _obeyed_by(self, here: LiveSession, order: control.Order) -> None:
        # In the session's loop, where its client comes and goes.
        match order.kind:
            case "end":
                here.end(order.reason)
                self._put_down(here)
            case "lose" if order.instead_of in ("", here.ticket_digest):
                here.lose_client(order.ticket_digest)
            case "let_go" if order.epoch is None or here.epoch <= order.epoch:
                here.let_go()
                self._put_down(here)

    def _put_down(self, here: LiveSession) -> None:
        """Say that it is being done, again and again, for as long as anybody waits."""
        until = here.loop.time() + PUT_DOWN_SECONDS
        here.loop.call_later(self._busy_seconds, self._still_busy, here, until)

    def _still_busy(self, here: LiveSession, until: float) -> None:
        if not here.over.is_set() and here.loop.time() < until:
            control.tell(control.Order("busy", (here.session_id,)))
            here.loop.call_later(self._busy_seconds, self._still_busy, here, until)


class Patience:
    """How long other processes are waited for that put sessions down: longer, if they say that they are at it."""

    def __init__(self, busy: dict[str, float], names: Iterable[str], clock: Callable[[], float]) -> None:
        self._busy, self._names, self._clock = busy, tuple(names), clock
        self._began = clock()
        for name in self._names:
            busy.setdefault(name, _NEVER)

    def lasts(self, held: Iterable[str], seconds: float) -> bool:
        """Whether to go on waiting for those that are still held; `seconds` are for whoever says nothing."""
        now = self._clock()
        heard = max((self._busy.get(name, _NEVER) for name in held), default=_NEVER)
        is_busy = now < min(heard + SILENT_SECONDS, self._began + PUT_DOWN_SECONDS)
        return is_busy or now < self._began + seconds

    def close(self) -> None:
        """Nobody waits any more."""
        for name in self._names:
            self._busy.pop(name, None)


ORDERS = Orders(THIS_PROCESS)
"""Those of the process we are in."""
obey = ORDERS.obey
