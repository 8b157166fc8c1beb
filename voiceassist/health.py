"""Is this process alive, and may it be sent visitors? For supervisors and load balancers; no sign-in, no secrets."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from functools import cache as cache_answer

from django.conf import settings
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from realtime import control
from realtime.live import THIS_PROCESS
from realtime.providers import registry
from voiceassist import __version__, staticfiles, tables

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 3.0
"""How long the parts may take to answer, all together. One that hangs is one that is away."""


class Probe:
    """Asks a part whether it is there, in a thread of its own: one that hangs keeps that thread and no other.

    While it hangs, everybody who asks waits for the one question that is out already.
    """

    def __init__(self, name: str, ask: Callable[[], bool]) -> None:
        self.name = name
        self._ask = ask
        self._asked: Future[bool] | None = None
        self._lock = threading.Lock()

    def begin(self) -> Future[bool]:
        """The answer to come."""
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = Future()
                # A daemon: a server that stops does not wait for what does not answer.
                threading.Thread(
                    target=self._find_out, args=[self._asked], name=f"probe {self.name}", daemon=True
                ).start()
            return self._asked

    def _find_out(self, answer: Future[bool]) -> None:
        try:
            answer.set_result(self._ask())
        except Exception:
            log.exception("Whether the %s can be reached could not be found out", self.name)
            answer.set_result(False)


@require_safe
@never_cache
def alive(request: HttpRequest) -> JsonResponse:
    """200 while the process answers. Touches nothing else, so that a database outage does not restart workers."""
    return JsonResponse({"status": "healthy", "version": __version__, "timestamp": time.time()})


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 when every part that a request needs can be reached, else 503 with the failing ones named.

    `degraded` names what works in part, or will again: that is no reason to send visitors elsewhere.
    """
    failing = ["draining"] if THIS_PROCESS.is_draining else _failing()
    if failing:
        unavailable = JsonResponse({"status": "unavailable", "failing": failing}, status=503)
        # By Django, as an error, every few seconds: what is away was told in words, and draining is none.
        unavailable._has_been_logged = True  # type: ignore[attr-defined]
        return unavailable
    return JsonResponse({"status": "ready", "failing": [], "degraded": _degraded()})


def _failing() -> list[str]:
    until = time.monotonic() + PATIENCE_SECONDS
    asked = {name: probe.begin() for name, probe in PARTS.items()}
    failing = [name for name, answer in asked.items() if not _is_there(answer, until - time.monotonic())]
    # One that is away cannot say which tables it has.
    return [name for name in failing if name != "migrations" or "database" not in failing]


def _is_there(answer: Future[bool], seconds: float) -> bool:
    try:
        return answer.result(timeout=max(0.0, seconds))
    except Late:
        return False


def _degraded() -> list[str]:
    """Who answers, when new sessions are refused for a while or can only be typed in; pages without files."""
    config = settings.REALTIME
    degraded = []
    if config.enabled and registry.is_degraded(config):
        degraded.append("engine" if config.provider == "embedded" else "provider")
    if _has_no_pages():
        degraded.append("static_files")
    return degraded


@cache_answer
def _has_no_pages() -> bool:
    """Whether static files are missing. What was gathered is read once in the life of a process."""
    return bool(staticfiles.missing())


def _database_is_reachable() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        log.warning("The database cannot be reached: %s", error)
        return False
    finally:
        # The thread is over in a moment, and nobody else would give its connection back.
        connection.close()
    return True


def _tables_fit() -> bool:
    try:
        return tables.are_fit()
    finally:
        connection.close()


def _cache_is_reachable() -> bool:
    try:
        cache.set("health:ready", "yes", timeout=10)
        return bool(cache.get("health:ready") == "yes")
    except (RedisError, OSError) as error:
        log.warning("The cache cannot be reached: %s", error)
        return False


def _channel_layer_is_heard() -> bool:
    return control.THIS_PROCESS.is_heard or not control.is_shared()


PARTS: Mapping[str, Probe] = {
    name: Probe(name, ask)
    for name, ask in {
        "database": _database_is_reachable,
        "migrations": _tables_fit,
        "cache": _cache_is_reachable,
        "channel_layer": _channel_layer_is_heard,
    }.items()
}
