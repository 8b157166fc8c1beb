"""The stock `openai` SDK, unmodified, against the embedded engine and against the site."""

import asyncio
from collections.abc import Iterator

import pytest
from openai.types.websocket_reconnection import ReconnectingEvent

from tests.support.engine_speaker import loudness, pcm_of, reference
from tests.support.live_site import LiveSite, daphne_site, engine_server, entrance_to, sdk
from tests.support.running_site import RunningSite
from tests.support.sdk_talk import Talk, talk

pytestmark = pytest.mark.e2e

CLIP = "goforward.wav"
AUDIBLE = 100.0


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with engine_server(tmp_path_factory.mktemp("engine") / "engine.log") as base_url:
        yield base_url


@pytest.fixture(scope="module")
def on_uvicorn(site: RunningSite) -> LiveSite:
    return entrance_to(site)


@pytest.fixture(scope="module")
def on_daphne(site: RunningSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    with daphne_site(site.home, tmp_path_factory.mktemp("daphne") / "daphne.log") as url:
        yield LiveSite(url, site.username, site.password)


# --- the engine -------------------------------------------------------------------------------------------------------


async def test_a_typed_and_a_spoken_turn_with_the_engine(engine: str) -> None:
    async with talk(sdk(engine, "any")) as talking:
        await talking.connection.session.update(
            session={"type": "realtime", "audio": {"input": {"transcription": {"model": "gpt-transcribe"}}}}
        )
        await talking.until("session.updated")
        assert "42" in await talking.types("what is twelve plus thirty")
        spoken = await talking.speaks(pcm_of(CLIP))
        assert spoken.heard == reference(CLIP)
        assert loudness(spoken.sound) > AUDIBLE
        again = await talking.types("what did i say")
        assert reference(CLIP) in again
        assert "twelve plus thirty" in again


# --- the site ---------------------------------------------------------------------------------------------------------


async def test_a_typed_turn_with_a_token_is_kept_and_remembered(on_uvicorn: LiveSite) -> None:
    token = on_uvicorn.access_token()
    conversation = on_uvicorn.new_conversation(token)
    async with talk(on_uvicorn.sdk(token), conversation_id=conversation) as talking:
        answer = await talking.types("my knee hurts since tuesday")
    kept = on_uvicorn.messages(conversation, token, count=2)
    assert [(m["position"], m["role"], m["modality"], m["status"], m["text"]) for m in kept] == [
        (0, "user", "text", "final", "my knee hurts since tuesday"),
        (1, "assistant", "text", "final", answer),
    ]
    async with talk(on_uvicorn.sdk(token), conversation_id=conversation) as talking:
        assert "my knee hurts since tuesday" in await talking.types("what did i say")


@pytest.mark.parametrize("server", ["on_uvicorn", "on_daphne"])
async def test_a_spoken_turn_is_heard_answered_aloud_kept_and_remembered(
    server: str, request: pytest.FixtureRequest
) -> None:
    site: LiveSite = request.getfixturevalue(server)
    token = site.access_token()
    conversation = site.new_conversation(token)
    async with talk(site.sdk(token), conversation_id=conversation) as talking:
        spoken = await talking.speaks(pcm_of(CLIP))
        assert spoken.heard == reference(CLIP)
        assert loudness(spoken.sound) > AUDIBLE
        # The answer is longer than this; what a caller who hangs up now cannot have heard is kept apart.
        await asyncio.sleep(0.5)
    said, answer = site.messages(conversation, token, count=2)
    assert (said["role"], said["modality"], said["status"], said["text"]) == (
        "user",
        "audio",
        "final",
        reference(CLIP),
    )
    assert (answer["role"], answer["modality"], answer["status"]) == ("assistant", "audio", "interrupted")
    assert answer["text"]
    assert f"{answer['text']} {answer['unheard_text']}" == spoken.answer
    async with talk(site.sdk(token), conversation_id=conversation) as talking:
        assert reference(CLIP) in await talking.types("what did i say")


async def test_a_spoken_answer_that_was_heard_to_its_end_is_kept_as_final(on_uvicorn: LiveSite) -> None:
    token = on_uvicorn.access_token()
    conversation = on_uvicorn.new_conversation(token)
    async with talk(on_uvicorn.sdk(token), conversation_id=conversation) as talking:
        answer, sound = await talking.types_and_listens("what is twelve plus thirty")
        assert loudness(sound) > AUDIBLE
        await asyncio.sleep(len(sound) / 48_000 + 0.1)
    kept = on_uvicorn.messages(conversation, token, count=2)
    assert [(m["modality"], m["status"], m["text"]) for m in kept][1] == ("audio", "final", answer)


async def test_the_sdks_own_reconnect_with_the_same_ticket_goes_on_in_the_same_session(
    on_uvicorn: LiveSite,
) -> None:
    token = on_uvicorn.access_token()
    session = on_uvicorn.session(token)
    reconnects: list[ReconnectingEvent] = []
    client = on_uvicorn.sdk(session["api_key"])
    async with (
        client,
        client.realtime.connect(
            model="gpt-realtime", on_reconnecting=reconnects.append, initial_delay=0.05
        ) as connection,
    ):
        talking = Talk(connection)
        created = await talking.until("session.created")
        assert created["session"]["id"] == session["session_id"]
        await talking.types("remember the blue folder")

        connection._connection.transport.abort()
        # The SDK reconnects by itself only while it is iterated over.
        async for event in connection:
            assert event.type == "session.created", event
            assert event.session.id == session["session_id"]  # type: ignore[union-attr]
            break

        assert len(reconnects) >= 1
        assert "the blue folder" in await talking.types("what did i say")
    kept = on_uvicorn.messages(session["conversation_id"], token, count=4)
    assert [m["role"] for m in kept] == ["user", "assistant", "user", "assistant"]
    assert [m["position"] for m in kept] == [0, 1, 2, 3]
