"""Stock SDKs through whatever breaks: our socket, the site itself, upstream. The conversation goes on."""

import asyncio
import base64
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from tests.support.agents_talk import agents_talk
from tests.support.engine_speaker import silence
from tests.support.live_site import LiveSite, entrance_to
from tests.support.manage_program import free_port
from tests.support.running_site import RunningSite, running_site
from tests.support.scripted_session import Json
from tests.support.scripted_steps import Drop, Emit, Expect, Link, Step
from tests.support.scripted_turns import answer_begun, set_up, spoken_turn, typed_turn, update_answered
from tests.support.scripted_upstream import ScriptedUpstream
from tests.support.sdk_talk import stubborn_talk, talk

pytestmark = pytest.mark.e2e

KEY = "a-key-that-opens-nothing"
ROOMY = {"REALTIME_SESSION_RATE": "600/min"}


async def test_a_restart_of_the_site_is_survived_by_the_sdk_on_its_own(site: RunningSite) -> None:
    port = free_port()
    with ExitStack() as running:
        before = await asyncio.to_thread(running.enter_context, running_site(site.home, ROOMY, port=port))
        entrance = replace(entrance_to(site), url=before.url)
        token = entrance.access_token()
        session = entrance.session(token)
        async with stubborn_talk(entrance.sdk(session["api_key"])) as talking:
            story, _ = await talking.types_and_listens("tell me a story")
            listening = asyncio.create_task(talking.until("session.created"))
            await asyncio.to_thread(before.stop)
            await asyncio.to_thread(running.enter_context, running_site(site.home, ROOMY, port=port))
            assert (await listening)["session"]["id"] == session["session_id"]
            assert talking.reconnects[0].close_code == 1001
            assert "tell me a story" in await talking.types("what did i say")
        kept = entrance.messages(session["conversation_id"], token, count=4)
    assert [(m["position"], m["role"], m["status"]) for m in kept] == [
        (0, "user", "final"),
        # The client had all of it when the server went, and plays it to the end.
        (1, "assistant", "final"),
        (2, "user", "final"),
        (3, "assistant", "final"),
    ]
    assert (kept[1]["text"], kept[1]["unheard_text"]) == (story, "")


async def test_a_connection_lost_in_the_middle_of_an_answer_is_taken_up_with_what_was_said_meanwhile(
    site: RunningSite,
) -> None:
    cut_short = [*typed_turn("")[:-1], answer_begun("Rest it for a week.", words=3)]
    upstream = ScriptedUpstream([*set_up(), *cut_short], [*set_up(), *typed_turn("Cold helps.")])
    with leading_to(upstream, site) as entrance:
        token = entrance.access_token()
        conversation = entrance.new_conversation(token)
        # A token opens a new session each time; it is the query, repeated by the SDK, that leads to the conversation.
        async with stubborn_talk(entrance.sdk(token), conversation_id=conversation) as talking:
            await talking.asks("my knee hurts")
            for _ in range(3):
                await talking.until("response.output_text.delta")
            talking.connection._connection.transport.abort()
            listening = asyncio.create_task(talking.until("session.created"))
            await talking.lost.wait()
            # The SDK keeps this until it is connected again, and then does not wait for our greeting.
            await talking.asks("what helps")
            await listening
            done = await talking.until("response.done")
            assert done["response"]["output"][0]["content"][0]["text"] == "Cold helps."
        kept = entrance.messages(conversation, token, count=4)
        told = upstream.received("session.update")[-1]["session"]["instructions"]
    assert [(m["position"], m["role"], m["status"], m["text"]) for m in kept] == [
        (0, "user", "final", "my knee hurts"),
        (1, "assistant", "interrupted", "Rest it for"),
        (2, "user", "final", "what helps"),
        (3, "assistant", "final", "Cold helps."),
    ]
    assert "my knee hurts" in told
    assert "Rest it for" in told


