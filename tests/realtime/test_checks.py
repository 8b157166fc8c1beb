"""Settings that would fail at the first word are told before, with what to do; good ones are told nothing."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.core.checks import ERROR, WARNING, CheckMessage, run_checks
from django.test import override_settings

from realtime.checks import check_chat, check_limits, check_realtime, check_redis, check_voice
from realtime.config import EngineConfig, RealtimeConfig
from realtime.provider_checks import check_upstream

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
    return ids(check_upstream(replace(OPENAI, **changes), TODAY))


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
    assert ids(check_upstream(EMBEDDED, TODAY)) == []


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


@pytest.mark.parametrize("name", ["api key", "Authorization: x", "a\r\nb"])
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
    (warned,) = check_upstream(replace(OPENAI, model=model), TODAY)
    assert warned.id == "voiceassist.W001"
    assert "switched off on 202" in warned.msg
    assert "gpt-realtime-2.1" in str(warned.hint)


def test_a_model_whose_days_are_counted_is_warned_of_and_one_day_it_is_over() -> None:
    config = replace(OPENAI, model="gpt-realtime")
    assert ids(check_upstream(config, date(2027, 1, 19))) == ["voiceassist.W002"]
    assert ids(check_upstream(config, date(2027, 1, 20))) == ["voiceassist.W001"]


def test_a_model_named_in_the_address_is_the_one_that_counts() -> None:
    assert openai(base_url="wss://api.openai.com/v1/realtime?model=gpt-realtime") == ["voiceassist.W002"]


def test_a_transcriber_whose_days_are_counted_is_warned_of() -> None:
    (warned,) = check_upstream(replace(OPENAI, transcription_model="whisper-1"), TODAY)
    assert warned.id == "voiceassist.W002"
    assert "REALTIME_TRANSCRIPTION_MODEL" in warned.msg


def test_a_transcriber_that_refuses_conversations_is_warned_of() -> None:
    assert openai(transcription_model="gpt-live-transcribe") == ["voiceassist.W004"]


def test_elsewhere_a_model_may_be_called_as_its_owner_likes() -> None:
    assert openai(base_url="wss://mine.example/v1/realtime", model="gpt-realtime") == []


# --- Azure --------------------------------------------------------------------------------------------------------

AZURE = replace(
    OPENAI,
    provider="azure",
    base_url="https://mine.openai.azure.com",
    model="my-voice",
    transcription_model="my-ears",
    api_key_variable="REALTIME_API_KEY",
)
PREVIEW = "wss://mine.openai.azure.com/openai/realtime?api-version=2025-04-01-preview&deployment=their-voice"


def azure(**changes: Any) -> list[str | None]:
    return ids(check_upstream(replace(AZURE, **changes), TODAY))


@pytest.mark.parametrize("provider", ["azure", "openai", "compatible"])
def test_an_address_of_azures_preview_is_an_error_that_spells_out_the_one_to_use(provider: str) -> None:
    (told,) = check_upstream(replace(AZURE, provider=provider, base_url=PREVIEW), TODAY)
    assert (told.id, told.level) == ("voiceassist.E006", ERROR)
    hint = str(told.hint)
    assert "wss://mine.openai.azure.com/openai/v1/realtime?model=their-voice" in hint
    assert "REALTIME_PROVIDER=azure" in hint
    assert "REALTIME_BASE_URL=wss://mine.openai.azure.com " in hint
    assert hint.endswith("REALTIME_MODEL=their-voice")


def test_a_key_in_an_address_of_azures_preview_is_not_shown() -> None:
    assert azure(base_url=f"{PREVIEW}&api-key=canary") == ["voiceassist.E006"]


def test_azure_without_an_address_is_an_error() -> None:
    assert azure(base_url=RealtimeConfig().base_url) == ["voiceassist.E007"]


def test_azures_voice_live_is_another_service() -> None:
    address = "wss://mine.services.ai.azure.com/voice-live/realtime?api-version=2025-10-01"
    assert azure(base_url=address) == ["voiceassist.E009"]
    assert azure(base_url=address, provider="compatible", api_key_header="api-key") == []


def test_azure_without_a_transcribers_deployment_is_warned_of() -> None:
    assert azure(transcription_model="") == ["voiceassist.W010"]


def test_azure_without_a_deployment_of_the_model_is_warned_of() -> None:
    assert azure(model=RealtimeConfig().model) == ["voiceassist.W016"]


def test_openais_key_on_its_way_to_azure_is_warned_of() -> None:
    (told,) = check_upstream(replace(AZURE, api_key_variable="OPENAI_API_KEY"), TODAY)
    assert told.id == "voiceassist.W012"
    assert "your Azure resource" in str(told.hint)


def test_azure_knows_no_beta_dialect() -> None:
    assert azure(dialect="beta") == ["voiceassist.E008"]


def test_azure_without_a_key_is_told_which_to_set() -> None:
    (told,) = check_upstream(replace(AZURE, api_key=""), TODAY)
    assert told.id == "voiceassist.W009"
    assert "REALTIME_API_KEY" in str(told.hint)


def test_a_resource_at_azure_belongs_to_the_provider_of_that_name() -> None:
    address = "wss://mine.openai.azure.com/openai/v1/realtime"
    assert openai(base_url=address) == ["voiceassist.E010"]
    assert openai(base_url=address, api_key_header="Authorization") == ["voiceassist.W014"]
    assert openai(base_url=address, api_key_header="api-key") == ["voiceassist.W014"]
    assert azure(base_url=address) == []


# --- other servers ------------------------------------------------------------------------------------------------

LOCAL = RealtimeConfig(
    provider="compatible",
    base_url="ws://127.0.0.1:8080",
    model="my-pipeline",
    api_key_variable="REALTIME_API_KEY",
)


def local(**changes: Any) -> list[str | None]:
    return ids(check_upstream(replace(LOCAL, **changes), TODAY))


def test_another_server_without_an_address_is_an_error() -> None:
    assert local(base_url=RealtimeConfig().base_url) == ["voiceassist.E007"]


def test_another_server_needs_no_key_and_may_speak_the_beta_dialect() -> None:
    assert local() == []
    assert local(dialect="beta") == []
    assert local(voice="af_heart") == []


def test_another_server_has_names_of_its_own_for_its_models() -> None:
    assert local(model=RealtimeConfig().model) == ["voiceassist.W011"]
    assert local(model=RealtimeConfig().model, base_url="ws://127.0.0.1:8080/?model=mine") == []


def test_openais_key_on_its_way_to_somebody_else_is_warned_of() -> None:
    assert local(api_key="sk-canary", api_key_variable="OPENAI_API_KEY") == ["voiceassist.W012"]
    assert local(api_key="sk-canary") == []


def test_another_servers_key_that_would_travel_unencrypted_is_warned_of() -> None:
    (told,) = check_upstream(replace(LOCAL, base_url="ws://speech.example", api_key="k-canary"), TODAY)
    assert told.id == "voiceassist.W006"
    assert "REALTIME_API_KEY" in told.msg
    assert local(base_url="ws://speech.example") == []


def test_xai_transcribes_with_its_own_models() -> None:
    xai = {"base_url": "wss://api.x.ai/v1/realtime", "api_key": "k-canary", "model": "grok-voice-latest"}
    assert local(**xai) == []
    assert local(**xai, transcription_model="grok-transcribe") == []
    assert local(**xai, transcription_model="whisper-1") == ["voiceassist.W015"]


def test_openai_has_switched_the_beta_dialect_off() -> None:
    assert openai(dialect="beta") == ["voiceassist.E008"]
    assert openai(dialect="beta", base_url="wss://gateway.example/v1/realtime") == ["voiceassist.W017"]


def test_settings_for_a_server_that_nobody_named_a_provider_for_are_warned_of() -> None:
    embedded = replace(EMBEDDED, api_key="k-canary")
    assert ids(check_upstream(embedded, TODAY)) == []
    assert ids(check_upstream(replace(embedded, api_key_variable="REALTIME_API_KEY"), TODAY)) == [
        "voiceassist.W013"
    ]
    (told,) = check_upstream(replace(EMBEDDED, base_url="ws://127.0.0.1:8080"), TODAY)
    assert told.id == "voiceassist.W013"
    assert "REALTIME_PROVIDER=" in str(told.hint)


def test_a_voice_that_nobody_can_know_is_not_warned_of() -> None:
    assert ids(check_voice(replace(LOCAL, voice="af_heart"))) == []


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
