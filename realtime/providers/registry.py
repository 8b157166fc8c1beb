"""Which provider answers for a configuration: one of each in a process."""

import threading
from collections.abc import Callable
from typing import Protocol

from realtime.breaker import Breaker, State
from realtime.config import RealtimeConfig
from realtime.providers.azure import AzureProvider
from realtime.providers.base import Description, Provider
from realtime.providers.compatible import CompatibleProvider
from realtime.providers.openai import OpenAIProvider


class HeldProvider(Provider, Protocol):
    """A provider that may hold things between sessions."""

    @property
    def breaker(self) -> Breaker | None:
        """What keeps an upstream from being called in vain; None where nothing is called."""

    async def warm_up(self) -> None: ...

    async def close(self) -> None: ...


def _embedded(config: RealtimeConfig) -> HeldProvider:
    # The engine's libraries are for those who use it; a server that leads to OpenAI starts without them.
    from realtime.providers.embedded import EmbeddedProvider

    return EmbeddedProvider(config)


_BUILDERS: dict[str, Callable[[RealtimeConfig], HeldProvider]] = {
    "openai": OpenAIProvider,
    "azure": AzureProvider,
    "compatible": CompatibleProvider,
    "embedded": _embedded,
}
NAMES = tuple(_BUILDERS)

_open: dict[RealtimeConfig, HeldProvider] = {}
_lock = threading.Lock()


def provider_for(config: RealtimeConfig) -> Provider:
    """The provider that `config` names, the same one each time."""
    return _held(config)


def describe(config: RealtimeConfig) -> Description:
    """Who answers. Opens no connection and starts no process, so that every page may ask."""
    return _held(config).description


def states() -> dict[str, str]:
    """Of each provider that is called elsewhere: whether it is worth calling (`realtime.breaker.State`)."""
    with _lock:
        held = [(config.provider, provider.breaker) for config, provider in _open.items()]
    return {name: breaker.state.value for name, breaker in held if breaker is not None}


def is_degraded(config: RealtimeConfig) -> bool:
    """Whether new sessions are refused, or can only be typed in, because of who would answer."""
    provider = _held(config)
    breaker = provider.breaker
    return bool(provider.description.voice_problem) or (
        breaker is not None and breaker.state is not State.CLOSED
    )


async def warm_up(config: RealtimeConfig) -> None:
    """Prepare what makes the first session quick. For a server's start-up; a session works without it."""
    await _held(config).warm_up()


async def close_all() -> None:
    """Let go of everything that providers hold in the running loop. For a server's shutdown."""
    with _lock:
        providers = list(_open.values())
        _open.clear()
    for provider in providers:
        await provider.close()


def _held(config: RealtimeConfig) -> HeldProvider:
    with _lock:
        if config not in _open:
            _open[config] = _BUILDERS[config.provider](config)
        return _open[config]
