"""Is this process alive, and may it be sent visitors? For supervisors and load balancers; no sign-in, no secrets."""

import logging
import time
from collections.abc import Callable, Mapping

from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from voiceassist import __version__

log = logging.getLogger(__name__)


@require_safe
@never_cache
def alive(request: HttpRequest) -> JsonResponse:
    """200 while the process answers. Touches nothing else, so that a database outage does not restart workers."""
    return JsonResponse({"status": "healthy", "version": __version__, "timestamp": time.time()})


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 when every part that a request needs can be reached, else 503 with the failing ones named."""
    failing = [name for name, is_reachable in PARTS.items() if not is_reachable()]
    if failing:
        return JsonResponse({"status": "unavailable", "failing": failing}, status=503)
    return JsonResponse({"status": "ready", "failing": []})


def _database_is_reachable() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        log.warning("The database cannot be reached: %s", error)
        return False
    return True


def _cache_is_reachable() -> bool:
    try:
        cache.set("health:ready", "yes", timeout=10)
        return bool(cache.get("health:ready") == "yes")
    except (RedisError, OSError) as error:
        log.warning("The cache cannot be reached: %s", error)
        return False


PARTS: Mapping[str, Callable[[], bool]] = {
    "database": _database_is_reachable,
    "cache": _cache_is_reachable,
}
