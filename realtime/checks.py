"""System checks of speaking: settings that would otherwise fail at the first word, in sentences that say what to do.

`check_*` look at a configuration and nothing else; `check_realtime` is what Django runs. The way to the upstream is
checked in `provider_checks`.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from importlib.metadata import version
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from realtime.config import RealtimeConfig
from realtime.provider_checks import check_upstream, key_in_the_clear
from realtime.providers.addresses import is_callable
from realtime.providers.registry import describe
from realtime.providers.websocket import is_in_the_clear

_MOST_HISTORY = 12_000
"""Tokens. Persona and history together have to fit into the 16,384 tokens that instructions may have."""
_LONGEST_TICKET = 3600


def check_realtime(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """All of them, on the settings in force."""
    config: RealtimeConfig = settings.REALTIME
    found = [*check_redis(settings.CHANNEL_LAYERS, version("redis"))]
    if config.enabled:
        found += [*check_limits(config), *check_chat(config), *check_upstream(config, date.today())]
        found += check_voice(config)
    return found


def check_voice(config: RealtimeConfig) -> Iterator[CheckMessage]:
    """The voice is one that the provider has."""
    if not config.voice or (config.provider != "embedded" and not is_callable(config.base_url)):
        return
    voices = describe(config).voices
    if voices and config.voice not in voices:
        yield Warning(
            f"REALTIME_VOICE is {config.voice!r}, which {describe(config).label} does not have.",
            hint=f"Choose one of {', '.join(voices)}, or leave it out.",
            id="voiceassist.W003",
        )


def check_chat(config: RealtimeConfig) -> Iterator[CheckMessage]:
    """The chat server behind the embedded engine is named in full."""
    if config.provider != "embedded":
        return
    engine = config.engine
    if not engine.chat_base_url:
        if engine.chat_model or engine.chat_api_key:
            yield Warning(
                "ENGINE_CHAT_MODEL or ENGINE_CHAT_API_KEY is set and no chat server to use it with.",
                hint="Set ENGINE_CHAT_BASE_URL, for example http://127.0.0.1:11434/v1.",
                id="voiceassist.W008",
            )
        return
    if not engine.chat_model:
        yield Error(
            "ENGINE_CHAT_BASE_URL is set and ENGINE_CHAT_MODEL is not: the chat server needs to know who answers.",
            hint="Set ENGINE_CHAT_MODEL to the name of a model that the chat server has.",
            id="voiceassist.E002",
        )
    if not is_callable(engine.chat_base_url) or not engine.chat_base_url.startswith("http"):
        yield Error(
            "ENGINE_CHAT_BASE_URL is not an address that can be called.",
            hint="Write it in full, for example http://127.0.0.1:11434/v1.",
            id="voiceassist.E003",
        )
    elif engine.chat_api_key and is_in_the_clear(engine.chat_base_url):
        yield key_in_the_clear("ENGINE_CHAT_API_KEY", "ENGINE_CHAT_BASE_URL", "https")


def check_limits(config: RealtimeConfig) -> Iterator[CheckMessage]:
    """Limits that do what whoever set them may not have meant."""
    if config.minutes_per_day == 0:
        yield _senseless(
            "REALTIME_MINUTES_PER_DAY is 0: nobody may talk at all.",
            "Leave it out for no limit; REALTIME_ENABLED=false tells people why they cannot talk.",
        )
    if config.history_tokens > _MOST_HISTORY:
        yield _senseless(
            f"REALTIME_HISTORY_TOKENS is {config.history_tokens}: providers take 16384 tokens with the persona.",
            f"Use at most {_MOST_HISTORY}.",
        )
    if config.token_expiry_sec > _LONGEST_TICKET:
        yield _senseless(
            f"REALTIME_TOKEN_EXPIRY_SEC is {config.token_expiry_sec}: so long could a lost ticket be used.",
            f"A page needs seconds; use at most {_LONGEST_TICKET}.",
        )


def check_redis(layers: dict[str, dict[str, Any]], redis_version: str) -> Iterator[CheckMessage]:
    """The channel layer's connections survive an idle time."""
    uses_redis = any(str(layer.get("BACKEND", "")).startswith("channels_redis") for layer in layers.values())
    if uses_redis and int(redis_version.partition(".")[0]) >= 8:
        yield Warning(
            f"redis-py {redis_version} ends connections of the channel layer that are idle for five seconds.",
            hint='Install a redis-py before 8: pip install "redis<8".',
            id="voiceassist.W007",
        )


def _senseless(problem: str, hint: str) -> CheckMessage:
    return Warning(problem, hint=hint, id="voiceassist.W005")
