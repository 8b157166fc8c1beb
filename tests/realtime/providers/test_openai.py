"""The `openai` provider: where it leads, what it says in the handshake, and what it never says."""

import asyncio
import json
import logging
from typing import Any

import pytest

from realtime.config import RealtimeConfig
from realtime.errors import RealtimeNotConfigured, UpstreamClosed, UpstreamRefused, UpstreamUnreachable
from realtime.protocol.refusals import refusal_of_close, refusal_of_error
from realtime.providers.base import GA_VOICES
from realtime.providers.identifiers import safety_identifier
from realtime.providers.openai import OpenAIProvider
from realtime.telemetry import Event
from tests.realtime.providers.conftest import BRISK, CANARY, way_to
from tests.support.heard import Heard
from tests.support.scripted_steps import AnswerHandshake, Emit, Handshake, Step
from tests.support.scripted_turns import greeting, set_up, typed_turn, wrong_key
from tests.support.scripted_upstream import ScriptedUpstream


async def handshake(*, query: str = "", identifier: str = "", **config: Any) -> Handshake:
    """How the provider introduces itself."""
    with ScriptedUpstream([greeting()]) as upstream:
        way = way_to(upstream.url + query, **config)
        connection = Heard(await way.provider.connect(safety_identifier=identifier))
        assert json.loads(await connection.receive())["type"] == "session.created"
        await connection.close()
    return upstream.handshakes[0]


# --- where to, and with what --------------------------------------------------------------------------------------


async def test_the_model_is_asked_for_in_the_address() -> None:
    met = await handshake(model="gpt-realtime-2.1-mini")
    assert (met.path, met.query) == ("/v1/realtime", {"model": "gpt-realtime-2.1-mini"})


async def test_a_query_that_the_operator_wrote_is_kept() -> None:
    assert (await handshake(query="?region=eu&empty=", model="m")).query["region"] == "eu"


async def test_a_model_in_the_operators_address_wins() -> None:
    assert (await handshake(query="?model=theirs", model="ours")).query == {"model": "theirs"}


async def test_a_model_with_blanks_and_slashes_arrives_as_it_is() -> None:
    assert (await handshake(model="org/name & more")).query == {"model": "org/name & more"}


async def test_the_key_goes_into_the_authorization_header() -> None:
    met = await handshake()
    assert met.headers["Authorization"] == f"Bearer {CANARY}"
    assert CANARY not in met.path + json.dumps(met.query)


async def test_another_key_header_takes_the_bare_key() -> None:
    met = await handshake(api_key_header="api-key")
    assert met.headers["api-key"] == CANARY
    assert "Authorization" not in met.headers


async def test_the_authorization_header_is_known_however_it_is_written() -> None:
    assert (await handshake(api_key_header="AUTHORIZATION")).headers["Authorization"] == f"Bearer {CANARY}"


async def test_the_beta_dialect_is_never_asked_for() -> None:
    met = await handshake()
    assert "OpenAI-Beta" not in met.headers
    assert met.subprotocols == ()


async def test_the_person_is_named_by_a_stable_stranger() -> None:
    alice = safety_identifier(4711, salt="s")
    first, second = [(await handshake(identifier=alice)).headers for _ in range(2)]
    assert first["OpenAI-Safety-Identifier"] == second["OpenAI-Safety-Identifier"] == alice
    assert "4711" not in alice


async def test_nobody_is_named_where_there_is_no_name() -> None:
    assert "OpenAI-Safety-Identifier" not in (await handshake()).headers


@pytest.mark.parametrize(
    ("base_url", "opened"),
    [("https://h.example/v1/realtime", "wss"), ("http://127.0.0.1:1/v1/realtime", "ws")],
)
def test_an_address_may_be_given_as_http(base_url: str, opened: str) -> None:
    provider = OpenAIProvider(RealtimeConfig(provider="openai", base_url=base_url, model="m"))
    assert provider.url == f"{opened}{base_url[base_url.index(':') :]}?model=m"


# --- who answers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base_url", "label"),
    [
        ("wss://api.openai.com/v1/realtime", "OpenAI gpt-x"),
        ("wss://eu.api.openai.com/v1/realtime", "OpenAI gpt-x"),
        ("wss://api.openai.com.example/v1/realtime", "api.openai.com.example gpt-x"),
        ("ws://localhost:9000/v1/realtime?model=llama", "localhost llama"),
    ],
)
def test_people_are_told_who_answers(base_url: str, label: str) -> None:
    described = way_to(base_url, model="gpt-x").provider.description
    assert described.label == label
    assert described.model == label.split()[-1]
    assert described.is_language_model
    assert described.default_voice in described.voices == GA_VOICES
    assert described.voice_problem == ""


# --- the key ------------------------------------------------------------------------------------------------------


