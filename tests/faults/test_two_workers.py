"""Two workers behind nginx, as docs/deployment has them: one site, whichever of the two answers, goes or is killed."""

import asyncio
import json
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.conftest import IS_LONG
from tests.faults.rig.caller import Caller
from tests.faults.rig.checker import stored, violations
from tests.faults.rig.history import History
from tests.faults.rig.processes import Home, Worker, home, worker
from tests.faults.rig.services import Postgres, Redis
from tests.faults.rig.speech import speech
from tests.faults.rig.upstream import TalkingUpstream
from tests.support.manage_program import free_port
from tests.support.nginx_front import HERE, Front, nginx, nginx_front
from tests.support.project_files import ROOT

DRAIN_SECONDS = 6
PATIENCE = 30.0


@dataclass(slots=True)
class Site:
    """nginx and what is behind it."""

    front: Front
    home: Home
    workers: list[Worker]
    environment: dict[str, str]

    def caller(self, person: int, **how: Any) -> Caller:
        """Somebody who comes through nginx."""
        return Caller(self.home.people[person], self.front.url, tls=self.front.tls, **how)

    def holder_of(self, caller: Caller) -> Worker:
        """The worker that holds a caller's session, by its row."""
        row = stored(self.home.database).sessions[str(caller.session_id)]
        pid = int(str(row["holder"]).split("-")[-2])
        return next(each for each in self.workers if each.pid == pid)

    def messages_of(self, caller: Caller) -> list[tuple[str, str]]:
        """What is stored of a conversation: who said what, in order."""
        rows = stored(self.home.database).messages_of(caller.conversation_id)
        return [(row["role"], row["text"]) for row in rows]


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Front, list[int]]]:
    """nginx, and the ports of the workers it looks for."""
    nginx()
    ports = [free_port(), free_port()]
    with nginx_front(tmp_path_factory.mktemp("nginx"), ports) as running:
        yield running, ports


@pytest.fixture(scope="module")
def site(
    front: tuple[Front, list[int]],
    tmp_path_factory: pytest.TempPathFactory,
    postgres: Postgres,
    redis_server: Redis,
    upstream: TalkingUpstream,
) -> Iterator[Site]:
    running, ports = front
    folder = tmp_path_factory.mktemp("home")
    environment = {
        "PUBLIC_URL": running.url,
        "TRUSTED_PROXIES": HERE,
        "DRAIN_SECONDS": str(DRAIN_SECONDS),
    }
    with ExitStack() as stack:
        pages = {"with_pages": True, "has_browser": IS_LONG}
        own = stack.enter_context(
            home(folder, database=postgres, redis=redis_server, upstream_url=upstream.url, **pages)
        )
        workers = [stack.enter_context(worker(own, port=port, **environment)) for port in ports]
        yield Site(running, own, workers, environment)


@pytest.fixture
def page(site: Site) -> Iterator[httpx.Client]:
    """A browser without scripts."""
    with httpx.Client(base_url=site.front.url, verify=site.front.tls, trust_env=False) as client:
        yield client


def sign_in(site: Site, page: httpx.Client, person: int) -> None:
    account = site.home.people[person]
    page.get("/login").raise_for_status()
    given = {
        "username": account.username,
        "password": account.password,
        "csrfmiddlewaretoken": page.cookies["__Host-csrftoken"],
    }
    answer = page.post("/login", data=given, headers={"Referer": f"{site.front.url}/login"})
    assert (answer.status_code, answer.headers["location"]) == (302, "/chat")


@pytest.mark.thorough
def test_somebody_signs_in_and_sees_the_page_whichever_worker_answers(site: Site, page: httpx.Client) -> None:
    sign_in(site, page, 0)
    assert "__Host-sessionid" in page.cookies
    for _ in range(4):
        chat = page.get("/chat")
        assert chat.status_code == 200
        assert "max-age" in chat.headers["Strict-Transport-Security"]
    for path in sorted(set(re.findall(r'(?:href|src)="(/static/[^"]+)"', chat.text))):
        answer = page.get(path)
        assert (answer.status_code, answer.headers["X-Content-Type-Options"]) == (200, "nosniff"), path
    ports = {line.split()[-2].rpartition(":")[2] for line in site.front.access_log if "GET /chat" in line}
    assert ports == {str(each.port) for each in site.workers}


