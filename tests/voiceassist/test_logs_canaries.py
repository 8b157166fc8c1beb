"""A whole conversation with words put there to be found, and none of them is found in the log, in either format."""

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.support.live_site import LiveSite, entrance_to
from tests.support.running_site import RunningSite, running_site
from tests.support.scripted_steps import Emit, Link
from tests.support.scripted_turns import set_up, spoken_turn, typed_turn, wrong_key
from tests.support.scripted_upstream import ScriptedUpstream
from tests.support.site_home import site_home
from tests.support.socket_stage import key
from voiceassist.logs import FIELDS

BIRD = "quetzal"
"""In everything that somebody says, types, is called or keeps secret: no part of the project has this word."""
FORGED = "CRITICAL django: all is lost"
SAMPLE = b"\x51\x2e\x7a\x13"
SOUND = SAMPLE * 2400
"""200 ms that no other sound begins like."""
KEY = "sk-" + f"proj-{BIRD}0123456789"
TOKEN = f"{BIRD}-scraper-0123456789"
_JSON = {"Content-Type": "application/json"}


def _upstream_complains(link: Link) -> Iterator[dict[str, Any]]:
    error = {
        "type": "server_error",
        "code": f"{BIRD} code",
        "message": f"{BIRD} failed",
        "param": BIRD,
        "event_id": None,
    }
    yield {"type": "error", "error": error}
    yield {"type": f"response.{BIRD}", "words": BIRD}


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    talk = [
        *set_up(),
        *typed_turn(f"A {BIRD} sings."),
        Emit(_upstream_complains),
        *spoken_turn(f"the {BIRD} flew", f"Where did the {BIRD} fly?"),
    ]
    # Clients leave it as they please.
    with ScriptedUpstream(talk, wrong_key(), strict=False) as running:
        yield running


@pytest.fixture(params=["plain", "json"])
def site(
    request: pytest.FixtureRequest, tmp_path: Path, upstream: ScriptedUpstream
) -> Iterator[tuple[RunningSite, str]]:
    environment = {
        "OPENAI_API_KEY": KEY,
        "REALTIME_BASE_URL": upstream.url,
        "REALTIME_INSTRUCTIONS": f"You are a {BIRD}.",
        "SIGNUP_ENABLED": "true",
        "METRICS_TOKEN": TOKEN,
        "LOG_FORMAT": request.param,
    }
    with site_home(tmp_path) as home, running_site(home, environment) as running:
        yield running, request.param


@pytest.mark.e2e
async def test_a_conversation_leaves_ids_and_codes_in_the_log_and_none_of_its_words(
    site: tuple[RunningSite, str],
) -> None:
    running, form = site
    entrance = entrance_to(running)
    token = entrance.access_token()
    heard = await _talk(entrance, token)
    assert heard.count(BIRD) > 5, "the words were there to be found"
    await _meet_a_wrong_key(entrance, token)
    await _knock_in_vain(entrance)
    _use_the_api(entrance, token)
    _visit(entrance)
    figures = _figures(entrance)
    assert running.stop() == 0

    log = running.screen.partition("Ctrl-C stops it.")[2]
    assert _traces(log + figures) == []
    assert entrance.password not in log
    assert token.split(".")[2] not in log
    for there in ("signed in", "sign-in refused", "provider_auth", "request_id", "rtc_"):
        assert there in log, there
    if form == "json":
        _is_json(log)
    else:
        assert not any(line.startswith(("{", FORGED)) for line in log.splitlines())
    assert f"\n{FORGED}" not in log
    assert _never_counted(figures) == ""


def _traces(text: str) -> list[str]:
    """The lines in which a word or sound of the conversation stands, whole, escaped or in base64."""
    sounds = {base64.b64encode(SOUND[start:])[8:40].decode() for start in range(3)}
    sought = [
        BIRD,
        BIRD.encode().hex(),
        base64.b64encode(BIRD.encode()).decode()[:9],
        repr(SAMPLE)[2:-1],
        *sounds,
    ]
    return [line for line in text.splitlines() if any(each.lower() in line.lower() for each in sought)]


def _is_json(log: str) -> None:
    """Every line is an object with nothing in it but what is written down."""
    lines = [json.loads(line) for line in log.splitlines() if line and line != "Stopped."]
    for line in lines:
        assert set(line) <= {"time", "level", "logger", "message", "trace", *FIELDS}, line
        assert {"time", "level", "logger", "message"} <= set(line)
    of_requests = [line for line in lines if line["logger"] == "voiceassist.requests"]
    assert all(line["request_id"] and line["seconds"] >= 0 for line in of_requests)
    assert {line["status"] for line in of_requests} >= {200, 201, 400, 404}
    assert any(
        line.get("session_id", "").startswith("rtc_") and line.get("conversation_id") for line in lines
    )


# --- what happens -----------------------------------------------------------------------------------------------


async def _talk(entrance: LiveSite, token: str) -> str:
    """A typed and a spoken turn, and everything that a session refuses in between; what was heard of it."""
    heard: list[str] = []
    ticket = entrance.session(token)["api_key"]
    async with _socket(entrance, ticket) as socket:
        await _until(socket, "session.created", heard)
        item = {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": f"Feed the {BIRD}."}],
        }
        for event in (
            {"type": "conversation.item.create", "item": item},
            {"type": "response.create"},
        ):
            await socket.send(json.dumps(event))
        await _until(socket, "response.done", heard)
        for wrong in (
            f"not json, {BIRD}",
            json.dumps({"type": f"{BIRD}\n{FORGED}"}),
            json.dumps({"type": "conversation.item.create", "item": {"type": BIRD, "role": BIRD}}),
            json.dumps({"type": "session.update", "session": {"instructions": BIRD, "voice": BIRD}}),
        ):
            await socket.send(wrong)
        await socket.send(SOUND)
        await _until(socket, "response.done", heard)
        await _until(socket, "voiceassist.message.saved", heard)
    return " ".join(heard)


