"""Answers from a chat-completions server, over real HTTP on this machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from realtime.config import EngineConfig
from realtime.engine.answers.chat import ChatServer
from realtime.engine.dialogue.prompt import AnswerCutShort, AnswerFailed, Prompt, Turn
from tests.support.engine_chat_server import ChatScript, chat_server, streamed

PROMPT = Prompt(
    "Be kind.",
    (
        Turn("user", "hello"),
        Turn("assistant", "Good", is_interrupted=True),
        Turn("user", "go on"),
        Turn("user", ""),
    ),
)
KEY = "sk-" + "canary"


@asynccontextmanager
async def client(script: ChatScript, *, read: float = 5.0) -> AsyncIterator[ChatServer]:
    async with chat_server(script):
        config = EngineConfig(chat_base_url=script.url + "/", chat_model="tiny", chat_api_key=KEY)
        chat = ChatServer(config, timeout=httpx.Timeout(read))
        yield chat
        await chat.close()


async def words(chat: ChatServer, prompt: Prompt = PROMPT) -> list[str]:
    return [delta async for delta in chat.answer(prompt)]


async def test_the_answer_is_streamed_word_by_word() -> None:
    async with client(ChatScript(streamed("Good ", "day", "."))) as chat:
        assert await words(chat) == ["Good ", "day", "."]


async def test_the_request_is_a_streamed_chat_completion_with_the_whole_conversation() -> None:
    script = ChatScript(streamed("Yes."))
    async with client(script) as chat:
        await words(chat, Prompt(PROMPT.instructions, PROMPT.turns, max_output_tokens=50))

    assert script.paths == ["POST /v1/chat/completions HTTP/1.1"]
    assert script.headers[0]["authorization"] == f"Bearer {KEY}"
    assert script.requests == [
        {
            "model": "tiny",
            "stream": True,
            "max_tokens": 50,
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "hello"},
                {"role": "assistant", "content": "Good (interrupted here)"},
                {"role": "user", "content": "go on"},
                {"role": "user", "content": "(inaudible)"},
            ],
        }
    ]


async def test_the_first_words_come_before_the_last_are_written() -> None:
    start, *rest = streamed("Good ", "day.")[1:]
    script = ChatScript([start], hangs=True)
    async with client(script) as chat:
        answer = chat.answer(PROMPT)
        assert await anext(answer) == "Good "
        assert rest
        await answer.aclose()


async def test_leaving_closes_the_stream_at_the_server() -> None:
    script = ChatScript(streamed("Good ")[:2], hangs=True)
    async with client(script) as chat:
        answer = chat.answer(PROMPT)
        await anext(answer)
        await answer.aclose()
        await asyncio.wait_for(script.client_left.wait(), timeout=5)


async def test_comments_and_events_without_words_are_passed_over() -> None:
    body = [
        ": ping\n\n",
        "event: x\n",
        'data: {"choices": []}\n\n',
        'data: {"choices": [{"delta": null}]}\n\n',
    ]
    async with client(ChatScript(body + streamed("Yes."))) as chat:
        assert await words(chat) == ["Yes."]


async def test_an_answer_of_the_permitted_length_says_that_it_was_cut() -> None:
    async with client(ChatScript(streamed("Good ", finish="length"))) as chat:
        answer = chat.answer(PROMPT)
        assert await anext(answer) == "Good "
        with pytest.raises(AnswerCutShort):
            await anext(answer)


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (ChatScript(["no such key: " + KEY], status="401 Unauthorized"), "chat_key_refused"),
        (ChatScript(["no such key: " + KEY], status="403 Forbidden"), "chat_key_refused"),
        (ChatScript(status="404 Not Found"), "chat_model_not_found"),
        (ChatScript(status="400 Bad Request"), "chat_request_refused"),
        (ChatScript(status="429 Too Many Requests"), "chat_server_busy"),
        (ChatScript(["<html>" + KEY], status="500 Internal Server Error"), "chat_server_failed"),
        (ChatScript(["<html>" + KEY], status="302 Found"), "chat_server_failed"),
        (ChatScript([f'data: {{"error": {{"message": "{KEY}"}}}}\n\n']), "chat_server_failed"),
        (ChatScript(["data: {not json\n\n"]), "chat_server_failed"),
        (ChatScript(["data: [1]\n\n"]), "chat_server_failed"),
        (ChatScript(["data: [DONE]\n\n"]), "chat_answer_empty"),
        (ChatScript(streamed("Good ")[:2], breaks_off=True), "chat_server_failed"),
    ],
)
async def test_what_goes_wrong_is_told_by_a_code_and_without_the_servers_words(
    script: ChatScript, code: str
) -> None:
    async with client(script) as chat:
        with pytest.raises(AnswerFailed) as failure:
            await words(chat)
    assert failure.value.code == code
    assert KEY not in failure.value.detail
    assert failure.value.detail.endswith(".")
    assert failure.value.__cause__ is None
    assert failure.value.__suppress_context__ or failure.value.__context__ is None


async def test_a_silent_server_is_not_waited_for_for_ever() -> None:
    async with client(ChatScript(hangs=True), read=0.1) as chat:
        with pytest.raises(AnswerFailed) as failure:
            await words(chat)
    assert failure.value.code == "chat_server_silent"


async def test_an_unreachable_server_is_told_as_such(free_port: int) -> None:
    chat = ChatServer(EngineConfig(chat_base_url=f"http://127.0.0.1:{free_port}/v1"))
    with pytest.raises(AnswerFailed) as failure:
        await words(chat)
    assert failure.value.code == "chat_server_unreachable"
    await chat.close()


async def test_an_answer_without_end_is_cut() -> None:
    async with client(ChatScript(streamed(*["x" * 9000] * 20))) as chat:
        with pytest.raises(AnswerCutShort):
            await words(chat)


def test_the_key_is_in_no_text_of_it() -> None:
    chat = ChatServer(EngineConfig(chat_base_url="http://127.0.0.1/v1", chat_model="tiny", chat_api_key=KEY))
    assert KEY not in repr(chat) + chat.label
    assert chat.label == "tiny (tools are not used)"