@pytest.mark.thorough
def test_a_session_is_issued_with_the_address_that_people_type(site: Site, page: httpx.Client) -> None:
    sign_in(site, page, 1)
    asked = page.post(
        "/api/voice/realtime-session",
        json={"conversation_id": None},
        headers={"X-CSRFToken": page.cookies["__Host-csrftoken"], "Referer": f"{site.front.url}/chat"},
    )
    assert asked.status_code == 200, asked.text
    url = httpx.URL(asked.json()["url"])
    assert (url.scheme, url.host, url.port, url.path) == ("wss", HERE, site.front.port, "/v1/realtime")


@pytest.mark.thorough
def test_without_tls_one_is_sent_to_where_there_is(site: Site) -> None:
    answer = httpx.get(f"http://{HERE}:{site.front.plain_port}/chat", trust_env=False)
    assert (answer.status_code, answer.headers["location"]) == (301, f"https://{HERE}/chat")


@pytest.mark.thorough
def test_the_image_asks_a_worker_whether_it_lives_by_its_bare_address(site: Site) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (command,) = re.findall(r"^HEALTHCHECK .*\\\n\s+CMD (\[.*\])$", dockerfile, re.M)
    program, *arguments = json.loads(command)
    assert program == "python"

    def asked(port: int) -> int:
        environment = {"PORT": str(port), "PATH": "/usr/bin:/bin"}
        return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True).returncode

    assert asked(site.workers[0].port) == 0
    assert asked(free_port()) != 0


async def test_people_talk_through_nginx_and_are_spread_over_the_workers(site: Site) -> None:
    async with site.caller(2) as one, site.caller(3) as other:
        for caller in (one, other):
            await caller.sign_in()
            await caller.call()
        await one.until_saved(await one.type("Good morning."))
        await one.until_answered()
        await other.speak(speech("seven eight"))
        await other.until_answered()
        assert {site.holder_of(one).port, site.holder_of(other).port} == {each.port for each in site.workers}
        assert sum(map(len, other.sound.values())) > 0
    assert site.messages_of(one)[0] == ("user", "Good morning.")
    assert site.messages_of(other)[0] == ("user", "seven eight")


@pytest.mark.thorough
@pytest.mark.fault(21)
async def test_a_worker_that_is_renewed_loses_nobody_and_nothing(
    site: Site, upstream: TalkingUpstream
) -> None:
    history = History()
    async with site.caller(4, history=history) as caller, site.caller(5, history=history) as newcomer:
        await caller.sign_in()
        await newcomer.sign_in()
        await caller.call(output="text")
        first = await caller.type("Before the change.")
        await caller.until_saved(first)
        await caller.until_answered()
        leaving = site.holder_of(caller)
        leaving.terminate()
        await caller.until(lambda: caller.events("voiceassist.draining") or caller.closed is not None)
        assert caller.events("voiceassist.draining"), "told before it happens"
        # Meanwhile nobody who comes anew notices anything.
        await newcomer.call(output="text")
        await caller.until(lambda: caller.closed is not None, patience=PATIENCE)
        assert caller.closed is not None and caller.closed[0] == 1001
        assert not await caller.resume(), "at another worker it begins afresh"
        assert site.holder_of(caller) is not leaving
        assert "Before the change." in upstream.talks[-1].instructions
        await caller.until_saved(await caller.type("After the change."))
        await caller.until_answered(answers=2)
        assert await asyncio.to_thread(leaving.wait, PATIENCE) == 0
        assert site.holder_of(newcomer) is site.holder_of(caller)
    said_by_the_user = [text for role, text in site.messages_of(caller) if role == "user"]
    assert said_by_the_user == ["Before the change.", "After the change."]
    assert await _broken_promises(site, history) == []


