"""What tests of providers share: a key that must never be seen, and every proxy out of the way."""

import os
from dataclasses import dataclass, replace
from typing import Any

import pytest

from realtime.config import RealtimeConfig
from realtime.providers.azure import AzureProvider
from realtime.providers.compatible import CompatibleProvider
from realtime.providers.connection import Patience
from realtime.providers.openai import OpenAIProvider
from realtime.providers.remote import RemoteProvider
from realtime.telemetry import Tally
from tests.support.scripted_upstream import ScriptedUpstream

CANARY = "canary-" + "k7" * 12 + "-wxyz"
"""Stands for a key. Nothing that people or logs see may hold it, or its tail."""
BRISK = Patience(opening=0.3, ping_interval=0.1, ping_timeout=0.1, closing=0.2)


@dataclass(frozen=True, slots=True)
class Way:
    """A provider with the figures it hands in."""

    provider: RemoteProvider
    tally: Tally


_PROVIDERS = {"openai": OpenAIProvider, "azure": AzureProvider, "compatible": CompatibleProvider}


def way_to(
    upstream: ScriptedUpstream | str, *, provider: str = "openai", patience: Patience = BRISK, **config: Any
) -> Way:
    """A provider, led to `upstream`."""
    tally = Tally()
    base_url = upstream if isinstance(upstream, str) else upstream.url
    chosen = replace(RealtimeConfig(provider=provider, base_url=base_url, api_key=CANARY), **config)
    return Way(_PROVIDERS[provider](chosen, patience=patience, telemetry=tally), tally)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
