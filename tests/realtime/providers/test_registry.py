"""Which provider answers: one for each configuration, told about without opening anything, let go of at the end."""

import multiprocessing
import socket
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from realtime.config import EngineConfig, RealtimeConfig
from realtime.providers import registry
from realtime.providers.azure import AzureProvider
from realtime.providers.compatible import CompatibleProvider
from realtime.providers.embedded import EmbeddedProvider
from realtime.providers.openai import OpenAIProvider

EMBEDDED = RealtimeConfig(engine=EngineConfig(speech_sessions=1))
OPENAI = RealtimeConfig(
    provider="openai", api_key="k", base_url="ws://nowhere.invalid/v1/realtime", model="m"
)


@pytest.fixture(autouse=True)
async def _nothing_left() -> AsyncIterator[None]:
    yield
    await registry.close_all()


async def test_each_name_leads_to_its_provider() -> None:
    assert isinstance(registry.provider_for(EMBEDDED), EmbeddedProvider)
    assert isinstance(registry.provider_for(OPENAI), OpenAIProvider)
    assert isinstance(registry.provider_for(replace(OPENAI, provider="azure")), AzureProvider)
    assert isinstance(registry.provider_for(replace(OPENAI, provider="compatible")), CompatibleProvider)
    assert set(registry.NAMES) == {"embedded", "openai", "azure", "compatible"}


async def test_the_same_configuration_leads_to_the_same_provider() -> None:
    assert registry.provider_for(EMBEDDED) is registry.provider_for(replace(EMBEDDED))
    assert registry.provider_for(EMBEDDED) is not registry.provider_for(replace(EMBEDDED, language="de"))


async def test_threads_that_ask_at_once_get_the_same_provider() -> None:
    start = threading.Barrier(8)

    def ask(_: int) -> object:
        start.wait()
        return registry.provider_for(OPENAI)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1


async def test_telling_who_answers_opens_no_connection_and_starts_no_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(multiprocessing.Process, "start", refuse)
    assert registry.describe(OPENAI).label == "nowhere.invalid m"
    assert registry.describe(EMBEDDED).is_language_model is False


async def test_an_engine_with_a_chat_server_is_told_as_one() -> None:
    chat = EngineConfig(chat_base_url="http://127.0.0.1:9/v1", chat_model="llama-9")
    described = registry.describe(replace(EMBEDDED, engine=chat))
    assert described.is_language_model
    assert "llama-9" in described.label


async def test_after_closing_a_fresh_provider_is_made() -> None:
    before = registry.provider_for(OPENAI)
    await registry.close_all()
    assert registry.provider_for(OPENAI) is not before


async def test_warming_up_a_provider_without_anything_to_warm_is_no_matter() -> None:
    await registry.warm_up(OPENAI)
