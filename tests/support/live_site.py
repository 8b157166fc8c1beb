"""A running site as programs meet it: tokens, sessions, messages, and the stock SDK pointed at it."""

import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
from openai import AsyncOpenAI

from tests.support.running_site import RunningSite

SAVING_SECONDS = 5.0
"""Within this time the last words of a talk are saved."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LiveSite:
    """The address of a site and an account on it."""

    url: str
    username: str
    password: str = field(repr=False)

    def access_token(self) -> str:
        """A fresh token, as a program signs in."""
        credentials = {"username": self.username, "password": self.password}
        return str(self._post("/api/token/", credentials, "")["access"])

    def new_conversation(self, token: str) -> str:
        return str(self._post("/api/conversations/", {}, token)["id"])

    def session(self, token: str, **wanted: Any) -> Json:
        """The answer of the session API."""
        return self._post("/api/voice/realtime-session", wanted, token)

    def client_secret(self, token: str, *, conversation_id: str, **wanted: Any) -> Json:
        """The answer of the session API in OpenAI's own shape."""
        query = urlencode({"conversation_id": conversation_id})
        return self._post(f"/v1/realtime/client_secrets?{query}", wanted, token)

    def socket(self, **query: str) -> str:
        """The address of the socket, as programs give it to an SDK."""
        asked = urlencode({"model": "gpt-realtime"} | query)
        return f"{self.url.replace('http', 'ws', 1)}/v1/realtime?{asked}"

    def messages(self, conversation_id: str, token: str, *, count: int) -> list[Json]:
        """What is kept of a conversation, in spoken order, once it is `count` messages.

        Words are saved beside the talk, and after its last frame; a client that hangs up is not kept waiting for that.
        """
        deadline = time.monotonic() + SAVING_SECONDS
        while len(kept := self._messages(conversation_id, token)) < count:
            assert time.monotonic() < deadline, kept
            time.sleep(0.02)
        return kept

    def _messages(self, conversation_id: str, token: str) -> list[Json]:
        path = f"/api/conversations/{conversation_id}/messages/"
        answer = httpx.get(self.url + path, headers=_bearer(token)).raise_for_status().json()
        kept: list[Json] = answer["results"]
        return kept

    def sdk(self, key: str) -> AsyncOpenAI:
        """The stock SDK, unmodified, pointed at this site."""
        return sdk(f"{self.url}/v1", key)

    def _post(self, path: str, body: Json, token: str) -> Json:
        answer = httpx.post(self.url + path, json=body, headers=_bearer(token)).raise_for_status()
        told: Json = answer.json()
        return told


def sdk(base_url: str, key: str) -> AsyncOpenAI:
    """The stock SDK for a Realtime server at `base_url` (http)."""
    return AsyncOpenAI(api_key=key, base_url=base_url, websocket_base_url=base_url.replace("http", "ws", 1))


def entrance_to(site: RunningSite) -> LiveSite:
    """A site of `manage.py serve`, for programs."""
    return LiveSite(site.url, site.username, site.password)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
