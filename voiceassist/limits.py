"""How often something may be done: limits that parallel requests cannot slip through.

Where nothing can be counted, because the shared cache is away, what is guessed at stays shut and what is merely
rationed stays open: signing in waits until the cache is back, a conversation does not.
"""

import ipaddress
import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from django.core.cache import BaseCache, cache
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.translation import ngettext
from redis.exceptions import RedisError
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from realtime.telemetry import THIS_PROCESS, Event

log = logging.getLogger(__name__)

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_AWAY = (RedisError, OSError)
"""What a cache raises that cannot be reached, or does not answer in time."""
_TELL_SECONDS = 60.0
"""How often at most the log is told that the cache is away."""

ADDRESS_ALLOWANCE = 3
"""How many times a signed-in person's rate one address may use: an office or a family shares it."""


class LimitsAway(APIException):
    """Nothing can be counted now: the shared cache cannot be reached. Raised where that must not let anybody in."""

    status_code = 503
    default_code = "limits_unavailable"
    default_detail = (
        "Signing in is not possible for a moment: a part of this server is away. Try again shortly."
    )
    wait = 5
    """Seconds after which trying again can help."""


class _Telling:
    """Tells the log that the cache is away: once, and again while it lasts, not for every request."""

    def __init__(self) -> None:
        self._told_at = -math.inf

    def __call__(self, error: BaseException) -> None:
        now = time.monotonic()
        if now - self._told_at >= _TELL_SECONDS:
            self._told_at = now
            log.warning("Limits cannot be counted, the cache is away: %s", error)


_tell = _Telling()


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `requests` within any `seconds`."""

    requests: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "20/min", "5/hour". Raises ImproperlyConfigured for anything else."""
        number, slash, period = text.partition("/")
        if not (slash and number.strip().isdigit() and period.strip()[:1] in _SECONDS):
            raise ImproperlyConfigured(f"{text!r} is not a rate; write something like 20/min.")
        return cls(int(number), _SECONDS[period.strip()[0]])

    def times(self, factor: int) -> Self:
        """The same period with `factor` times as many requests."""
        return type(self)(self.requests * factor, self.seconds)


