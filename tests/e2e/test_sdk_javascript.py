"""The stock agents SDK for JavaScript, unmodified, on Node against the site."""

import base64
from typing import Any

import pytest

from tests.support.agents_talk import AgentsTalk, agents_talk
from tests.support.engine_speaker import loudness, pcm_of, reference, silence
from tests.support.live_site import LiveSite, entrance_to
from tests.support.running_site import RunningSite

pytestmark = pytest.mark.e2e

CARDS = "cards-001.wav"
QUESTION = "slt-what-did-i-say.wav"
AUDIBLE = 100.0
PUSH_TO_TALK = {"audio": {"input": {"turnDetection": None}}}
WRITTEN = {"outputModalities": ["text"]}


@pytest.fixture(scope="module")
def entrance(site: RunningSite) -> LiveSite:
    return entrance_to(site)


async def test_a_whole_conversation_through_the_microphone(entrance: LiveSite) -> None:
    token = entrance.access_token()
    ticket = entrance.session(token)
    async with agents_talk() as talking:
        await talking.connect(f"{ticket['url']}?model=gpt-realtime-2.1", ticket["api_key"])
        [created] = talking.of("session.created")
        assert created["session"]["id"] == ticket["session_id"]
        assert_only_what_a_client_may_set_was_set(talking)

        assert await talking.types("what is twelve plus thirty") == "That makes 42."
        await talking.does("interrupt")
        await talking.until(lambda: talking.of("conversation.item.retrieved"))

        await talking.does("mute", muted=True)
        await talking.does("speak", pcm=base64.b64encode(pcm_of(QUESTION)).decode(), atOnce=True)
        await talking.does("mute", muted=False)

        assert await talking.speaks(pcm_of(CARDS)) == reference(CARDS)
        interrupted = await talking.answer_after(1)
        assert await talking.speaks(pcm_of(QUESTION)) == reference(QUESTION)
        recalled = await talking.answer_after(2)
        assert reference(CARDS) in recalled
        assert "twelve plus thirty" in recalled

        assert talking.times_told("audio_interrupted") == 2
        assert loudness(talking.sound) > AUDIBLE
        assert sum(event.get("bytes", 0) for event in talking.told) == len(talking.sound)
        await talking.until(lambda: len(talking.of("conversation.item.retrieved")) == 4)
        await assert_the_sdk_knows_what_was_said(talking, interrupted, recalled)

        # A voice that was heard cannot be changed any more; that is no reason not to answer the update.
        await talking.does("handOver", voice="cedar")
        await talking.until(lambda: len(talking.of("session.updated")) == 3)
        assert_only_what_a_client_may_set_was_set(talking)
        await talking.does("close")
        await talking.until(lambda: talking.times_told("disconnected"))

    kept = entrance.messages(ticket["conversation_id"], token, count=6)
    assert [(m["position"], m["role"], m["modality"], m["status"], whole(m)) for m in kept] == [
        (0, "user", "text", "final", "what is twelve plus thirty"),
        (1, "assistant", "audio", "interrupted", "That makes 42."),
        (2, "user", "audio", "final", reference(CARDS)),
        (3, "assistant", "audio", "interrupted", interrupted),
        (4, "user", "audio", "final", reference(QUESTION)),
        (5, "assistant", "audio", "interrupted", recalled),
    ]
    # What was heard until somebody spoke over it: the client said where it stopped playing.
    assert kept[3]["text"]
    assert kept[3]["unheard_text"]
    assert not kept[3]["heard_is_estimated"]


