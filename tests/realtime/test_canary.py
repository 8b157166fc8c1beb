"""No key and no ticket is found where it does not belong: in an answer, page, frame, log line, row or file."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection
from psycopg import sql
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from realtime.config import EngineConfig
from realtime.executors import in_database
from realtime.providers.embedded import EmbeddedProvider
from tests.support.engine_chat_server import ChatScript, chat_server
from tests.support.live_site import LiveSite, entrance_to
from tests.support.running_site import RunningSite, running_site
from tests.support.scripted_turns import set_up, spoken_turn, typed_turn, wrong_key
from tests.support.scripted_upstream import ScriptedUpstream
from tests.support.sessions import CONFIG, issue
from tests.support.site_home import SiteHome, site_home
from tests.support.socket_stage import GA, Socket, key

# Put together here, so that nobody's search for leaked keys finds this file.
CANARY = "sk-" + "proj-" + "CanaryInTheCoalMine" * 2
CHAT_CANARY = "sk-" + "chat-" + "AnotherYellowBird" * 2
METRICS_CANARY = "AThirdBirdThatScrapes" * 2
TAIL = 8
"""Characters that upstreams show of a key they refuse; ours are looked for too."""


@dataclass(slots=True)
class Findings:
    """Everything that came out of the site, by where it came out."""

    places: dict[str, str] = field(default_factory=dict)

    def note(self, place: str, text: str) -> None:
        self.places[place] = self.places.get(place, "") + text

    def holding(self, secret: str) -> list[str]:
        """The places that hold a secret."""
        return [place for place, text in self.places.items() if secret in text]


# --- a whole conversation with the provider openai --------------------------------------------------------------------


@pytest.fixture(scope="module")
def upstream() -> Iterator[ScriptedUpstream]:
    conversation = [*set_up(), *typed_turn("Since when?"), *spoken_turn("since tuesday", "Rest it.")]
    with ScriptedUpstream(conversation, wrong_key()) as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, upstream: ScriptedUpstream) -> Iterator[RunningSite]:
    environment = {
        "OPENAI_API_KEY": CANARY,
        "REALTIME_BASE_URL": upstream.url,
        "ENGINE_CHAT_API_KEY": CHAT_CANARY,
        "ENGINE_CHAT_BASE_URL": "http://127.0.0.1:9/v1",
        "ENGINE_CHAT_MODEL": "any",
        "REALTIME_SESSION_RATE": "600/min",
        "METRICS_TOKEN": METRICS_CANARY,
    }
    with site_home(tmp_path_factory.mktemp("canary")) as home, running_site(home, environment) as running:
        yield running


@pytest.mark.e2e
async def test_keys_and_tickets_are_found_nowhere(site: RunningSite, upstream: ScriptedUpstream) -> None:
    found = Findings()
    entrance = entrance_to(site)
    token = entrance.access_token()
    session, refused = entrance.session(token), entrance.session(token)
    found.note("the answers of the session API", json.dumps([session, refused]))
    tickets = [session["api_key"], refused["api_key"]]

    await _talk(site, session["api_key"], found)
    await _meet_a_wrong_key(site, refused["api_key"], found)
    _visit_pages(entrance, token, session["conversation_id"], found)
    found.note("the log", site.screen)
    _open_database(site.home, found)
    _read_files(site.home.var, found)

    assert upstream.handshakes[0].headers["Authorization"] == f"Bearer {CANARY}", "the canary was alive"
    assert "My knee hurts" in found.places["the database"]
    assert "since tuesday" in found.places["the frames"]
    assert 'voiceassist_tickets_total{outcome="redeemed"} 2.0' in found.places["the pages and answers"]
    for bird in (CANARY, CHAT_CANARY, METRICS_CANARY):
        assert found.holding(bird) == []
        assert found.holding(bird[-TAIL:]) == []
    for ticket in tickets:
        assert found.holding(ticket) == ["the answers of the session API"]
    assert found.holding(token) == []


async def _talk(site: RunningSite, ticket: str, found: Findings) -> None:
    """A typed and a spoken turn."""
    async with _socket(site, ticket) as socket:
        await _until(socket, "session.created", found)
        content = [{"type": "input_text", "text": "My knee hurts"}]
        item = {"type": "message", "role": "user", "content": content}
        await socket.send(json.dumps({"type": "conversation.item.create", "item": item}))
        await socket.send(json.dumps({"type": "response.create"}))
        await _until(socket, "response.done", found)
        await socket.send(bytes(9600))
        await _until(socket, "response.done", found)
        await _until(socket, "voiceassist.message.saved", found)
        await socket.send("not json")
        await _until(socket, "error", found)


async def _meet_a_wrong_key(site: RunningSite, ticket: str, found: Findings) -> None:
    async with _socket(site, ticket) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await _until(socket, "never", found)
        found.note("the frames", str(closed.value))
    assert "did not accept this server's key" in found.places["the frames"]


def _socket(site: RunningSite, ticket: str) -> connect:
    protocols = [Subprotocol("voiceassist.v1"), Subprotocol(key(ticket))]
    return connect(f"ws://127.0.0.1:{site.port}/v1/realtime?model=any", subprotocols=protocols, proxy=None)


async def _until(socket: ClientConnection, kind: str, found: Findings) -> None:
    async with asyncio.timeout(10):
        async for frame in socket:
            text = frame if isinstance(frame, str) else frame.hex()
            found.note("the frames", text)
            if isinstance(frame, str) and json.loads(frame)["type"] == kind:
                return
    await socket.recv()  # the connection is closed: say how


def _visit_pages(entrance: LiveSite, token: str, conversation_id: str, found: Findings) -> None:
    with httpx.Client(base_url=entrance.url, follow_redirects=True) as browser:
        page = browser.get("/login")
        form = {
            "username": entrance.username,
            "password": entrance.password,
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        }
        signed_in = browser.post("/login", data=form)
        assert "My knee hurts" in signed_in.text
        answers = [page, signed_in]
        for path in (
            "/chat",
            f"/chat/{conversation_id}",
            "/admin/",
            "/admin/conversations/conversation/",
            f"/admin/conversations/conversation/{conversation_id}/change/",
            "/api/schema/",
            "/api/docs/",
            "/api/conversations/",
            f"/api/conversations/{conversation_id}/messages/",
            "/health",
            "/health/ready",
            "/metrics",
            "/nowhere",
            "/api/nowhere",
        ):
            answers.append(browser.get(path))
            assert answers[-1].status_code in (200, 404), (path, answers[-1].status_code)
    bearer = {"Authorization": f"Bearer {token}"}
    for body in ("{", '{"voice": "nobody"}', '{"conversation_id": "x"}', '{"resume_session_id": "rtc_x"}'):
        headers = bearer | {"Content-Type": "application/json"}
        answers.append(
            httpx.post(f"{entrance.url}/api/voice/realtime-session", content=body, headers=headers)
        )
    for answer in answers:
        found.note("the pages and answers", f"{answer.url} {answer.headers} {answer.text}")


def _open_database(home: SiteHome, found: Findings) -> None:
    """Every row of every table, as text."""
    address = home.environment.get("DATABASE_URL")
    if address is None:
        return  # SQLite is a file, and all files are read
    with psycopg.connect(address) as database:
        names = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (name,) in names:
            rows = database.execute(
                sql.SQL("SELECT row_to_json(t)::text FROM {} t").format(sql.Identifier(name))
            )
            found.note("the database", "\n".join(row for (row,) in rows))


def _read_files(var: Path, found: Findings) -> None:
    """The database's own files and everything else the server keeps: static files, generated secrets."""
    for path in var.rglob("*"):
        if path.is_file():
            place = "the database" if ".sqlite3" in path.name else "the files"
            found.note(place, path.read_bytes().decode("latin-1"))


