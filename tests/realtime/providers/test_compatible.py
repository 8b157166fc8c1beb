"""The `compatible` provider: any server, any header, any dialect, and nothing asked for that nobody configured."""

import json
from typing import Any

import pytest

from realtime.errors import RealtimeNotConfigured, UpstreamRefused
from realtime.protocol.refusals import refusal_of_close
from tests.realtime.providers.conftest import CANARY, way_to
from tests.support.heard import Heard
from tests.support.scripted_steps import AnswerHandshake, Close, Emit, Handshake
from tests.support.scripted_turns import greeting
from tests.support.scripted_upstream import ScriptedUpstream


async def handshake(path: str = "/v1/realtime", **config: Any) -> Handshake:
    """How the provider introduces itself."""
    with ScriptedUpstream([greeting()]) as upstream:
        way = way_to(f"ws://127.0.0.1:{upstream.port}{path}", provider="compatible", **config)
        connection = Heard(await way.provider.connect(safety_identifier="somebody"))
        await connection.receive()
        await connection.close()
    return upstream.handshakes[0]


# --- where to, and with what --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "opened"),
    [("", "/v1/realtime"), ("/v1", "/v1/realtime"), ("/speech/v1/realtime", "/speech/v1/realtime")],
)
async def test_an_address_that_stops_short_is_completed(path: str, opened: str) -> None:
    met = await handshake(path, model="my-pipeline")
    assert (met.path, met.query) == (opened, {"model": "my-pipeline"})


async def test_the_key_goes_into_the_authorization_header() -> None:
    assert (await handshake()).headers["Authorization"] == f"Bearer {CANARY}"


async def test_another_header_takes_the_bare_key() -> None:
    met = await handshake(api_key_header="X-API-Key")
    assert met.headers["X-API-Key"] == CANARY
    assert "Authorization" not in met.headers


async def test_a_server_that_needs_no_key_is_sent_none() -> None:
    assert "Authorization" not in (await handshake(api_key="")).headers


async def test_strangers_are_not_told_who_speaks() -> None:
    assert "OpenAI-Safety-Identifier" not in (await handshake()).headers


@pytest.mark.parametrize("dialect", ["auto", "ga"])
async def test_the_beta_dialect_is_asked_for_by_nobody_who_did_not_name_it(dialect: str) -> None:
    assert "OpenAI-Beta" not in (await handshake(dialect=dialect)).headers


async def test_the_beta_dialect_is_asked_for_where_it_was_named() -> None:
    assert (await handshake(dialect="beta")).headers["OpenAI-Beta"] == "realtime=v1"


# --- who answers --------------------------------------------------------------------------------------------------


def test_of_the_server_nothing_is_claimed_that_is_not_known() -> None:
    described = way_to("ws://localhost:8080", provider="compatible", model="my-pipeline").provider.description
    assert (described.name, described.label) == ("compatible", "localhost my-pipeline")
    assert (described.voices, described.default_voice, described.transcription_model) == ((), "", "")
    assert described.turn_detection == ("server_vad", "semantic_vad", "push_to_talk")


@pytest.mark.parametrize(
    "address",
    [
        "wss://api.openai.com/v1/realtime",
        "wss://mine.openai.azure.com/openai/realtime?api-version=2025-04-01-preview&deployment=d",
    ],
)
def test_an_address_that_belongs_to_another_provider_or_to_nobody_is_never_called(address: str) -> None:
    with pytest.raises(RealtimeNotConfigured, match=r"manage\.py check"):
        way_to(address, provider="compatible").provider.check()


def test_azures_voice_live_is_a_server_like_others() -> None:
    address = "wss://mine.services.ai.azure.com/voice-live/realtime?api-version=2025-10-01"
    provider = way_to(address, provider="compatible", model="gpt-realtime").provider
    provider.check()
    assert provider.url == f"{address}&model=gpt-realtime"


# --- what goes wrong ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "step",
    [
        AnswerHandshake(401),
        AnswerHandshake(403),
        # A wrong key at xAI: the status says nothing of keys.
        AnswerHandshake(
            400,
            body=b'{"code":"Client specified an invalid argument","error":"Incorrect API key provided: canary"}',
        ),
        AnswerHandshake(400, body=b"Invalid API key: canary"),
    ],
)
async def test_a_wrong_key_is_told_as_one_however_the_server_says_it(step: AnswerHandshake) -> None:
    with ScriptedUpstream([step]) as upstream, pytest.raises(UpstreamRefused) as refused:
        await way_to(upstream, provider="compatible").provider.connect(safety_identifier="x")
    assert (refused.value.code, refused.value.retryable) == ("provider_auth", False)
    assert "canary" not in refused.value.detail


async def test_a_model_that_cannot_be_loaded_is_told_instead_of_a_greeting() -> None:
    told = {
        "type": "error",
        "error": {"type": "invalid_request_error", "code": "model_load_error", "message": "x"},
    }
    with ScriptedUpstream([Emit(told), Close(1000)]) as upstream:
        connection = Heard(
            await way_to(upstream, provider="compatible").provider.connect(safety_identifier="x")
        )
        assert json.loads(await connection.receive())["error"]["code"] == "model_load_error"
        await connection.close()


def test_a_wrong_key_at_speaches_is_a_close_with_1008() -> None:
    assert refusal_of_close(1008, "").code == "provider_auth"
