"""The `azure` provider: a resource of one's own, deployments for models, the GA dialect and nothing else."""

from typing import Any

import pytest

from realtime.errors import RealtimeNotConfigured, UpstreamRefused
from realtime.providers.base import GA_VOICES
from tests.realtime.providers.conftest import CANARY, way_to
from tests.support.heard import Heard
from tests.support.scripted_steps import AnswerHandshake, Handshake
from tests.support.scripted_turns import greeting
from tests.support.scripted_upstream import ScriptedUpstream

RESOURCE = "https://mine.openai.azure.com"


async def handshake(**config: Any) -> Handshake:
    """How the provider introduces itself at a resource that is given as the portal shows it."""
    with ScriptedUpstream([greeting()]) as upstream:
        way = way_to(f"http://127.0.0.1:{upstream.port}/", provider="azure", **config)
        connection = Heard(await way.provider.connect(safety_identifier="somebody"))
        await connection.receive()
        await connection.close()
    return upstream.handshakes[0]


async def test_a_deployment_is_asked_for_at_the_resources_ga_address() -> None:
    met = await handshake(model="my-voice")
    assert (met.path, met.query) == ("/openai/v1/realtime", {"model": "my-voice"})
    assert met.subprotocols == ()


async def test_the_key_goes_into_azures_own_header() -> None:
    met = await handshake()
    assert met.headers["api-key"] == CANARY
    assert "Authorization" not in met.headers


async def test_a_token_of_entra_goes_into_the_authorization_header() -> None:
    met = await handshake(api_key_header="Authorization")
    assert met.headers["Authorization"] == f"Bearer {CANARY}"
    assert "api-key" not in met.headers


async def test_nothing_of_openais_is_said_to_azure() -> None:
    met = await handshake(dialect="beta")
    assert "OpenAI-Beta" not in met.headers
    assert "OpenAI-Safety-Identifier" not in met.headers


def test_people_are_told_who_answers() -> None:
    described = way_to(RESOURCE, provider="azure", model="my-voice").provider.description
    assert (described.name, described.label, described.model) == (
        "azure",
        "Azure OpenAI my-voice",
        "my-voice",
    )
    assert described.default_voice in described.voices == GA_VOICES
    assert described.is_language_model


async def test_without_a_key_nobody_is_called() -> None:
    with ScriptedUpstream() as upstream:
        provider = way_to(
            upstream, provider="azure", api_key="", api_key_variable="REALTIME_API_KEY"
        ).provider
        with pytest.raises(RealtimeNotConfigured, match="REALTIME_API_KEY"):
            await provider.connect(safety_identifier="x")
    assert upstream.handshakes == []


@pytest.mark.parametrize(
    "address",
    [
        f"{RESOURCE}/openai/realtime?api-version=2025-04-01-preview&deployment=d",
        "ws://127.0.0.1:1/openai/realtime?deployment=d",
        "wss://api.openai.com/v1/realtime",
        "wss://mine.services.ai.azure.com/voice-live/realtime?api-version=2025-10-01",
    ],
)
def test_an_address_where_no_session_is_held_is_never_called(address: str) -> None:
    with pytest.raises(RealtimeNotConfigured, match=r"manage\.py check"):
        way_to(address, provider="azure").provider.check()


@pytest.mark.parametrize(
    ("step", "code", "reason"),
    [
        (
            AnswerHandshake(401, body=b'{"error":{"code":"401","message":"Access denied due to canary"}}'),
            "provider_auth",
            "provider_auth",
        ),
        (
            AnswerHandshake(404, body=b'{"error":{"code":"DeploymentNotFound","message":"canary"}}'),
            "provider_failed",
            "provider_failed",
        ),
        (
            AnswerHandshake(400, body=b'{"error":{"code":"OpperationNotSupported","message":"canary"}}'),
            "provider_failed",
            "provider_failed",
        ),
    ],
)
async def test_what_azure_refuses_is_told_in_our_words_and_not_tried_again(
    step: AnswerHandshake, code: str, reason: str
) -> None:
    with ScriptedUpstream([step]) as upstream, pytest.raises(UpstreamRefused) as refused:
        await way_to(upstream, provider="azure").provider.connect(safety_identifier="x")
    assert (refused.value.code, refused.value.end_reason) == (code, reason)
    assert not refused.value.retryable
    assert "canary" not in refused.value.detail
    assert "REALTIME_MODEL" in refused.value.detail or "key" in refused.value.detail
