"""Settings that would fail at the first word are told before, with what to do; good ones are told nothing."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.core.checks import WARNING, CheckMessage, run_checks
from django.test import override_settings

from realtime.checks import check_chat, check_limits, check_openai, check_realtime, check_redis, check_voice
from realtime.config import EngineConfig, RealtimeConfig

TODAY = date(2026, 11, 20)
OPENAI = RealtimeConfig(provider="openai", api_key="k-canary", transcription_model="gpt-transcribe")
EMBEDDED = RealtimeConfig()
CHAT = EngineConfig(chat_base_url="http://127.0.0.1:11434/v1", chat_model="llama")


def ids(found: Iterable[CheckMessage]) -> list[str | None]:
    """The ids of what was found; every finding says what to do and shows no key."""
    told = list(found)
    for message in told:
        assert message.hint, f"{message} does not say what to do"
        assert "canary" not in f"{message}"
    return [message.id for message in told]


def openai(**changes: Any) -> list[str | None]:
    return ids(check_openai(replace(OPENAI, **changes), TODAY))


def chat(**changes: Any) -> list[str | None]:
    return ids(check_chat(replace(EMBEDDED, engine=replace(CHAT, **changes))))


# --- good settings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [EMBEDDED, OPENAI, replace(EMBEDDED, engine=CHAT)])
def test_good_settings_are_told_nothing(config: RealtimeConfig) -> None:
    with override_settings(REALTIME=config):
        assert check_realtime(None) == []


@pytest.mark.django_db
def test_they_run_with_every_command() -> None:
    with override_settings(REALTIME=replace(OPENAI, api_key="")):
        found = [message for message in run_checks() if message.id == "voiceassist.W009"]
    assert len(found) == 1
    assert found[0].level == WARNING  # what was said before stays readable without a key


def test_where_speaking_is_switched_off_its_settings_are_nobodys_matter() -> None:
    with override_settings(
        REALTIME=replace(OPENAI, api_key="", enabled=False, voice="nobody", minutes_per_day=0)
    ):
        assert check_realtime(None) == []


# --- OpenAI -------------------------------------------------------------------------------------------------------


def test_openai_without_a_key_is_an_error() -> None:
    assert openai(api_key="") == ["voiceassist.W009"]


def test_the_embedded_engine_needs_no_key() -> None:
    assert ids(check_openai(EMBEDDED, TODAY)) == []


@pytest.mark.parametrize("key", ["k-canary k-canary", "k-canary\n", "k-canärÿ"])
def test_a_key_that_cannot_be_one_is_an_error(key: str) -> None:
    assert openai(api_key=key) == ["voiceassist.E004"]


@pytest.mark.parametrize(
    "address", ["", "api.openai.com/v1", "ftp://h/", "wss://", "wss://[::1", "wss://h:99999/"]
)
def test_an_address_that_cannot_be_called_is_an_error(address: str) -> None:
    assert openai(base_url=address) == ["voiceassist.E003"]
    with override_settings(REALTIME=replace(OPENAI, base_url=address, voice="marin")):
        assert ids(check_realtime(None)) == ["voiceassist.E003"]


@pytest.mark.parametrize("name", ["", "api key", "Authorization: x", "a\r\nb"])
def test_a_header_that_cannot_be_one_is_an_error(name: str) -> None:
    assert openai(api_key_header=name) == ["voiceassist.E005"]


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("ws://speech.example/v1/realtime", ["voiceassist.W006"]),
        ("http://speech.example/v1/realtime", ["voiceassist.W006"]),
        ("wss://speech.example/v1/realtime", []),
        ("ws://127.0.0.1:9000/v1/realtime", []),
        ("ws://localhost:9000/v1/realtime", []),
        ("ws://[::1]:9000/v1/realtime", []),
    ],
)
def test_a_key_that_would_travel_unencrypted_is_warned_of(address: str, told: list[str]) -> None:
    assert openai(base_url=address) == told


@pytest.mark.parametrize("model", ["gpt-4o-realtime-preview-2024-10-01", "gpt-4o-realtime-preview"])
def test_a_model_that_was_switched_off_is_warned_of_with_its_successor(model: str) -> None:
    (warned,) = check_openai(replace(OPENAI, model=model), TODAY)
    assert warned.id == "voiceassist.W001"
    assert "switched off on 202" in warned.msg
    assert "gpt-realtime-2.1" in str(warned.hint)


def test_a_model_whose_days_are_counted_is_warned_of_and_one_day_it_is_over() -> None:
    config = replace(OPENAI, model="gpt-realtime")
    assert ids(check_openai(config, date(2027, 1, 19))) == ["voiceassist.W002"]
    assert ids(check_openai(config, date(2027, 1, 20))) == ["voiceassist.W001"]


def test_a_model_named_in_the_address_is_the_one_that_counts() -> None:
    assert openai(base_url="wss://api.openai.com/v1/realtime?model=gpt-realtime") == ["voiceassist.W002"]


def test_a_transcriber_whose_days_are_counted_is_warned_of() -> None:
    (warned,) = check_openai(replace(OPENAI, transcription_model="whisper-1"), TODAY)
    assert warned.id == "voiceassist.W002"
    assert "REALTIME_TRANSCRIPTION_MODEL" in warned.msg


def test_a_transcriber_that_refuses_conversations_is_warned_of() -> None:
    assert openai(transcription_model="gpt-live-transcribe") == ["voiceassist.W004"]


def test_elsewhere_a_model_may_be_called_as_its_owner_likes() -> None:
    assert openai(base_url="wss://mine.example/v1/realtime", model="gpt-realtime") == []


# --- the voice ----------------------------------------------------------------------------------------------------


def test_a_voice_that_the_provider_has_not_is_warned_of_with_those_it_has() -> None:
    (warned,) = check_voice(replace(OPENAI, voice="slt"))
    assert warned.id == "voiceassist.W003"
    assert "marin" in str(warned.hint)
    assert ids(check_voice(replace(OPENAI, voice="cedar"))) == []


def test_a_voice_of_openais_is_not_the_engines() -> None:
    assert ids(check_voice(replace(EMBEDDED, voice="marin"))) == ["voiceassist.W003"]


# --- the chat server ----------------------------------------------------------------------------------------------


def test_a_chat_server_without_a_model_is_an_error() -> None:
    assert chat(chat_model="") == ["voiceassist.E002"]


@pytest.mark.parametrize("address", ["127.0.0.1:11434", "ws://127.0.0.1/v1", "http://"])
def test_a_chat_server_that_cannot_be_called_is_an_error(address: str) -> None:
    assert chat(chat_base_url=address) == ["voiceassist.E003"]


def test_a_model_or_a_key_without_a_chat_server_is_warned_of() -> None:
    assert chat(chat_base_url="") == ["voiceassist.W008"]
    assert chat(chat_base_url="", chat_model="", chat_api_key="k-canary") == ["voiceassist.W008"]
    assert chat(chat_base_url="", chat_model="") == []


def test_a_chat_key_that_would_travel_unencrypted_is_warned_of() -> None:
    assert chat(chat_base_url="http://chat.example/v1", chat_api_key="k-canary") == ["voiceassist.W006"]
    assert chat(chat_base_url="http://chat.example/v1") == []
    assert chat(chat_api_key="k-canary") == []


# --- limits -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes", [{"minutes_per_day": 0}, {"history_tokens": 12_001}, {"token_expiry_sec": 3601}]
)
def test_a_limit_that_cannot_be_meant_is_warned_of(changes: dict[str, int]) -> None:
    assert ids(check_limits(RealtimeConfig(**changes))) == ["voiceassist.W005"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [{"minutes_per_day": 1}, {"history_tokens": 12_000}, {"history_tokens": 0}, {"token_expiry_sec": 3600}],
)
def test_a_limit_that_can_be_meant_is_told_nothing(changes: dict[str, int]) -> None:
    assert ids(check_limits(RealtimeConfig(**changes))) == []  # type: ignore[arg-type]


# --- Redis --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("backend", "redis_version", "told"),
    [
        ("channels_redis.pubsub.RedisPubSubChannelLayer", "8.1.0", ["voiceassist.W007"]),
        ("channels_redis.core.RedisChannelLayer", "10.0", ["voiceassist.W007"]),
        ("channels_redis.pubsub.RedisPubSubChannelLayer", "7.4.1", []),
        ("channels.layers.InMemoryChannelLayer", "8.1.0", []),
    ],
)
def test_a_redis_client_that_drops_idle_layers_is_warned_of(
    backend: str, redis_version: str, told: list[str]
) -> None:
    assert ids(check_redis({"default": {"BACKEND": backend}}, redis_version)) == told
