"""Recordings of real services: which there are, what was said in them, and what of them a client of ours may say."""

import json
from functools import cache
from pathlib import Path
from typing import Any

Event = dict[str, Any]
Said = tuple[str, str, str]
"""Role, status and words of a turn."""

TRACES = Path(__file__).parents[1] / "fixtures" / "traces"
GREETING = ("user", "final", "Hello, my name is Marcelo.")
SAID: dict[str, list[Said]] = {
    "openai-spoken-turn": [
        GREETING,
        ("assistant", "final", "Hello, Marcelo! Great to meet you. How can I help you today?"),
    ],
    "azure-spoken-turn": [
        GREETING,
        ("assistant", "final", "Hi Marcelo, it's great to meet you! What can I help you with today?"),
    ],
    "openai-typed-turn-spoken-answer": [
        ("user", "final", "Say a short greeting."),
        ("assistant", "final", "Hi there!"),
    ],
    # The two items that were seeded before the question are not turns of this session: nobody of ours said them in it.
    "openai-history-seeded": [
        ("user", "final", "What is my name and favorite color?"),
        ("assistant", "final", "Your name is Alice, and your favorite color is teal!"),
    ],
    "openai-tool-call": [
        ("user", "final", "What is the weather in London?"),
        ("assistant", "final", "It is foggy and 12 degrees in London."),
    ],
    "voice-live-beta-spoken-turn": [
        ("user", "final", "Cześć, nazywam się Marcelo."),
        ("assistant", "final", "Hi Marcelo, nice to meet you! How can I help you today?"),
    ],
    "voice-live-beta-text-only": [
        ("user", "final", "Say a short greeting."),
        ("assistant", "final", "Hello there!"),
    ],
    "xai-spoken-turn": [
        GREETING,
        ("assistant", "final", "Hello Marcelo! Nice to meet you. How can I help you today?"),
    ],
    # After the drop the server announces its old answer again, under another id: nobody said it twice.
    "xai-resumed-after-drop": [
        ("user", "final", "Remember exactly: the code word is cobalt. Briefly acknowledge it."),
        ("assistant", "final", "Got it—code word is cobalt."),
        ("user", "final", "What code word did I ask you to remember?"),
        ("assistant", "final", "Cobalt. The code word you asked me to remember is cobalt."),
    ],
}
NOT_OF_THIS_SESSION = {"My name is Alice and my favorite color is teal."}
SERVER = {
    name: "voice-live" if name.startswith("voice-live") else "xai" if name.startswith("xai") else "ga"
    for name in SAID
}
"""The dialect of its server, as `dialect_frames.complaint` names it."""


@cache
def recording(name: str) -> list[Event]:
    """Its entries: `from` and `event`, or `close` where a connection ended."""
    lines = (TRACES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def said_by_server(name: str) -> list[Event]:
    """All events of the server's, on whatever connection."""
    return [entry["event"] for entry in recording(name) if entry["from"] == "server" and "event" in entry]


def setup_for(name: str) -> dict[str, Any]:
    """Servers whose voices and transcription models are their own are not asked for OpenAI's."""
    return {} if SERVER[name] == "ga" else {"voice": "", "transcription_model": ""}


def is_ours(event: Event) -> bool:
    """Whether a client said it in this session, rather than its own relay in setting up."""
    item = event.get("item", {})
    if event["type"] == "session.update" or item.get("role") == "assistant":
        return False
    return not any(part.get("text") in NOT_OF_THIS_SESSION for part in item.get("content", []))
