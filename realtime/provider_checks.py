"""System checks of the way to an upstream: its address, its key, its dialect and the models that are asked for."""

import re
from collections.abc import Iterator
from datetime import date

from django.core.checks import CheckMessage, Error, Warning

from realtime.config import RealtimeConfig
from realtime.errors import RealtimeNotConfigured
from realtime.providers.addresses import (
    OPENAI_ADDRESS,
    ga_instead_of_preview,
    host_of,
    is_azure_openai,
    is_callable,
    is_openai,
    is_voice_live,
    is_xai,
)
from realtime.providers.registry import describe, provider_for
from realtime.providers.websocket import is_in_the_clear

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
_OPENAIS_MODEL = RealtimeConfig().model
_EXAMPLES = {
    "azure": "https://my-resource.openai.azure.com",
    "compatible": "ws://127.0.0.1:8080/v1/realtime",
}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def check_upstream(config: RealtimeConfig, today: date) -> Iterator[CheckMessage]:
    """What can be told of the way to the upstream without going it. A way that leads nowhere is all that is told."""
    if config.provider == "embedded":
        yield from _check_unused(config)
        return
    astray = list(_check_address(config))
    yield from astray
    if not any(isinstance(message, Error) for message in astray):
        yield from _check_key(config)
        yield from _check_models(config, today)


def _check_unused(config: RealtimeConfig) -> Iterator[CheckMessage]:
    named = [
        *(["REALTIME_API_KEY"] if config.api_key and config.api_key_variable == "REALTIME_API_KEY" else []),
        *(["REALTIME_BASE_URL"] if config.base_url != OPENAI_ADDRESS else []),
    ]
    if named:
        yield Warning(
            f"{' and '.join(named)} is set and the embedded engine, which answers, has no use for it.",
            hint="Say whose it is: REALTIME_PROVIDER=openai, azure or compatible.",
            id="voiceassist.W013",
        )


# --- where to -----------------------------------------------------------------------------------------------------


def _check_address(config: RealtimeConfig) -> Iterator[CheckMessage]:
    address, host = config.base_url, host_of(config.base_url)
    if not is_callable(address):
        yield Error(
            "REALTIME_BASE_URL is not an address that can be called.",
            hint=f"Write it in full, for example {_EXAMPLES.get(config.provider, OPENAI_ADDRESS)}.",
            id="voiceassist.E003",
        )
        return
    is_azure = config.provider == "azure" or is_azure_openai(address)
    if config.provider != "openai" and is_openai(host):
        yield _leads_to_openai(config.provider)
        return
    if config.provider == "azure" and is_voice_live(address):
        yield Error(
            "REALTIME_BASE_URL is an address of Azure AI Voice Live, which is another service than Azure OpenAI.",
            hint="Set REALTIME_PROVIDER=compatible and REALTIME_API_KEY_HEADER=api-key.",
            id="voiceassist.E009",
        )
        return
    if is_azure and (instead := ga_instead_of_preview(address, config.model)):
        yield _is_preview(instead)
        return
    if (
        is_azure_openai(address)
        and config.provider != "azure"
        and config.api_key
        and not config.api_key_header
    ):
        yield Error(
            f"REALTIME_BASE_URL leads to Azure OpenAI, which refuses a key as REALTIME_PROVIDER={config.provider} "
            "sends it.",
            hint="Set REALTIME_PROVIDER=azure: it sends the key in the header api-key.",
            id="voiceassist.E010",
        )
        return
    if is_azure_openai(address) and config.provider != "azure":
        yield Warning(
            f"REALTIME_BASE_URL leads to Azure OpenAI and REALTIME_PROVIDER is {config.provider}.",
            hint="Set REALTIME_PROVIDER=azure: it knows the path, the header of the key and the deployments' names.",
            id="voiceassist.W014",
        )
    if config.dialect == "beta" and (is_azure or is_openai(host)):
        yield Error(
            f"REALTIME_DIALECT is beta, which {'Azure OpenAI' if is_azure else 'OpenAI'} has switched off.",
            hint="Leave REALTIME_DIALECT out.",
            id="voiceassist.E008",
        )
    elif config.dialect == "beta" and config.provider == "openai":
        yield Warning(
            "REALTIME_DIALECT is beta and REALTIME_PROVIDER is openai, which sends no OpenAI-Beta header.",
            hint="Use REALTIME_PROVIDER=compatible for a server that has to be asked for it, or leave it out.",
            id="voiceassist.W017",
        )