class Limiter:
    """Counts what is taken under a key, over a sliding window, in the shared cache.

    Every decision rests on the value that one atomic increment returned, so of any number of parallel callers exactly
    as many pass as the rate allows. What went through in the window before counts by the share of it that still lies
    within the last `rate.seconds`. Taking raises LimitsAway while the cache is away; what is returned or forgotten then
    is lost, and with it one of a rate for one of its periods.
    """

    def __init__(
        self,
        scope: str,
        rate: Rate,
        *,
        store: BaseCache | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.scope = scope
        self.rate = rate
        self._store = cache if store is None else store
        self._clock = clock

    def take(self, key: str) -> int | None:
        """Take one: None when it is allowed, else the whole seconds to wait. Raises LimitsAway."""
        try:
            wait = self._taken(key)
        except _AWAY as error:
            THIS_PROCESS.count(Event.CACHE_AWAY)
            _tell(error)
            raise LimitsAway from error
        if wait is not None:
            THIS_PROCESS.count(Event.LIMIT_HIT, label=self.scope.partition(":")[0])
        return wait

    def _taken(self, key: str) -> int | None:
        now = self._clock()
        window, elapsed = divmod(now, self.rate.seconds)
        before = int(self._store.get(self._name(key, int(window) - 1)) or 0)
        name = self._name(key, int(window))
        taken = self._increment(name)
        if taken + before * (1 - elapsed / self.rate.seconds) <= self.rate.requests:
            return None
        # Who is refused has taken nothing; otherwise an impatient client would stay shut out for ever.
        held = self._decrement(name)
        return _seconds_to_wait(self.rate, before, held, elapsed)

    def give_back(self, key: str) -> None:
        """Return one that was taken just now."""
        with suppress(*_AWAY):
            self._decrement(self._name(key, int(self._clock() // self.rate.seconds)))

    def forget(self, key: str) -> None:
        """Let the count under `key` begin anew."""
        window = int(self._clock() // self.rate.seconds)
        with suppress(*_AWAY):
            self._store.delete_many([self._name(key, window), self._name(key, window - 1)])

    def _name(self, key: str, window: int) -> str:
        # Digested: keys hold user names and addresses, in any characters and of any length.
        digest = sha256(key.encode("utf-8", "replace")).hexdigest()[:40]
        return f"limit:{self.scope}:{digest}:{window}"

    def _increment(self, name: str) -> int:
        while True:
            self._store.add(name, 0, timeout=2 * self.rate.seconds + 1)
            try:
                return self._store.incr(name)
            except ValueError:
                continue  # evicted between the two calls

    def _decrement(self, name: str) -> int:
        try:
            return self._store.decr(name)
        except ValueError:
            return 0  # forgotten meanwhile


def _seconds_to_wait(rate: Rate, before: int, held: int, elapsed: float) -> int:
    """When one more fits: in this window if what lies before it fades in time, else in the next."""
    room = rate.requests - held - 1
    if room >= 0 and before > 0:
        wait = rate.seconds * (1 - room / before) - elapsed
    else:
        wait = rate.seconds - elapsed
        if held > 0:
            wait += rate.seconds * max(0.0, 1 - (rate.requests - 1) / held)
    return max(1, math.ceil(wait))


class AtomicScopedThrottle(BaseThrottle):
    """Throttles views that name a `throttle_scope`, per user and per address; rates are DRF's DEFAULT_THROTTLE_RATES.

    A view without a scope is not throttled; a scope without a rate raises ImproperlyConfigured.
    """

    clock: Callable[[], float] = staticmethod(time.time)

    def __init__(self) -> None:
        self._wait: int | None = None

    def allow_request(self, request: Request, view: object) -> bool:
        scope = getattr(view, "throttle_scope", None)
        if scope is not None:
            user_id = request.user.pk if request.user.is_authenticated else None
            self._wait = wait_for(scope, user_id, address_of(request), clock=self.clock)
        return self._wait is None

    def wait(self) -> float | None:
        return self._wait


def wait_for(
    scope: str, user_id: int | None, address: str, *, clock: Callable[[], float] = time.time
) -> int | None:
    """Take one of what a scope limits, for a person (None: a stranger) and the party at an address (empty: unknown).

    None when it is allowed, else the seconds to wait; nothing is taken then. The rates are DRF's
    DEFAULT_THROTTLE_RATES; a scope without one raises ImproperlyConfigured. While the cache is away everything is
    allowed: whoever asks is signed in already.
    """
    taken: list[tuple[Limiter, str]] = []
    for limiter, key in _limits(scope, user_id, address, clock):
        try:
            wait = limiter.take(key)
        except LimitsAway:
            return None
        if wait is not None:
            for other, given_back in taken:
                other.give_back(given_back)
            return wait
        taken.append((limiter, key))
    return None


def _limits(
    scope: str, user_id: int | None, address: str, clock: Callable[[], float]
) -> Iterator[tuple[Limiter, str]]:
    rate = _rate_of(scope)
    shared = rate
    if user_id is not None:
        yield Limiter(f"{scope}:user", rate, clock=clock), str(user_id)
        shared = rate.times(ADDRESS_ALLOWANCE)
    if address:
        yield Limiter(f"{scope}:address", shared, clock=clock), address


def address_of(request: HttpRequest | Request) -> str:
    """Where the request comes from, as one party; empty on a Unix socket.

    Forwarded-for headers are the server's to judge (TRUSTED_PROXIES); here they could be made up by anybody.
    """
    return party_at(str(request.META.get("REMOTE_ADDR") or ""))


def party_at(given: str) -> str:
    """The one party that an address stands for: an IPv6 network of 64 bits is one."""
    try:
        address = ipaddress.ip_address(given)
    except ValueError:
        return given
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def in_words(seconds: int) -> str:
    """A waiting time as a person says it."""
    if seconds < 120:
        return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
    minutes = math.ceil(seconds / 60)
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}


def _rate_of(scope: str) -> Rate:
    rate = api_settings.DEFAULT_THROTTLE_RATES.get(scope)
    if not rate:
        raise ImproperlyConfigured(f"No rate for the throttle scope {scope!r}.")
    return Rate.parse(str(rate))