@pytest.mark.fault(20)
async def test_a_worker_that_is_killed_takes_no_word_with_it(site: Site, upstream: TalkingUpstream) -> None:
    with ExitStack() as stack:
        _bring_back_what_is_gone(site, stack)
        history = History()
        async with site.caller(6, history=history) as caller:
            await caller.sign_in()
            await caller.call(output="text")
            await caller.until_saved(await caller.type("Before the blow."))
            await caller.until_answered()
            killed = site.holder_of(caller)
            killed.kill9()
            await caller.until(lambda: caller.closed is not None)
            assert not await caller.resume()
            assert site.holder_of(caller) is not killed
            assert "Before the blow." in upstream.talks[-1].instructions
            await caller.until_saved(await caller.type("After the blow."))
            await caller.until_answered(answers=2)
        said_by_the_user = [text for role, text in site.messages_of(caller) if role == "user"]
        assert said_by_the_user == ["Before the blow.", "After the blow."]
        assert await _broken_promises(site, history) == []
        async with httpx.AsyncClient(verify=site.front.tls, trust_env=False) as client:
            for _ in range(4):
                assert (await client.get(f"{site.front.url}/login")).status_code == 200


@pytest.mark.thorough
def test_a_limit_counts_the_visitor_and_not_the_proxy(
    tmp_path: Path, site: Site, upstream: TalkingUpstream, redis_server: Redis
) -> None:
    """Three times a person's rate from one address, wherever nginx got the request from and whatever it claims."""
    port = free_port()
    with ExitStack() as stack:
        own = stack.enter_context(home(tmp_path, upstream_url=upstream.url))
        limited = {"REALTIME_SESSION_RATE": "1/day", "REDIS_URL": ""}
        front = stack.enter_context(nginx_front(tmp_path, [port]))
        environment = site.environment | limited | {"PUBLIC_URL": front.url}
        stack.enter_context(worker(own, port=port, **environment))
        ask = _Asker(front.url, front.tls, own)
        assert [ask(person, "127.0.0.2") for person in range(3)] == [200, 200, 200]
        assert ask(3, "127.0.0.2") == 429, "the address has used up its share"
        assert ask(3, "127.0.0.2", claimed="127.0.0.9") == 429, "and cannot be another by saying so"
        assert ask(3, "127.0.0.3") == 200


async def _broken_promises(site: Site, history: History) -> list[str]:
    """What the checker finds, once these callers' sessions had the time to be put down; others were never opened."""
    theirs = {each.details["session"] for each in history.of("asked")}
    deadline = time.monotonic() + PATIENCE
    while True:
        found = await asyncio.to_thread(stored, site.home.database)
        told = (line.split() for line in violations(history, found, site.home.people))
        broken = [" ".join(words) for words in told if words[0] != "session" or words[1] in theirs]
        if not broken or time.monotonic() > deadline:
            return broken
        await asyncio.sleep(0.2)


class _Asker:
    """Asks for a session as a person, from an address of this machine."""

    def __init__(self, url: str, tls: ssl.SSLContext, own: Home) -> None:
        self._url, self._tls, self._home = url, tls, own
        self._tokens: dict[str, str] = {}

    def __call__(self, person: int, address: str, *, claimed: str = "") -> int:
        account = self._home.people[person]
        transport = httpx.HTTPTransport(local_address=address, verify=self._tls)
        headers = {"X-Forwarded-For": claimed} if claimed else {}
        with httpx.Client(base_url=self._url, transport=transport, headers=headers) as client:
            if account.username not in self._tokens:
                given = {"username": account.username, "password": account.password}
                told = client.post("/api/token/", json=given).raise_for_status().json()
                self._tokens[account.username] = told["access"]
            bearer = {"Authorization": f"Bearer {self._tokens[account.username]}"}
            return client.post("/api/voice/realtime-session", json={}, headers=bearer).status_code


def _bring_back_what_is_gone(site: Site, stack: ExitStack) -> None:
    """Start a worker anew on the port of each that an earlier test has ended."""
    for number, each in enumerate(site.workers):
        if not each.is_running:
            site.workers[number] = stack.enter_context(worker(site.home, port=each.port, **site.environment))