def _leads_to_openai(provider: str) -> CheckMessage:
    example = _EXAMPLES[provider]
    return Error(
        f"REALTIME_PROVIDER is {provider} and REALTIME_BASE_URL leads to OpenAI, as it does when it is not set.",
        hint=f"Set REALTIME_PROVIDER=openai, or REALTIME_BASE_URL to the server you mean, for example {example}.",
        id="voiceassist.E007",
    )


def _is_preview(instead: str) -> CheckMessage:
    base, _, model = instead.partition("/openai/v1/realtime?model=")
    return Error(
        "REALTIME_BASE_URL is an address of Azure OpenAI's preview, whose dialect was retired.",
        hint=f"The address of that deployment is now {instead}, so set REALTIME_PROVIDER=azure "
        f"REALTIME_BASE_URL={base} REALTIME_MODEL={model}",
        id="voiceassist.E006",
    )


# --- with what key ------------------------------------------------------------------------------------------------


def _check_key(config: RealtimeConfig) -> Iterator[CheckMessage]:
    variable, header = config.api_key_variable, config.api_key_header
    if header and not _HEADER_NAME.fullmatch(header):
        yield Error(
            f"REALTIME_API_KEY_HEADER is {header!r}, which is not the name of a header.",
            hint="Write Authorization, or api-key for Azure, or leave it out.",
            id="voiceassist.E005",
        )
    if not config.api_key:
        if config.provider != "compatible":
            # A warning: what was said before can still be read, and sessions answer 503 in plain words.
            yield Warning(
                f"REALTIME_PROVIDER is {config.provider} and there is no key.",
                hint=f"Set {variable}, or leave REALTIME_PROVIDER out to use the embedded engine.",
                id="voiceassist.W009",
            )
        return
    try:
        provider_for(config).check()
    except RealtimeNotConfigured as problem:
        yield Error(problem.detail, hint=f"Copy {variable} again, in one piece.", id="voiceassist.E004")
    if config.provider in ("compatible", "azure") and variable == "OPENAI_API_KEY":
        yield Warning(
            f"The key in OPENAI_API_KEY goes to {host_of(config.base_url)}, which is not OpenAI.",
            hint="Put the key of your Azure resource into REALTIME_API_KEY."
            if config.provider == "azure"
            else "Put that server's own key into REALTIME_API_KEY, or take OPENAI_API_KEY out if it needs none.",
            id="voiceassist.W012",
        )
    if is_in_the_clear(config.base_url):
        yield key_in_the_clear(variable, "REALTIME_BASE_URL", "wss")


def key_in_the_clear(key: str, address: str, scheme: str) -> CheckMessage:
    """That the key in `key` would be read by others on its way to the server named in `address`."""
    return Warning(
        f"{key} would go to another machine unencrypted.",
        hint=f"Use an address in {address} that begins with {scheme}://.",
        id="voiceassist.W006",
    )


# --- for which models ---------------------------------------------------------------------------------------------


def _check_models(config: RealtimeConfig, today: date) -> Iterator[CheckMessage]:
    host, transcriber = host_of(config.base_url), config.transcription_model
    if config.provider == "azure" and describe(config).model == _OPENAIS_MODEL:
        yield Warning(
            f"REALTIME_MODEL is {_OPENAIS_MODEL}, as it is when it is not set: at Azure it is the name of a "
            "deployment of yours.",
            hint="Set it to that name, or leave it if your deployment has that one.",
            id="voiceassist.W016",
        )
    if is_openai(host):
        yield from _check_dates(config, today)
    elif config.provider == "azure" and not transcriber:
        yield Warning(
            "REALTIME_TRANSCRIPTION_MODEL is not set: at Azure it is the name of a deployment of yours, without which "
            "what people say is answered and not written down.",
            hint="Deploy a transcription model and name the deployment. Until then "
            f"{describe(config).transcription_model} is asked for.",
            id="voiceassist.W010",
        )
    elif is_xai(host) and transcriber and not transcriber.startswith("grok"):
        yield Warning(
            f"REALTIME_TRANSCRIPTION_MODEL is {transcriber!r}, which is not one of xAI's.",
            hint="Leave it out: grok-transcribe is asked for then.",
            id="voiceassist.W015",
        )
    elif config.provider == "compatible" and describe(config).model == _OPENAIS_MODEL:
        yield Warning(
            f"REALTIME_MODEL is {_OPENAIS_MODEL}, as it is when it is not set: a model of OpenAI's.",
            hint="Set it to the name that your server has for its model; a gateway to OpenAI belongs to "
            "REALTIME_PROVIDER=openai.",
            id="voiceassist.W011",
        )


def _check_dates(config: RealtimeConfig, today: date) -> Iterator[CheckMessage]:
    """OpenAI's own models alone: elsewhere the same name may be a deployment of somebody's own."""
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