async def _meet_a_wrong_key(entrance: LiveSite, token: str) -> None:
    async with _socket(entrance, entrance.session(token)["api_key"]) as socket:
        with pytest.raises(ConnectionClosed):
            await _until(socket, "never", [])


async def _knock_in_vain(entrance: LiveSite) -> None:
    """Sockets that nobody may open."""
    for ticket in (f"ek_{BIRD}", f"eyJ{BIRD}.{BIRD}.{BIRD}", BIRD):
        async with _socket(entrance, ticket) as socket:
            with pytest.raises(ConnectionClosed):
                await _until(socket, "never", [])


def _socket(entrance: LiveSite, ticket: str) -> connect:
    protocols = [Subprotocol("voiceassist.v1"), Subprotocol(key(ticket))]
    return connect(entrance.socket(words=BIRD), subprotocols=protocols, proxy=None)


async def _until(socket: ClientConnection, kind: str, heard: list[str]) -> None:
    async with asyncio.timeout(20):
        async for frame in socket:
            heard.append(frame if isinstance(frame, str) else "")
            if isinstance(frame, str) and json.loads(frame)["type"] == kind:
                return
    await socket.recv()  # the connection is closed: say how


def _use_the_api(entrance: LiveSite, token: str) -> None:
    with httpx.Client(base_url=entrance.url, headers={"Authorization": f"Bearer {token}"}) as program:
        made = program.post("/api/conversations/", json={"title": f"The {BIRD}"})
        assert made.status_code == 201
        address = f"/api/conversations/{made.json()['id']}/"
        for answer, status in (
            (program.patch(address, json={"title": f"My {BIRD}"}), 200),
            (program.get("/api/conversations/", params={"q": BIRD}), 200),
            (program.get(f"/api/conversations/{BIRD}/"), 404),
            (program.get(f"/{BIRD}\r\n{FORGED}".replace("\r\n", "%0D%0A").replace(" ", "%20")), 404),
            (program.post("/api/voice/realtime-session", content=f"{{{BIRD}", headers=_JSON), 400),
            (program.post("/api/voice/realtime-session", json={"voice": BIRD, "conversation_id": BIRD}), 400),
            (
                program.get("/api/conversations/", headers={"Authorization": f"Bearer {BIRD}.{BIRD}.{BIRD}"}),
                401,
            ),
            (program.get("/health", headers={"X-Request-Id": f"{BIRD} {BIRD}", "User-Agent": BIRD}), 200),
            (program.get("/login", headers={"Host": "elsewhere.example"}), 400),
            (program.delete(address), 204),
        ):
            if status != answer.status_code:
                pytest.fail(
                    f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
                )


def _visit(entrance: LiveSite) -> None:
    """Sign up, in, wrongly and for tokens, with names and passwords to be found."""
    with httpx.Client(base_url=entrance.url, follow_redirects=True) as browser:

        def send(page: str, **form: str) -> httpx.Response:
            browser.get(page)
            return browser.post(page, data=form | {"csrfmiddlewaretoken": browser.cookies["csrftoken"]})

        assert send("/login", username=f"{BIRD}\n{FORGED}", password=f"{BIRD} opens").status_code == 200
        assert browser.post("/login", data={"username": BIRD, "password": BIRD}).status_code == 403
        wrong = httpx.post(f"{entrance.url}/api/token/", json={"username": BIRD, "password": BIRD})
        assert wrong.status_code == 401
        both = {"password1": f"{BIRD}-Xy-12345", "password2": f"{BIRD}-Xy-12345"}
        assert send("/signup", username=f"{BIRD}keeper", **both).url.path == "/chat"
        assert browser.get("/admin/", follow_redirects=False).status_code in (302, 403)


def _figures(entrance: LiveSite) -> str:
    """What /metrics says in the end."""
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    return httpx.get(f"{entrance.url}/metrics", headers=bearer).raise_for_status().text


def _never_counted(text: str) -> str:
    """The figures that say that something has not happened which has."""
    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    counted = (
        'voiceassist_tickets_total{outcome="issued"}',
        'voiceassist_tickets_total{outcome="redeemed"}',
        'voiceassist_sockets_refused_total{code="ticket_refused"}',
        'voiceassist_upstream_connections_total{outcome="opened"}',
        'voiceassist_upstream_errors_total{code="provider_auth"}',
        'voiceassist_client_frames_total{direction="up"}',
        'voiceassist_client_frames_total{direction="down"}',
        'voiceassist_client_bytes_total{direction="up"}',
        'voiceassist_client_bytes_total{direction="down"}',
        'voiceassist_turns_total{outcome="saved"}',
        "voiceassist_sessions_started_total",
        'voiceassist_sessions_ended_total{reason="client"}',
        'voiceassist_sessions_ended_total{reason="provider_auth"}',
        "voiceassist_first_audio_seconds_count",
        "voiceassist_turn_saving_seconds_count",
        "voiceassist_relay_seconds_count",
        "voiceassist_event_loop_lag_seconds_count",
        "voiceassist_upstream_opening_seconds_count",
        'voiceassist_http_requests_total{class="2xx"}',
        'voiceassist_sign_ins_total{outcome="ok"}',
        'voiceassist_sign_ins_total{outcome="failed"}',
        "voiceassist_permissions_refused_total",
    )
    return ", ".join(name for name in counted if float(figures[name]) == 0)