# --- the key of the chat server behind the embedded engine ------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "500 Internal Server Error"])
async def test_the_chat_servers_key_reaches_the_chat_server_and_nobody_else(
    settings: Any, alice: User, status: str, caplog: pytest.LogCaptureFixture
) -> None:
    rude = f'{{"error": {{"message": "Your key {CHAT_CANARY} is no good here"}}}}'
    caplog.set_level("DEBUG")
    async with chat_server(ChatScript(body=[rude], status=status)) as script:
        engine = EngineConfig(chat_base_url=script.url, chat_model="any", chat_api_key=CHAT_CANARY)
        config = replace(CONFIG, provider="embedded", api_key="", engine=engine)
        settings.REALTIME = config
        provider = EmbeddedProvider(config)
        issued = await in_database(issue)(alice, config, output="text")
        socket = await Socket(GA, key(issued.ticket.secret), provider_for=lambda _: provider).ready()
        socket.types("Hello", "item_mine")
        socket.say("response.create")
        await socket.until(lambda: socket.events("response.done") or socket.closed)
        await socket.leave()
        await provider.close()
    assert script.headers[0]["authorization"] == f"Bearer {CHAT_CANARY}"
    for place in (
        json.dumps(socket.heard),
        str(socket.closed),
        caplog.text,
        repr(config),
        await in_database(_rows)(),
    ):
        assert CHAT_CANARY not in place
        assert CHAT_CANARY[-TAIL:] not in place


def _rows() -> str:
    """Every row of every table, as text."""
    told = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - our own tables
            told.append(str(cursor.fetchall()))
    return "\n".join(told)
