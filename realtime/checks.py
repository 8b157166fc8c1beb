"""System checks of speaking: settings that would otherwise fail at the first word, in sentences that say what to do.

`check_*` look at a configuration and nothing else; `check_realtime` is what Django runs.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from realtime.config import RealtimeConfig
from realtime.errors import RealtimeNotConfigured
from realtime.providers.openai import is_openai
from realtime.providers.registry import describe, provider_for
from realtime.providers.websocket import is_this_machine

_SWITCHED_OFF: dict[str, tuple[date, str]] = {
    "gpt-4o-realtime-preview-2024-10-01": (date(2025, 10, 10), "gpt-realtime-2.1"),
    "gpt-4o-realtime-preview": (date(2026, 5, 7), "gpt-realtime-2.1"),
    "gpt-4o-realtime-preview-2024-12-17": (date(2026, 5, 7), "gpt-realtime-2.1"),
    "gpt-4o-realtime-preview-2025-06-03": (date(2026, 5, 7), "gpt-realtime-2.1"),
    "gpt-4o-mini-realtime-preview": (date(2026, 5, 7), "gpt-realtime-2.1-mini"),
    "gpt-4o-mini-realtime-preview-2024-12-17": (date(2026, 5, 7), "gpt-realtime-2.1-mini"),
    "gpt-realtime-mini-2025-10-06": (date(2026, 7, 23), "gpt-realtime-2.1-mini"),
    "gpt-realtime": (date(2027, 1, 20), "gpt-realtime-2.1"),
    "gpt-realtime-2025-08-28": (date(2027, 1, 20), "gpt-realtime-2.1"),
    "gpt-realtime-mini": (date(2027, 1, 20), "gpt-realtime-2.1-mini"),
    "gpt-realtime-mini-2025-12-15": (date(2027, 1, 20), "gpt-realtime-2.1-mini"),
    "gpt-4o-mini-transcribe-2025-03-20": (date(2027, 1, 20), "gpt-transcribe"),
    "whisper-1": (date(2027, 2, 26), "gpt-transcribe"),
    "gpt-4o-transcribe": (date(2027, 2, 26), "gpt-transcribe"),
    "gpt-4o-mini-transcribe": (date(2027, 2, 26), "gpt-transcribe"),
    "gpt-4o-mini-transcribe-2025-12-15": (date(2027, 2, 26), "gpt-transcribe"),
    "gpt-4o-transcribe-diarize": (date(2027, 2, 26), "gpt-transcribe"),
}
"""When OpenAI switches a model off, and what takes its place."""
_NOT_FOR_CONVERSATIONS = frozenset({"gpt-live-transcribe"})
"""Transcribers that refuse to find turns by voice."""
_MOST_HISTORY = 12_000
"""Tokens. Persona and history together have to fit into the 16,384 tokens that instructions may have."""
_LONGEST_TICKET = 3600
_HTTP, _WEBSOCKET = frozenset({"http", "https"}), frozenset({"ws", "wss"})
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def check_realtime(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """All of them, on the settings in force."""
    config: RealtimeConfig = settings.REALTIME
    found = [*check_redis(settings.CHANNEL_LAYERS, version("redis"))]
    if config.enabled:
        found += [*check_limits(config), *check_chat(config), *check_openai(config, date.today())]
        found += check_voice(config)
    return found


def check_openai(config: RealtimeConfig, today: date) -> Iterator[CheckMessage]:
    """The key, the header it goes into, the address it goes to, and the models that are asked for."""
    if config.provider != "openai":
        return
    if not _is_url(config.base_url, _HTTP | _WEBSOCKET):
        yield Error(
            "REALTIME_BASE_URL is not an address that can be called.",
            hint="Write it in full, for example wss://api.openai.com/v1/realtime.",
            id="voiceassist.E003",
        )
        return
    if not config.api_key:
        # A warning: what was said before can still be read, and sessions answer 503 in plain words.
        yield Warning(
            "REALTIME_PROVIDER is openai and there is no key.",
            hint="Set OPENAI_API_KEY, or leave REALTIME_PROVIDER out to use the embedded engine.",
            id="voiceassist.W009",
        )
        return
    try:
        provider_for(config).check()
    except RealtimeNotConfigured as problem:
        yield Error(problem.detail, hint="Copy OPENAI_API_KEY again, in one piece.", id="voiceassist.E004")
    if not _HEADER_NAME.fullmatch(config.api_key_header):
        yield Error(
            f"REALTIME_API_KEY_HEADER is {config.api_key_header!r}, which is not the name of a header.",
            hint="Write Authorization, or api-key for Azure.",
            id="voiceassist.E005",
        )
    if _is_in_the_clear(config.base_url):
        yield _in_the_clear("OPENAI_API_KEY", "REALTIME_BASE_URL", "wss")
    yield from _check_models(config, today)


def check_voice(config: RealtimeConfig) -> Iterator[CheckMessage]:
    """The voice is one that the provider has."""
    if not config.voice or (config.provider == "openai" and not _is_url(config.base_url, _HTTP | _WEBSOCKET)):
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
    if not _is_url(engine.chat_base_url, _HTTP):
        yield Error(
            "ENGINE_CHAT_BASE_URL is not an address that can be called.",
            hint="Write it in full, for example http://127.0.0.1:11434/v1.",
            id="voiceassist.E003",
        )
    elif engine.chat_api_key and _is_in_the_clear(engine.chat_base_url):
        yield _in_the_clear("ENGINE_CHAT_API_KEY", "ENGINE_CHAT_BASE_URL", "https")


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


def _check_models(config: RealtimeConfig, today: date) -> Iterator[CheckMessage]:
    if not is_openai(urlsplit(config.base_url).hostname or ""):
        return  # elsewhere the same name may be a deployment of somebody's own
    names = {
        "REALTIME_MODEL": describe(config).model,
        "REALTIME_TRANSCRIPTION_MODEL": config.transcription_model,
    }
    for variable, model in names.items():
        if model in _NOT_FOR_CONVERSATIONS:
            yield Warning(
                f"{variable} is {model!r}, which serves transcription alone and refuses conversations.",
                hint="Use gpt-transcribe.",
                id="voiceassist.W004",
            )
        elif model in _SWITCHED_OFF:
            day, successor = _SWITCHED_OFF[model]
            is_over = day <= today
            yield Warning(
                f"{variable} is {model!r}, which OpenAI {'switched' if is_over else 'will switch'} off on {day}.",
                hint=f"Use {successor}.",
                id="voiceassist.W001" if is_over else "voiceassist.W002",
            )


def _in_the_clear(key: str, address: str, scheme: str) -> CheckMessage:
    return Warning(
        f"{key} would go to another machine unencrypted.",
        hint=f"Use an address in {address} that begins with {scheme}://.",
        id="voiceassist.W006",
    )


def _senseless(problem: str, hint: str) -> CheckMessage:
    return Warning(problem, hint=hint, id="voiceassist.W005")


def _is_url(address: str, schemes: frozenset[str]) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_in_the_clear(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in {"ws", "http"} and not is_this_machine(address)