async def test_push_to_talk_with_a_token_and_an_answer_stopped_while_it_is_being_made(
    entrance: LiveSite,
) -> None:
    token = entrance.access_token()
    conversation = entrance.new_conversation(token)
    async with agents_talk() as talking:
        await talking.connect(entrance.socket(conversation_id=conversation), token, **PUSH_TO_TALK)
        assert talking.of("session.updated")[-1]["session"]["audio"]["input"]["turn_detection"] is None
        pcm = silence(0.2) + pcm_of(CARDS) + silence(0.2)
        await talking.does("speak", pcm=base64.b64encode(pcm).decode(), atOnce=True, commit=True)
        await talking.until(lambda: talking.heard == [reference(CARDS)])
        await talking.does("answer")
        await talking.answer_after(0)
        await talking.does("type", text="what did i say", interrupts=True)
        await talking.until(lambda: talking.answers == 2)
        await talking.until(lambda: talking.of("conversation.item.truncated"))

        # Whoever stops an answer gets the next one all the same, and what is deleted is forgotten by the assistant.
        typed, spoken = [item["id"] for item in users_items(talking)][::-1]
        await talking.does("forget", item=spoken)
        await talking.until(lambda: talking.of("conversation.item.deleted"))
        assert reference(CARDS) not in await talking.types("what did i say")
        history = (await talking.does("look"))["history"]
        assert spoken not in [item["itemId"] for item in history]
        assert typed in [item["itemId"] for item in history]
        await talking.does("close")

    kept = entrance.messages(conversation, token, count=6)
    assert [(m["role"], m["modality"]) for m in kept] == [
        ("user", "audio"),
        ("assistant", "audio"),
        ("user", "text"),
        ("assistant", "audio"),
        ("user", "text"),
        ("assistant", "audio"),
    ]
    assert (kept[0]["text"], kept[2]["text"]) == (reference(CARDS), "what did i say")
    assert (kept[3]["status"], kept[3]["text"]) == ("interrupted", "")


async def test_a_client_secret_of_openais_shape_opens_a_session(entrance: LiveSite) -> None:
    token = entrance.access_token()
    conversation = entrance.new_conversation(token)
    secret = entrance.client_secret(token, conversation_id=conversation)
    async with agents_talk() as talking:
        await talking.connect(entrance.socket(), secret["value"], **WRITTEN)
        assert await talking.types("what is twelve plus thirty") == "That makes 42."
        await talking.does("close")
    kept = entrance.messages(conversation, token, count=2)
    assert [(m["role"], m["modality"], m["status"], m["text"]) for m in kept] == [
        ("user", "text", "final", "what is twelve plus thirty"),
        ("assistant", "text", "final", "That makes 42."),
    ]


def assert_only_what_a_client_may_set_was_set(talking: AgentsTalk) -> None:
    """The SDK sets instructions, a model, a transcription model and tracing of its own: none of its business here."""
    before, after = talking.of("session.created")[0]["session"], talking.of("session.updated")[-1]["session"]
    assert after["audio"]["input"]["turn_detection"]["type"] == "semantic_vad"
    for name in ("model", "instructions", "tools", "tracing"):
        assert after[name] == before[name]
    assert after["audio"]["output"]["voice"] == before["audio"]["output"]["voice"]
    assert after["instructions"] == ""
    assert after["audio"]["input"]["transcription"] == before["audio"]["input"]["transcription"]
    # The SDK itself cancels what it believes that the server would not, and would hit the next answer with that.
    assert after["audio"]["input"]["turn_detection"]["interrupt_response"] is True


async def assert_the_sdk_knows_what_was_said(talking: AgentsTalk, interrupted: str, recalled: str) -> None:
    looked = await talking.does("look")
    said = [(item["role"], words_of(item)) for item in looked["history"]]
    assert [role for role, _ in said] == ["user", "assistant"] * 3
    assert said[0][1] == "what is twelve plus thirty"
    assert said[2][1] == reference(CARDS)
    assert interrupted.startswith(said[3][1])
    assert said[4:] == [("user", reference(QUESTION)), ("assistant", recalled)]
    assert looked["usage"]["inputTokens"] > 0
    assert looked["usage"]["outputTokens"] > 0


def words_of(item: dict[str, Any]) -> str:
    part = item["content"][0]
    return str(part.get("text") or part.get("transcript"))


def users_items(talking: AgentsTalk) -> list[dict[str, Any]]:
    added = [event["item"] for event in talking.of("conversation.item.added")]
    return [item for item in added if item["role"] == "user"]


def whole(message: dict[str, Any]) -> str:
    """What was said, heard or not."""
    return f"{message['text']} {message['unheard_text']}".strip()
