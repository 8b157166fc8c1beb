"""The whole way from our socket to servers that are not OpenAI, each played by a recording of the real service.

What goes up is what that server takes, what comes down is GA, and what was said is kept.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.contrib.auth.models import User

from conversations.models import Message
from realtime.config import EngineConfig
from realtime.engine.server import Engine
from realtime.engine.serving import serving
from realtime.executors import in_database
from realtime.models import VoiceSession
from realtime.providers.registry import provider_for
from tests.support.dialect_frames import complaint
from tests.support.engine_speech import ScriptedSpeech
from tests.support.ga_events import ga_event
from tests.support.recorded_upstream import recorded
from tests.support.scripted_session import Json
from tests.support.scripted_steps import AnswerHandshake, Close, Emit, Expect, Handshake, Link, Step
from tests.support.scripted_upstream import ScriptedUpstream
from tests.support.sessions import CONFIG, issue
from tests.support.socket_stage import GA, Socket, key

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "canary" * 4 + "-WXYZ"


@dataclass(frozen=True, slots=True)
class Server:
    """A server as operators are told to set it up (docs/providers.md), on this machine."""

    provider: str
    path: str
    speaks: str
    """The dialect its frames are held against."""
    model: str
    settings: dict[str, Any]

    def config(self, port: int) -> Any:
        address = f"ws://127.0.0.1:{port}{self.path}"
        return replace(
            CONFIG,
            provider=self.provider,
            base_url=address,
            model=self.model,
            identifier_salt="salt",
            **({"api_key": SECRET} | self.settings),
        )


AZURE = Server("azure", "", "ga", "my-voice", {"transcription_model": "my-ears"})
LOCAL = Server("compatible", "", "ga", "my-pipeline", {"api_key": ""})
VOICE_LIVE = Server(
    "compatible",
    "/voice-live/realtime?api-version=2025-10-01",
    "voice-live",
    "gpt-realtime",
    {"api_key_header": "api-key"},
)
XAI = Server("compatible", "/v1/realtime", "xai", "grok-voice-latest", {})
SPEACHES = Server("compatible", "/v1/realtime", "beta", "llama", {"dialect": "beta"})
GATEWAY = Server("openai", "/v1", "ga", "gpt-realtime-2.1", {})


class Talk:
    """A client of ours, in plain GA, that leads to a server."""

    def __init__(self, server: Server, upstream: ScriptedUpstream, socket: Socket) -> None:
        self.server, self.upstream, self.socket = server, upstream, socket

    async def says(self) -> None:
        self.socket.say("input_audio_buffer.append", audio="AAAA" * 1600)
        await self._is_answered()

    async def types(self, text: str) -> None:
        self.socket.types(text, "item_mine")
        self.socket.say("response.create")
        await self._is_answered()

    async def ends(self) -> list[tuple[str, str]]:
        """Leave in peace: the messages that were kept. Every frame, either way, was one that its reader takes."""
        await self.socket.leave()
        for frame in self.upstream.frames:
            assert complaint(json.dumps(frame), self.server.speaks) == ""
        for event in self.socket.heard:
            assert isinstance(event, dict)
            ga_event(json.dumps(event))
        assert self.upstream.problems == []
        return await in_database(kept)()

    async def _is_answered(self) -> None:
        await self.socket.until(lambda: self.socket.events("response.done") or self.socket.closed)
        assert self.socket.closed is None, self.socket.heard


async def connected(settings: Any, user: User, server: Server, upstream: ScriptedUpstream) -> Talk:
    settings.REALTIME = server.config(upstream.port)
    issued = await in_database(issue)(user, settings.REALTIME)
    socket = Socket(GA, key(issued.ticket.secret), provider_for=provider_for)
    return Talk(server, upstream, await socket.open())


async def begun(settings: Any, user: User, server: Server, upstream: ScriptedUpstream) -> Talk:
    talk = await connected(settings, user, server, upstream)
    await talk.socket.ready()
    return talk


def kept() -> list[tuple[str, str]]:
    """Who said what. Nobody waits here until a recorded answer would be played: its rest counts as unheard."""
    turns = Message.objects.order_by("position").values_list("role", "text", "unheard_text")
    return [(role, " ".join(part.strip() for part in (heard, rest) if part)) for role, heard, rest in turns]


def credentials(handshake: Handshake) -> dict[str, str]:
    """What of a handshake says who we are, and what we ask for beyond the address."""
    names = ("Authorization", "api-key", "OpenAI-Beta", "OpenAI-Safety-Identifier")
    return {name: handshake.headers[name] for name in names if name in handshake.headers}


GREETING = ("user", "Hello, my name is Marcelo.")


@pytest.mark.parametrize(
    ("server", "recording", "said"),
    [
        pytest.param(
            AZURE,
            "azure-spoken-turn",
            [
                GREETING,
                ("assistant", "Hi Marcelo, it's great to meet you! What can I help you with today?"),
            ],
            id="azure",
        ),
        pytest.param(
            LOCAL,
            "openai-spoken-turn",
            [GREETING, ("assistant", "Hello, Marcelo! Great to meet you. How can I help you today?")],
            id="compatible-ga",
        ),
        pytest.param(
            VOICE_LIVE,
            "voice-live-beta-spoken-turn",
            [
                ("user", "Cześć, nazywam się Marcelo."),
                ("assistant", "Hi Marcelo, nice to meet you! How can I help you today?"),
            ],
            id="compatible-beta",
        ),
        pytest.param(
            XAI,
            "xai-spoken-turn",
            [GREETING, ("assistant", "Hello Marcelo! Nice to meet you. How can I help you today?")],
            id="xai",
        ),
    ],
)
async def test_a_spoken_turn(
    settings: Any, alice: User, server: Server, recording: str, said: list[tuple[str, str]]
) -> None:
    async with ScriptedUpstream(*recorded(recording), strict=False) as upstream:
        talk = await begun(settings, alice, server, upstream)
        await talk.says()
        assert await talk.ends() == said


@pytest.mark.parametrize(
    ("server", "recording", "asked", "answer"),
    [
        pytest.param(
            AZURE, "openai-typed-turn-spoken-answer", "Say a short greeting.", "Hi there!", id="azure"
        ),
        pytest.param(
            LOCAL, "openai-typed-turn-spoken-answer", "Say a short greeting.", "Hi there!", id="compatible-ga"
        ),
        pytest.param(
            GATEWAY, "openai-typed-turn-spoken-answer", "Say a short greeting.", "Hi there!", id="gateway"
        ),
        pytest.param(
            VOICE_LIVE,
            "voice-live-beta-text-only",
            "Say a short greeting.",
            "Hello there!",
            id="compatible-beta",
        ),
        pytest.param(
            XAI,
            "xai-resumed-after-drop",
            "Remember exactly: the code word is cobalt. Briefly acknowledge it.",
            "Got it—code word is cobalt.",
            id="xai",
        ),
    ],
)
async def test_a_typed_turn(
    settings: Any, alice: User, server: Server, recording: str, asked: str, answer: str
) -> None:
    script = [step for step in recorded(recording)[0] if not isinstance(step, Close)]
    async with ScriptedUpstream(script, strict=False) as upstream:
        talk = await begun(settings, alice, server, upstream)
        await talk.types(asked)
        assert await talk.ends() == [("user", asked), ("assistant", answer)]


@pytest.mark.parametrize(
    ("server", "path", "shown"),
    [
        pytest.param(AZURE, "/openai/v1/realtime", {"api-key": SECRET}, id="azure"),
        pytest.param(LOCAL, "/v1/realtime", {}, id="compatible-ga"),
        pytest.param(VOICE_LIVE, "/voice-live/realtime", {"api-key": SECRET}, id="compatible-beta"),
        pytest.param(XAI, "/v1/realtime", {"Authorization": f"Bearer {SECRET}"}, id="xai"),
        pytest.param(
            SPEACHES,
            "/v1/realtime",
            {"Authorization": f"Bearer {SECRET}", "OpenAI-Beta": "realtime=v1"},
            id="asked-for-beta",
        ),
    ],
)
async def test_each_server_is_met_as_it_wants_to_be(
    settings: Any, alice: User, server: Server, path: str, shown: dict[str, str]
) -> None:
    recording = (
        "voice-live-beta-text-only" if server.speaks in {"beta", "voice-live"} else "azure-spoken-turn"
    )
    if server is XAI:
        recording = "xai-spoken-turn"
    async with ScriptedUpstream(*recorded(recording), strict=False) as upstream:
        talk = await begun(settings, alice, server, upstream)
        await talk.socket.leave()
    [met] = upstream.handshakes
    assert (met.path, met.query["model"], credentials(met)) == (path, server.model, shown)


async def test_a_server_that_nobody_described_is_asked_for_no_voice_and_no_transcriber_by_name(
    settings: Any, alice: User
) -> None:
    async with ScriptedUpstream(*recorded("openai-spoken-turn"), strict=False) as upstream:
        await (await begun(settings, alice, LOCAL, upstream)).socket.leave()
        [update] = upstream.received("session.update")
    assert "voice" not in update["session"]["audio"]["output"]
    assert update["session"]["audio"]["input"]["transcription"].get("model") != ""


async def test_at_azure_the_transcribers_deployment_is_asked_for(settings: Any, alice: User) -> None:
    async with ScriptedUpstream(*recorded("azure-spoken-turn"), strict=False) as upstream:
        await (await begun(settings, alice, AZURE, upstream)).socket.leave()
        [update] = upstream.received("session.update")
    assert update["session"]["audio"]["input"]["transcription"] == {"model": "my-ears"}


@pytest.mark.parametrize(
    ("server", "step"),
    [
        pytest.param(AZURE, AnswerHandshake(401, body=b'{"error":{"code":"401"}}'), id="azure"),
        pytest.param(LOCAL, AnswerHandshake(403), id="compatible-ga"),
        pytest.param(VOICE_LIVE, AnswerHandshake(401), id="compatible-beta"),
        pytest.param(
            XAI,
            AnswerHandshake(400, body=b'{"code":"x","error":"Incorrect API key provided: WXYZ"}'),
            id="xai",
        ),
        pytest.param(SPEACHES, Close(1008, "Unauthorized WXYZ"), id="speaches"),
    ],
)
async def test_a_wrong_key_ends_the_session_and_says_so(
    settings: Any, alice: User, server: Server, step: Step
) -> None:
    async with ScriptedUpstream([step], strict=False) as upstream:
        socket = (await connected(settings, alice, server, upstream)).socket
        await socket.until(lambda: socket.closed)
    assert socket.closed is not None
    await socket.leave(socket.closed[0])
    row = await in_database(VoiceSession.objects.get)()
    assert (socket.closed[0], row.end_reason) == (4502, "provider_auth")
    assert "WXYZ" not in json.dumps(socket.heard)
    assert len(upstream.handshakes) == 1, "a wrong key was tried again"


# --- servers with habits, as their published sources have them -------------------------------------------------------

SPEACHES_SESSION = {
    "id": "sess_1",
    "object": "realtime.session",
    "model": "llama",
    "modalities": ["audio", "text"],
    "instructions": "Theirs.",
    "speech_model": "speaches-ai/Kokoro-82M-v1.0-ONNX",
    "voice": "af_heart",
    "input_audio_format": "pcm16",
    "output_audio_format": "pcm16",
    "input_audio_transcription": {"model": "Systran/faster-distil-whisper-small.en", "language": None},
    "turn_detection": {"type": "server_vad", "threshold": 0.6, "create_response": True},
    "temperature": 0.8,
    "tools": [],
    "tool_choice": "auto",
    "max_response_output_tokens": "inf",
}


def complaints(link: Link) -> Iterator[Json]:
    """speaches takes an update although it complains of fields in it, and says so before it says what it took."""
    update = link.last["session"]
    refused = [name for name in ("input_audio_format", "output_audio_format") if name in update]
    if "prefix_padding_ms" in (update.get("turn_detection") or {}):
        refused.append("turn_detection.prefix_padding_ms")
    for name in refused:
        message = (
            f"Specifying `session.{name}` is not supported. The server either does not support this field."
        )
        yield {"type": "error", "error": {"type": "invalid_request_error", "message": message}}
    yield {"type": "session.updated", "session": SPEACHES_SESSION | {"instructions": update["instructions"]}}


async def test_speaches_is_not_given_up_over_fields_that_it_does_not_take(settings: Any, alice: User) -> None:
    script: list[Step] = [
        Emit({"type": "session.created", "session": SPEACHES_SESSION}),
        Expect("session.update"),
        Emit(complaints),
    ]
    async with ScriptedUpstream(script, strict=False) as upstream:
        talk = await begun(settings, alice, replace(SPEACHES, settings={}), upstream)
        await talk.socket.leave()
        [update] = upstream.received("session.update")
    assert update["session"]["instructions"] == CONFIG.instructions
    model = (update["session"].get("input_audio_transcription") or {}).get("model")
    assert model in {None, "Systran/faster-distil-whisper-small.en"}, (
        "another transcriber than it has was asked for"
    )
    assert talk.socket.events("error") == []


async def test_localai_keeps_the_transcriber_of_its_pipeline(settings: Any, alice: User) -> None:
    hearing = {"turn_detection": {"type": "server_vad"}, "transcription": {"model": "whisper-large-turbo"}}
    session = {
        "type": "realtime",
        "object": "realtime.session",
        "id": "sess_1",
        "model": "my-pipeline",
        "audio": {"input": hearing, "output": {"voice": ""}},
    }
    script: list[Step] = [
        Emit({"type": "session.created", "event_id": "event_TODO", "session": session}),
        Expect("session.update"),
        Emit({"type": "session.updated", "event_id": "event_TODO", "session": session}),
    ]
    async with ScriptedUpstream(script, strict=False) as upstream:
        await (await begun(settings, alice, LOCAL, upstream)).socket.leave()
        [update] = upstream.received("session.update")
    asked = update["session"]["audio"]["input"].get("transcription") or {}
    assert asked.get("model") in {None, "whisper-large-turbo"}


async def test_a_server_that_never_says_it_took_the_settings_is_spoken_to_all_the_same(
    settings: Any, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.providers.translated.PATIENCE", 0.1)
    silent = recorded("openai-typed-turn-spoken-answer", without="session.updated")[0]
    async with ScriptedUpstream(silent, strict=False) as upstream:
        talk = await begun(settings, alice, LOCAL, upstream)
        await talk.types("Say a short greeting.")
        assert await talk.ends() == [("user", "Say a short greeting."), ("assistant", "Hi there!")]


async def test_the_engine_of_another_voiceassist_is_a_server_like_others(settings: Any, alice: User) -> None:
    engine = Engine(EngineConfig(), speech=ScriptedSpeech())
    async with serving(engine, host="127.0.0.1", port=0, api_key=SECRET) as address:
        settings.REALTIME = replace(
            CONFIG,
            provider="compatible",
            base_url=address.removesuffix("/v1/realtime"),
            model="theirs",
            api_key=SECRET,
        )
        issued = await in_database(issue)(alice, settings.REALTIME, output="text")
        socket = await Socket(GA, key(issued.ticket.secret), provider_for=provider_for).ready()
        socket.types("What is 6 times 7?", "item_mine")
        socket.say("response.create")
        await socket.until(lambda: socket.events("response.done") or socket.closed)
        await socket.leave()
    (_, asked), (speaker, answer) = await in_database(kept)()
    assert (asked, speaker) == ("What is 6 times 7?", "assistant")
    assert "42" in answer
