"""What workers share: the cache, whose counts must be exact, and the channel layer, which passes orders on."""

import asyncio
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from voiceassist.management.doctor.finding import Finding, ok, problem

THREADS = 8
TURNS = 25
LAYER_SECONDS = 5.0
_UNREACHED = "Check REDIS_URL, whether Redis runs and whether its firewall lets this machine in."


def examine_cache() -> Iterator[Finding]:
    """Of many who add, count and delete at once, exactly the right number succeed: every limit rests on that."""
    key = f"doctor:{secrets.token_hex(8)}"
    try:
        cache.set(f"{key}:there", "yes", timeout=60)
        if cache.get(f"{key}:there") != "yes":
            yield problem(
                "What is stored does not come back.", "Check the memory limit and eviction of Redis."
            )
            return
        added = sum(_at_once(lambda: cache.add(f"{key}:add", 1, timeout=60)))
        cache.set(f"{key}:count", 0, timeout=60)
        _at_once(lambda: [cache.incr(f"{key}:count") for _ in range(TURNS)])
        counted = cache.get(f"{key}:count")
        deleted = sum(_at_once(lambda: cache.delete(f"{key}:add")))
    except (RedisError, OSError) as error:
        yield problem(f"It cannot be reached ({type(error).__name__}).", _UNREACHED)
        return
    finally:
        _forget(key)
    if (added, counted, deleted) == (1, THREADS * TURNS, 1):
        place = "in Redis" if settings.REDIS_URL else "in the memory of each process, so run one worker"
        yield ok(f"Kept {place}; {THREADS} threads at once add, count and delete exactly.")
    else:
        told = f"{added} of {THREADS} added one key, {counted} of {THREADS * TURNS} were counted, {deleted} deleted it"
        yield problem(
            f"It does not count exactly: {told}.", "Use Redis itself, not a replica or an older proxy of it."
        )


def examine_layer() -> Iterator[Finding]:
    """A message goes the whole way round."""
    try:
        seconds = asyncio.run(_round_trip())
    except TimeoutError:
        yield problem(f"A message did not come back within {LAYER_SECONDS:g} seconds.", _UNREACHED)
    except (RedisError, OSError) as error:
        yield problem(f"It cannot be reached ({type(error).__name__}).", _UNREACHED)
    else:
        place = "Redis" if settings.REDIS_URL else "memory, which ends at this process"
        yield ok(f"A message came back over {place} after {seconds * 1000:.0f} ms.")


async def _round_trip() -> float:
    """Seconds that a message to a group takes to come back."""
    layer: Any = get_channel_layer()
    group, word = f"doctor-{secrets.token_hex(8)}", secrets.token_hex(8)
    async with asyncio.timeout(LAYER_SECONDS):
        channel = await layer.new_channel()
        await layer.group_add(group, channel)
        began = time.monotonic()
        await layer.group_send(group, {"type": "doctor.word", "word": word})
        while (await layer.receive(channel)).get("word") != word:
            pass  # a message of somebody before us
        seconds = time.monotonic() - began
        await layer.group_discard(group, channel)
        if hasattr(layer, "flush"):
            await layer.flush()
    return seconds


def _at_once(work: Callable[[], Any]) -> list[Any]:
    """What `work` gave in each of THREADS threads that began together. Raises what the first of them raised."""
    start, results, errors = threading.Barrier(THREADS), [], list[Exception]()

    def one() -> None:
        try:
            start.wait(5)
            results.append(work())
        except (RedisError, OSError, ValueError, threading.BrokenBarrierError) as error:
            errors.append(error)  # ValueError: what was to be counted is gone

    threads = [threading.Thread(target=one, daemon=True) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


def _forget(key: str) -> None:
    try:
        cache.delete_many([f"{key}:{name}" for name in ("there", "add", "count")])
    except (RedisError, OSError):
        return  # it expires within a minute