async def test_without_a_key_nobody_is_called() -> None:
    with ScriptedUpstream() as upstream:
        provider = way_to(upstream, api_key="").provider
        with pytest.raises(RealtimeNotConfigured, match="OPENAI_API_KEY"):
            provider.check()
        with pytest.raises(RealtimeNotConfigured):
            await provider.connect(safety_identifier="x")
    assert upstream.handshakes == []


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "canary-ключ", "tail\x00"])
def test_a_key_that_cannot_be_one_is_told_without_being_shown(key: str) -> None:
    with pytest.raises(RealtimeNotConfigured, match="copy it again") as raised:
        way_to("ws://127.0.0.1:1/", api_key=key).provider.check()
    assert key not in f"{raised.value!r}"


def test_a_good_key_passes_and_is_not_shown_by_anything() -> None:
    provider = way_to("wss://api.openai.com/v1/realtime").provider
    provider.check()
    config = RealtimeConfig(api_key=CANARY, identifier_salt=CANARY)
    assert CANARY not in f"{provider!r} {provider.description!r} {config!r} {provider.url}"


def test_people_are_told_to_look_where_the_key_came_from() -> None:
    with pytest.raises(RealtimeNotConfigured, match="REALTIME_API_KEY"):
        way_to("ws://127.0.0.1:1/", api_key="", api_key_variable="REALTIME_API_KEY").provider.check()


def test_an_address_of_azures_preview_is_never_called() -> None:
    preview = "wss://mine.openai.azure.com/openai/realtime?api-version=2025-04-01-preview&deployment=d"
    with pytest.raises(RealtimeNotConfigured, match=r"manage\.py check"):
        way_to(preview).provider.check()


# --- what goes wrong ----------------------------------------------------------------------------------------------


async def test_a_wrong_key_is_let_in_and_told_in_our_words_only(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with ScriptedUpstream(wrong_key()) as upstream:
        connection = Heard(await way_to(upstream).provider.connect(safety_identifier="x"))
        told = json.loads(await connection.receive())
        with pytest.raises(UpstreamClosed) as closed:
            await connection.receive()
        await connection.close()
    assert told["error"]["message"].endswith(f"{CANARY[-4:]}."), "the scripted message shows no key's tail"
    for refusal in (
        refusal_of_error(told["error"], in_setup=True),
        refusal_of_close(closed.value.closed_with, closed.value.reason),
    ):
        assert (refusal.code, refusal.end_reason, refusal.is_fatal) == (
            "provider_auth",
            "provider_auth",
            True,
        )
        assert CANARY[-4:] not in refusal.detail
        assert "ncorrect API key" not in refusal.detail
    assert CANARY not in caplog.text.replace("websockets.server", "")


@pytest.mark.parametrize(
    ("step", "code", "retryable"),
    [
        (AnswerHandshake(401), "provider_auth", False),
        (AnswerHandshake(429, {"Retry-After": "3"}), "provider_rate_limited", True),
        (AnswerHandshake(503), "provider_lost", True),
    ],
)
async def test_a_refused_handshake_says_whether_to_try_again(step: Step, code: str, retryable: bool) -> None:
    with ScriptedUpstream([step]) as upstream:
        way = way_to(upstream)
        with pytest.raises(UpstreamRefused) as raised:
            await way.provider.connect(safety_identifier="x")
    assert (raised.value.code, raised.value.retryable) == (code, retryable)
    assert way.tally.counted(Event.UPSTREAM_REFUSED) == 1


async def test_nobody_listening_is_told_at_once(free_port: int) -> None:
    async with asyncio.timeout(BRISK.opening + 1):
        with pytest.raises(UpstreamUnreachable):
            await way_to(f"ws://127.0.0.1:{free_port}/v1/realtime").provider.connect(safety_identifier="x")


# --- gateways -----------------------------------------------------------------------------------------------------


async def test_a_gateway_that_answers_in_the_beta_dialect_is_understood() -> None:
    session = {"id": "sess_1", "model": "m", "modalities": ["text", "audio"], "input_audio_format": "pcm16"}
    greeting_in_beta = Emit({"type": "session.created", "session": session})
    with ScriptedUpstream([greeting_in_beta]) as upstream:
        connection = Heard(await way_to(upstream).provider.connect(safety_identifier="x"))
        told = json.loads(await connection.receive())
        await connection.close()
    assert told["session"]["output_modalities"] == ["audio"]
    assert "modalities" not in told["session"]


# --- a conversation -----------------------------------------------------------------------------------------------


async def test_a_whole_typed_turn_goes_through_frame_by_frame() -> None:
    update = {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text"]}}
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
    with ScriptedUpstream([*set_up(), *typed_turn("Hello there.")]) as upstream:
        connection = Heard(await way_to(upstream).provider.connect(safety_identifier="x"))
        for frame in (
            update,
            {"type": "conversation.item.create", "item": item},
            {"type": "response.create"},
        ):
            await connection.send(json.dumps(frame))
        event = json.loads(await connection.receive())
        while event["type"] != "response.done":
            event = json.loads(await connection.receive())
        await connection.close()
    assert event["response"]["output"][0]["content"] == [{"type": "output_text", "text": "Hello there."}]
    assert upstream.invalid_frames == []
