"""Answers from a chat-completions server: streamed over HTTP, its failures told in words of ours."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import httpx
import orjson

from realtime.config import EngineConfig
from realtime.engine.dialogue.frames import Json
from realtime.engine.dialogue.prompt import AnswerCutShort, AnswerFailed, Prompt, Turn

SILENCE_SECONDS = 60.0
"""How long the server may be silent before a word; long, because a local model may have to be loaded first."""

_TIMEOUT = httpx.Timeout(connect=5.0, read=SILENCE_SECONDS, write=10.0, pool=5.0)
ANSWER_LIMIT = 64_000
"""Characters after which an answer is cut: a model caught in a loop must not speak for hours."""

_REFUSALS = {
    400: ("chat_request_refused", "The chat server did not accept the request. Check ENGINE_CHAT_MODEL."),
    401: ("chat_key_refused", "The chat server refused the key. Check ENGINE_CHAT_API_KEY."),
    403: ("chat_key_refused", "The chat server refused the key. Check ENGINE_CHAT_API_KEY."),
    404: (
        "chat_model_not_found",
        "The chat server does not know the model. Check ENGINE_CHAT_MODEL and ENGINE_CHAT_BASE_URL.",
    ),
    429: ("chat_server_busy", "The chat server has too much to do. Try again in a moment."),
}
_BROKEN = ("chat_server_failed", "The chat server failed while it answered. Try again in a moment.")
_UNREACHABLE = (
    "chat_server_unreachable",
    "The chat server could not be reached. Check that it runs at ENGINE_CHAT_BASE_URL.",
)
_SILENT = ("chat_server_silent", "The chat server took too long to answer. Try again in a moment.")
_EMPTY = ("chat_answer_empty", "The chat server gave an empty answer. Ask again.")


class ChatServer:
    """One configured chat-completions server, such as Ollama, llama.cpp, vLLM or LM Studio."""

    is_language_model = True

    def __init__(self, config: EngineConfig, *, timeout: httpx.Timeout = _TIMEOUT) -> None:
        self._url = f"{config.chat_base_url.rstrip('/')}/chat/completions"
        self._model = config.chat_model
        headers = {"Authorization": f"Bearer {config.chat_api_key}"} if config.chat_api_key else {}
        # No environment proxies: the server is named in full by whoever runs this, and is mostly on this machine.
        self._client = httpx.AsyncClient(headers=headers, timeout=timeout, trust_env=False)

    @property
    def label(self) -> str:
        return f"{self._model or 'Chat server'} (tools are not used)"

    async def answer(self, prompt: Prompt) -> AsyncGenerator[str, None]:
        """The answer as the server streams it. Closing the generator closes the stream.

        Raises AnswerFailed, and AnswerCutShort when the answer reached its permitted length.
        """
        try:
            async with self._client.stream("POST", self._url, json=self._request(prompt)) as response:
                if response.status_code != httpx.codes.OK:
                    raise AnswerFailed(*_REFUSALS.get(response.status_code, _BROKEN))
                async for delta in _words(response):
                    yield delta
        except httpx.TimeoutException:
            raise AnswerFailed(*_SILENT) from None
        except httpx.ConnectError:
            raise AnswerFailed(*_UNREACHABLE) from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise AnswerFailed(*_BROKEN) from None

    async def close(self) -> None:
        await self._client.aclose()

    def _request(self, prompt: Prompt) -> Json:
        system = [{"role": "system", "content": prompt.instructions}]
        request: Json = {
            "model": self._model,
            "stream": True,
            "messages": system + [{"role": turn.role, "content": _content(turn)} for turn in prompt.turns],
        }
        if prompt.max_output_tokens is not None:
            request["max_tokens"] = prompt.max_output_tokens
        return request


def _content(turn: Turn) -> str:
    if turn.role == "user" and not turn.text:
        return "(inaudible)"
    return f"{turn.text} (interrupted here)" if turn.is_interrupted else turn.text


async def _words(response: httpx.Response) -> AsyncIterator[str]:
    """The pieces of text in a stream of server-sent events."""
    length = 0
    async for line in response.aiter_lines():
        if not line.startswith("data:"):
            continue
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            break
        choice = _choice(data)
        delta = (choice.get("delta") or {}).get("content") or ""
        if isinstance(delta, str) and delta:
            length += len(delta)
            yield delta
        if choice.get("finish_reason") == "length" or length > ANSWER_LIMIT:
            raise AnswerCutShort
    if not length:
        raise AnswerFailed(*_EMPTY)


def _choice(data: str) -> Json:
    """The first choice of one event; an event may also have none (usage) or report an error."""
    try:
        event: Any = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise AnswerFailed(*_BROKEN) from None
    if not isinstance(event, dict) or "error" in event:
        raise AnswerFailed(*_BROKEN)
    choices = event.get("choices") or [{}]
    return choices[0] if isinstance(choices, list) and isinstance(choices[0], dict) else {}
