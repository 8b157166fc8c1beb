"""Addresses as operators give them: completed where they stop short, and told apart by whose they are."""

import pytest

from realtime.providers.addresses import (
    address_of,
    azure_address_of,
    ga_instead_of_preview,
    is_azure_openai,
    is_callable,
    is_openai,
    is_voice_live,
)

RESOURCE = "https://mine.openai.azure.com"
VOICE_LIVE = "wss://mine.services.ai.azure.com/voice-live/realtime?api-version=2025-10-01"


@pytest.mark.parametrize(
    ("given", "opened"),
    [
        ("ws://127.0.0.1:8080", "ws://127.0.0.1:8080/v1/realtime?model=m"),
        ("http://127.0.0.1:8080/", "ws://127.0.0.1:8080/v1/realtime?model=m"),
        ("https://gateway.example/v1", "wss://gateway.example/v1/realtime?model=m"),
        ("https://gateway.example/openai/v1/", "wss://gateway.example/openai/v1/realtime?model=m"),
        ("wss://api.x.ai/v1/realtime", "wss://api.x.ai/v1/realtime?model=m"),
        ("wss://h.example/speech/ws", "wss://h.example/speech/ws?model=m"),
        ("wss://h.example/v1/realtime?model=theirs", "wss://h.example/v1/realtime?model=theirs"),
        (VOICE_LIVE, f"{VOICE_LIVE}&model=m"),
        ("wss://api.x.ai/v1/realtime?agent_id=a", "wss://api.x.ai/v1/realtime?agent_id=a"),
    ],
)
def test_an_address_is_completed_only_where_it_stops_short(given: str, opened: str) -> None:
    assert address_of(given, "m")[0] == opened


@pytest.mark.parametrize(
    "given",
    [
        RESOURCE,
        f"{RESOURCE}/",
        f"{RESOURCE}/openai",
        f"{RESOURCE}/openai/v1",
        f"{RESOURCE}/openai/v1/",
        f"{RESOURCE}/openai/v1/realtime",
        "wss://mine.openai.azure.com",
        "wss://mine.openai.azure.com/openai/v1/realtime",
    ],
)
def test_a_resource_at_azure_may_be_given_in_any_form_the_portal_shows(given: str) -> None:
    opened = "wss://mine.openai.azure.com/openai/v1/realtime?model=my-voice"
    assert azure_address_of(given, "my-voice") == (opened, "my-voice")


def test_a_resource_at_azure_may_have_other_hosts() -> None:
    url, _ = azure_address_of("ws://mine.cognitiveservices.azure.com", "d")
    assert url == "ws://mine.cognitiveservices.azure.com/openai/v1/realtime?model=d"
    url, _ = azure_address_of("https://apim.example/speech", "d")
    assert url == "wss://apim.example/speech/openai/v1/realtime?model=d"


def test_a_deployment_named_in_the_address_wins() -> None:
    given = f"{RESOURCE}/openai/v1/realtime?model=theirs"
    assert azure_address_of(given, "ours") == (
        "wss://mine.openai.azure.com/openai/v1/realtime?model=theirs",
        "theirs",
    )


@pytest.mark.parametrize(
    ("preview", "deployment"),
    [
        ("wss://mine.openai.azure.com/openai/realtime?api-version=2025-04-01-preview&deployment=d", "d"),
        ("wss://mine.openai.azure.com/openai/realtime?deployment=d", "d"),
        ("https://mine.openai.azure.com/openai/realtime", "ours"),
        ("https://mine.openai.azure.com/openai/realtime/", "ours"),
        ("https://mine.openai.azure.com/openai/deployments/d/realtime?api-version=2024-10-01-preview", "d"),
        ("https://mine.openai.azure.com/?api-version=2024-10-01-preview", "ours"),
        ("https://mine.openai.azure.com/openai/v1/realtime?api-version=2025-04-01-preview&model=d", "d"),
        (
            "wss://mine.openai.azure.com/openai/realtime?api-key=canary&deployment=my%20voice",
            "my%20voice",
        ),
    ],
)
def test_for_an_address_of_the_preview_the_one_that_took_its_place_is_spelled_out(
    preview: str, deployment: str
) -> None:
    instead = ga_instead_of_preview(preview, "ours")
    assert instead == f"wss://mine.openai.azure.com/openai/v1/realtime?model={deployment}"


@pytest.mark.parametrize(
    "address", [RESOURCE, f"{RESOURCE}/openai/v1/realtime?model=d", VOICE_LIVE, "wss://[::1"]
)
def test_other_addresses_need_no_other_one(address: str) -> None:
    assert ga_instead_of_preview(address, "ours") == ""


def test_whose_an_address_is() -> None:
    assert is_openai("api.openai.com")
    assert is_openai("eu.api.openai.com")
    assert not is_openai("api.openai.com.example")
    assert is_azure_openai("wss://mine.openai.azure.com/openai/realtime")
    assert is_azure_openai("https://mine.cognitiveservices.azure.com")
    assert not is_azure_openai("wss://mine.openai.azure.com.example/")
    assert not is_azure_openai(VOICE_LIVE)
    assert not is_azure_openai("wss://[::1")
    assert is_voice_live(VOICE_LIVE)
    assert not is_voice_live(RESOURCE)


@pytest.mark.parametrize("address", ["ws://h", "wss://h/p", "http://[::1]:8", "https://h"])
def test_an_address_that_can_be_called(address: str) -> None:
    assert is_callable(address)


@pytest.mark.parametrize("address", ["", "h", "ftp://h", "ws://", "wss://[::1", "ws://h:99999", "ws://h:0"])
def test_an_address_that_cannot_be_called(address: str) -> None:
    assert not is_callable(address)
