"""The engine on a port: who is let in, and a typed turn of the stock OpenAI SDK."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from openai import AsyncOpenAI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from realtime.config import EngineConfig
from realtime.engine.server import Engine
from realtime.engine.serving import serving
from tests.support.engine_speech import ScriptedSpeech
from tests.support.ga_events import CLASSES, ga_event

KEY = "sk-" + "right"


@asynccontextmanager
async def served(*, api_key: str = "", speech: ScriptedSpeech | None = None) -> AsyncIterator[str]:
    engine = Engine(EngineConfig(), speech=speech or ScriptedSpeech())
    async with serving(engine, host="127.0.0.1", port=0, api_key=api_key) as address:
        yield address


async def first_frame(connection: ClientConnection) -> dict[str, Any]:
    frame = await asyncio.wait_for(connection.recv(), timeout=5)
    assert isinstance(frame, str)
    ga_event(frame)
    event: dict[str, Any] = json.loads(frame)
    return event


async def refusal(address: str, **options: Any) -> tuple[str, int, str]:
    """The code of the error after the upgrade, and how the connection was closed."""
    async with connect(address, **options) as connection:
        error = (await first_frame(connection))["error"]
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
    received = closed.value.rcvd
    assert received is not None
    return error["code"], received.code, received.reason


@pytest.mark.parametrize(
    "options",
    [
        {"additional_headers": {"Authorization": f"Bearer {KEY}"}},
        {"additional_headers": {"Authorization": f"bearer {KEY}"}},
        {"subprotocols": ["realtime", f"openai-insecure-api-key.{KEY}", "openai-agents-sdk.1"]},
    ],
)
async def test_the_right_key_opens_a_session(options: dict[str, Any]) -> None:
    async with (
        served(api_key=KEY) as address,
        connect(f"{address}?model=gpt-realtime", **options) as connection,
    ):
        assert (await first_frame(connection))["type"] == "session.created"
        assert connection.subprotocol == ("realtime" if "subprotocols" in options else None)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"additional_headers": {"Authorization": "Bearer wrong"}},
        {"additional_headers": {"Authorization": KEY}},
        {"subprotocols": ["realtime", "openai-insecure-api-key.wrong"]},
    ],
)
async def test_a_wrong_key_is_told_after_the_upgrade(options: dict[str, Any]) -> None:
    async with served(api_key=KEY) as address:
        assert await refusal(address, **options) == (
            "invalid_api_key",
            3000,
            "invalid_request_error.invalid_api_key",
        )


@pytest.mark.parametrize(
    "options",
    [
        {"additional_headers": {"OpenAI-Beta": "realtime=v1"}},
        {"subprotocols": ["realtime", "openai-beta.realtime-v1"]},
    ],
)
async def test_the_beta_dialect_is_refused(options: dict[str, Any]) -> None:
    async with served() as address:
        assert await refusal(address, **options) == (
            "beta_api_shape_disabled",
            4000,
            "invalid_request_error.beta_api_shape_disabled",
        )


async def test_without_a_key_of_its_own_any_key_is_good() -> None:
    async with served() as address, connect(address, subprotocols=[Subprotocol("realtime")]) as connection:
        assert (await first_frame(connection))["type"] == "session.created"


async def test_a_transcription_session_is_refused_with_a_reason() -> None:
    async with served() as address:
        assert (await refusal(f"{address}?intent=transcription"))[1] == 4000


@pytest.mark.parametrize(
    ("path", "origin", "status"),
    [
        ("/v1/realtime?call_id=rtc_1", None, 404),
        ("/v1/elsewhere", None, 404),
        ("/v1/realtime", "https://pages.example", 403),
        ("/v1/realtime", "http://127.0.0.1.pages.example", 403),
    ],
)
async def test_what_cannot_become_a_session_is_answered_over_http(
    path: str, origin: str | None, status: int
) -> None:
    async with served() as address:
        with pytest.raises(InvalidStatus) as refused:
            await connect(address.removesuffix("/v1/realtime") + path, origin=origin)  # type: ignore[arg-type]
        assert refused.value.response.status_code == status


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1:8000"])
async def test_a_page_of_this_machine_may_connect_without_a_key(origin: str) -> None:
    async with served() as address, connect(address, origin=origin) as connection:  # type: ignore[arg-type]
        assert (await first_frame(connection))["type"] == "session.created"


async def test_any_path_that_ends_in_realtime_is_served() -> None:
    async with served() as address, connect(address.replace("/v1/", "/openai/v2/") + "/") as connection:
        assert (await first_frame(connection))["type"] == "session.created"


async def test_a_binary_frame_is_an_error_and_the_session_goes_on() -> None:
    async with served() as address, connect(address) as connection:
        await first_frame(connection)
        await connection.send(b"\x00\xff\x00")
        assert (await first_frame(connection))["error"]["code"] == "invalid_json"
        await connection.send(json.dumps({"type": "input_audio_buffer.clear"}))
        assert (await first_frame(connection))["type"] == "input_audio_buffer.cleared"


async def test_ending_the_server_tells_its_clients_to_come_back() -> None:
    async with served() as address:
        connection = await connect(address)
        await first_frame(connection)
    with pytest.raises(ConnectionClosed) as closed:
        await connection.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


async def test_a_client_that_hangs_up_frees_its_worker() -> None:
    speech = ScriptedSpeech()
    async with served(speech=speech) as address:
        async with connect(address) as connection:
            await connection.send(json.dumps({"type": "response.create"}))
            async for frame in connection:
                if json.loads(frame)["type"] == "response.done":
                    break
        await asyncio.wait_for(speech.workers[0].gone.wait(), timeout=5)


async def test_the_stock_sdk_holds_a_typed_turn_and_knows_every_event() -> None:
    async with served(api_key=KEY) as address:
        client = AsyncOpenAI(api_key=KEY, websocket_base_url=address.removesuffix("/realtime"))
        kinds, text = [], ""
        async with client, client.realtime.connect(model="gpt-realtime") as connection:
            # The SDK's own name for the engine is echoed by agents clients, and must be taken.
            await connection.session.update(
                session={"type": "realtime", "model": "gpt-realtime", "output_modalities": ["text"]}
            )
            await connection.conversation.item.create(
                item={
                    "type": "message",
                    "role": "user",
                    "content": [{"type": "input_text", "text": "12.5 * 4"}],
                }
            )
            await connection.response.create()
            async for event in connection:
                assert isinstance(event, CLASSES[event.type])
                kinds.append(event.type)
                if event.type == "response.output_text.done":
                    text = event.text
                if event.type == "rate_limits.updated":
                    break
    assert text == "That makes 50."
    assert kinds == [
        "session.created",
        "session.updated",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
