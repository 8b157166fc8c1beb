"""The stock `openai` SDK, unmodified, against the embedded engine and against the site."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from openai.types.realtime import RealtimeSessionCreateResponse

from tests.support.engine_speaker import loudness, pcm_of, reference
from tests.support.live_site import LiveSite, entrance_to, sdk
from tests.support.running_site import RunningSite, daphne_site, engine_server
from tests.support.sdk_talk import stubborn_talk, talk

pytestmark = pytest.mark.e2e

CLIP = "goforward.wav"
SHORT_CLIP = "cards-001.wav"
AUDIBLE = 100.0


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with engine_server(tmp_path_factory.mktemp("engine")) as base_url:
        yield base_url


@pytest.fixture(scope="module")
def on_uvicorn(site: RunningSite) -> LiveSite:
    return entrance_to(site)


@pytest.fixture(scope="module")
def on_daphne(site: RunningSite) -> Iterator[LiveSite]:
    with daphne_site(site.home) as url:
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


async def test_an_answer_that_is_spoken_over_is_kept_as_far_as_it_was_heard(on_uvicorn: LiveSite) -> None:
    token = on_uvicorn.access_token()
    conversation = on_uvicorn.new_conversation(token)
    async with talk(on_uvicorn.sdk(token), conversation_id=conversation) as talking:
        long_answer, _ = await talking.types_and_listens("tell me a story")
        spoken = await talking.speaks_over(pcm_of(SHORT_CLIP))
        [truncated] = [each for each in talking.frames if each["type"] == "conversation.item.truncated"]
        assert 300 < truncated["audio_end_ms"] < 2_500
        await talking.connection.conversation.item.retrieve(item_id=truncated["item_id"])
        retrieved = await talking.until("conversation.item.retrieved")
    asked, interrupted, said, answer = on_uvicorn.messages(conversation, token, count=4)
    assert (asked["text"], said["text"]) == ("tell me a story", reference(SHORT_CLIP))
    assert (interrupted["status"], interrupted["heard_is_estimated"]) == ("interrupted", False)
    assert f"{interrupted['text']} {interrupted['unheard_text']}" == long_answer
    # Both sides agree on what was heard.
    assert interrupted["text"] == retrieved["item"]["content"][0]["transcript"] != ""
    assert f"{answer['text']} {answer['unheard_text']}".strip() == spoken.answer


async def test_a_client_secret_made_by_the_sdk_opens_a_session(on_uvicorn: LiveSite) -> None:
    token = on_uvicorn.access_token()
    conversation = on_uvicorn.new_conversation(token)
    async with on_uvicorn.sdk(token) as client:
        secret = await client.realtime.client_secrets.create(
            expires_after={"anchor": "created_at", "seconds": 60},
            session={"type": "realtime", "instructions": "Obey.", "output_modalities": ["text"]},
            extra_query={"conversation_id": conversation},
        )
    assert secret.value.startswith("ek_")
    assert 0 < secret.expires_at - time.time() <= 60
    assert isinstance(secret.session, RealtimeSessionCreateResponse)
    assert secret.session.output_modalities == ["text"]
    assert not secret.session.instructions
    async with talk(on_uvicorn.sdk(secret.value)) as talking:
        [created] = talking.frames
        assert created["session"]["output_modalities"] == ["text"]
        assert created["session"]["id"] == secret.session.id
        assert await talking.types("what is twelve plus thirty") == "That makes 42."
    kept = on_uvicorn.messages(conversation, token, count=2)
    assert [m["text"] for m in kept] == ["what is twelve plus thirty", "That makes 42."]


async def test_the_sdks_own_reconnect_with_the_same_ticket_goes_on_in_the_same_session(
    on_uvicorn: LiveSite,
) -> None:
    token = on_uvicorn.access_token()
    session = on_uvicorn.session(token)
    async with stubborn_talk(on_uvicorn.sdk(session["api_key"])) as talking:
        await talking.types("remember the blue folder")
        talking.connection._connection.transport.abort()
        created = await talking.until("session.created")
        assert created["session"]["id"] == session["session_id"]
        assert len(talking.reconnects) >= 1
        assert "the blue folder" in await talking.types("what did i say")
    kept = on_uvicorn.messages(session["conversation_id"], token, count=4)
    assert [m["role"] for m in kept] == ["user", "assistant", "user", "assistant"]
    assert [m["position"] for m in kept] == [0, 1, 2, 3]