async def test_an_upstream_that_expires_and_one_that_dies_are_no_matter_of_the_clients(
    site: RunningSite,
) -> None:
    upstream = ScriptedUpstream(
        [greeting_for(seconds=2), *update_answered(), *typed_turn("Since when?")],
        [*set_up(), *typed_turn("")[:-1], Drop()],
        [*set_up(), *typed_turn("Rest it.")],
    )
    with leading_to(upstream, site) as entrance:
        token = entrance.access_token()
        conversation = entrance.new_conversation(token)
        async with talk(entrance.sdk(token), conversation_id=conversation) as talking:
            assert await talking.types("my knee hurts") == "Since when?"
            answered = talking.frames[-1]["response"]["output"][0]["id"]
            await upstream.until(lambda: len(upstream.received("session.update")) == 2)
            # Upstream has never heard of this one: it was said to the first.
            await talking.connection.conversation.item.retrieve(item_id=answered)
            retrieved = await talking.until("conversation.item.retrieved")
            assert retrieved["item"]["content"][0]["text"] == "Since when?"
            # This is asked of the second, which dies of it, and of the third again.
            assert await talking.types("since tuesday") == "Rest it."
            kinds = [frame["type"] for frame in talking.frames]
            assert kinds.count("session.created") == 1
            assert kinds.count("session.updated") == 0
            users = [frame["item"]["id"] for frame in talking.frames if is_added_by_the_user(frame)]
            assert len(users) == len(set(users)) == 2
        kept = entrance.messages(conversation, token, count=4)
        second, third = [
            event["session"]["instructions"] for event in upstream.received("session.update")[1:]
        ]
    assert [(m["position"], m["role"], m["status"], m["text"]) for m in kept] == [
        (0, "user", "final", "my knee hurts"),
        (1, "assistant", "final", "Since when?"),
        (2, "user", "final", "since tuesday"),
        (3, "assistant", "final", "Rest it."),
    ]
    for told in (second, third):
        assert "my knee hurts" in told
        assert "Since when?" in told
        assert "since tuesday" not in told


async def test_the_agents_sdk_asks_for_what_was_said_to_an_upstream_that_is_gone(site: RunningSite) -> None:
    beginning = [greeting_for(seconds=2), *update_answered(), *update_answered()]
    # As soon as it knows what was understood, this SDK asks for the item.
    spoken = [*spoken_turn("my knee hurts", "Rest it.", audio_ms=40), *shown("my knee hurts")]
    upstream = ScriptedUpstream([*beginning, *spoken], set_up())
    with leading_to(upstream, site) as entrance:
        session = entrance.session(token := entrance.access_token())
        async with agents_talk() as talking:
            await talking.connect(entrance.socket(), session["api_key"])
            await talking.does("speak", pcm=base64.b64encode(silence(0.04)).decode())
            assert await talking.answer_after(0) == "Rest it."
            await talking.until(lambda: talking.of("conversation.item.retrieved"))
            said, answered = [event["item"]["id"] for event in talking.of("conversation.item.added")]
            await upstream.until(lambda: len(upstream.received("session.update")) == 3)
            # What the client had set holds for this one too.
            heard = upstream.received("session.update")[-1]["session"]["audio"]["input"]
            assert heard["turn_detection"]["type"] == "semantic_vad"

            await talking.does("send", event={"type": "conversation.item.retrieve", "item_id": said})
            await talking.until(lambda: len(talking.of("conversation.item.retrieved")) == 2)
            await talking.does("forget", item=answered)
            await talking.until(lambda: talking.of("conversation.item.deleted"))
            [kept] = (await talking.does("look"))["history"]
            assert (kept["itemId"], kept["content"][0]["transcript"]) == (said, "my knee hurts")
            assert len(talking.of("session.created")) == 1
            assert len(talking.of("session.updated")) == 2
            await talking.does("close")
        messages = entrance.messages(session["conversation_id"], token, count=2)
    assert [(m["role"], m["status"], m["text"]) for m in messages] == [
        ("user", "final", "my knee hurts"),
        ("assistant", "final", "Rest it."),
    ]


def greeting_for(seconds: int) -> Step:
    """`session.created` of a session that lasts no longer."""

    def greet(link: Link) -> Iterator[Json]:
        link.session["expires_at"] = int(time.time()) + seconds
        yield {"type": "session.created", "session": link.session}

    return Emit(greet)


def shown(words: str) -> list[Step]:
    """A spoken item of the user's that the client asks for."""

    def show(link: Link) -> Iterator[Json]:
        content = [{"type": "input_audio", "transcript": words}]
        item = {"id": link.last["item_id"], "type": "message", "status": "completed", "role": "user"}
        yield {"type": "conversation.item.retrieved", "item": item | {"content": content}}

    return [Expect("conversation.item.retrieve"), Emit(show)]


@contextmanager
def leading_to(upstream: ScriptedUpstream, site: RunningSite) -> Iterator[LiveSite]:
    """A second server on the site's home, whose sessions lead to `upstream`."""
    with upstream:
        environment = ROOMY | {"OPENAI_API_KEY": KEY, "REALTIME_BASE_URL": upstream.url}
        with running_site(site.home, environment) as second:
            yield replace(entrance_to(site), url=second.url)


def is_added_by_the_user(frame: dict[str, object]) -> bool:
    item = frame.get("item")
    return frame["type"] == "conversation.item.added" and isinstance(item, dict) and item["role"] == "user"
