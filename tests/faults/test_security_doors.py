"""Faults 31 to 35: tickets used twice, made up or stolen; other people's ids and pages; sessions without number."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import pytest

from tests.faults.rig.forms import cases
from tests.faults.rig.plain import PLAIN
from tests.faults.rig.processes import Worker, home, worker
from tests.faults.rig.upstream import TalkingUpstream
from tests.support.strange_visitor import Browser, Knock, Reception, read, rewrite

OURS = "http://127.0.0.1:8000"
"""The origin of our own page: every worker of a home takes that for its address."""
_http = httpx.Client(trust_env=False, timeout=30, verify=PLAIN)
"""One for all: to make one takes longer than to ask."""


def ask(server: Worker, person: int, **wanted: Any) -> dict[str, Any]:
    """A session of one of the accounts."""
    answer = request(server, person, "POST", "/api/voice/realtime-session", json=wanted)
    assert answer.status_code == 200, answer.text
    issued: dict[str, Any] = answer.json()
    return issued


def request(server: Worker, person: int, method: str, path: str, **how: Any) -> httpx.Response:
    bearer = {"Authorization": f"Bearer {server.home.people[person].token}"}
    return _http.request(method, server.url + path, headers=bearer, **how)


async def knock(server: Worker, credential: str = "", **how: Any) -> Reception:
    """How a socket is received that is not held."""
    visitor = Knock(server.ws_url, credential, **how)
    received = await visitor.reception()
    await visitor.leave()
    return received


# --- 31 -----------------------------------------------------------------------------------------------------------


@pytest.mark.fault(31)
async def test_of_fifty_who_come_with_one_ticket_one_is_let_in(
    server: Worker, upstream: TalkingUpstream
) -> None:
    before = len(upstream.talks)
    issued = ask(server, 0)
    visitors = [Knock(server.ws_url, issued["api_key"]) for _ in range(50)]
    receptions = await asyncio.gather(*(visitor.reception() for visitor in visitors))
    assert Counter(each.close for each in receptions) == {0: 1, 4401: 49}
    assert len(upstream.talks) == before + 1, "one session is one upstream"
    refused = next(each for each in receptions if not each.is_in)
    assert (refused.error, refused.told) == ("ticket_refused", ("error", "voiceassist.ended"))

    await asyncio.gather(*(visitor.leave() for visitor in visitors))
    later = await knock(server, issued["api_key"])
    assert later == refused
    assert issued["api_key"] not in server.screen


# --- 32 -----------------------------------------------------------------------------------------------------------


@pytest.mark.fault(32)
async def test_tickets_that_are_not_good_all_meet_the_same_answer(
    server: Worker, upstream: TalkingUpstream
) -> None:
    before = len(upstream.talks)
    expired, good = ask(server, 1), ask(server, 1)
    met = rewrite(
        server.home.var,
        "UPDATE realtime_voicesession SET expires_at = '2020-01-01 00:00:00' WHERE id = ?",
        expired["session_id"],
    )
    assert met == 1
    secret = good["api_key"]
    [(digest,)] = read(
        server.home.var,
        "SELECT ticket_digest FROM realtime_voicesession WHERE id = ?",
        good["session_id"],
    )
    bad = {
        "expired": expired["api_key"],
        "tampered": secret[:-1] + ("A" if secret[-1] != "A" else "B"),
        "truncated": secret[:-1],
        "longer": secret + "A",
        "unknown": "ek_" + "A" * 43,
        "empty": "ek_",
        "what the database holds": f"ek_{digest}",
    }
    receptions = {kind: await knock(server, ticket) for kind, ticket in bad.items()}
    assert set(receptions.values()) == {receptions["unknown"]}, receptions
    assert (receptions["unknown"].close, receptions["unknown"].error) == (4401, "ticket_refused")

    foreign = await knock(server, secret, origin="https://elsewhere.example")
    assert (foreign.close, foreign.error) == (4403, "origin_refused")
    nobody = await knock(server)
    assert (nobody.close, nobody.error) == (4401, "not_authenticated")
    assert len(upstream.talks) == before, "nobody is let near the upstream"
    for ticket in (*bad.values(), secret):
        assert len(ticket) < 10 or ticket not in server.screen

    # None of it has spent the good one, and it opens the conversation it was made for, whatever else is asked.
    theirs = ask(server, 2)["conversation_id"]
    visitor = Knock(f"{server.ws_url}&conversation_id={theirs}", secret, origin=OURS)
    assert (await visitor.reception()).is_in
    await visitor.leave()
    [(held,)] = read(
        server.home.var,
        "SELECT conversation_id FROM realtime_voicesession WHERE id = ?",
        good["session_id"],
    )
    assert uuid.UUID(held) == uuid.UUID(good["conversation_id"])


# --- 33 -----------------------------------------------------------------------------------------------------------

_ROUTES: tuple[tuple[str, str, dict[str, str] | None], ...] = (
    ("GET", "/api/conversations/{conversation}/", None),
    ("PATCH", "/api/conversations/{conversation}/", {"title": "mine now"}),
    ("DELETE", "/api/conversations/{conversation}/", None),
    ("GET", "/api/conversations/{conversation}/messages/", None),
    ("GET", "/api/conversations/{conversation}/export?format=json", None),
    ("GET", "/api/review/conversations/{conversation}/messages/", None),
    ("GET", "/api/voice/sessions/{session}/", None),
    ("PATCH", "/api/voice/sessions/{session}/", {"rating": "bad"}),
    ("DELETE", "/api/voice/sessions/{session}/", None),
    ("POST", "/api/voice/realtime-session", {"conversation_id": "{conversation}"}),
    ("POST", "/api/voice/realtime-session", {"resume_session_id": "{session}"}),
    ("POST", "/v1/realtime/client_secrets?conversation_id={conversation}", {}),
)
_STRANGER, _COLLEAGUE = 3, 4
_WHO = {"stranger": [_STRANGER], "colleague": [_COLLEAGUE]}


@pytest.fixture
def colleague(server: Worker) -> None:
    """One of the accounts may enter the admin and do nothing there."""
    person = server.home.people[_COLLEAGUE].user_id
    assert rewrite(server.home.var, "UPDATE auth_user SET is_staff = 1 WHERE id = ?", person) == 1


@pytest.mark.fault(33)
@pytest.mark.usefixtures("colleague")
@pytest.mark.parametrize("who", cases(_WHO, quick=["stranger"]))
async def test_somebody_elses_things_look_like_none(server: Worker, who: int) -> None:
    """A short form over a real socket; tests/api/test_other_peoples_ids.py walks every route there is."""
    held = Knock(server.ws_url, bearer=server.home.people[0].token)
    assert (await held.reception()).is_in
    session, conversation = _latest_of(server, 0)
    theirs = {"conversation": conversation, "session": session}
    none = {"conversation": str(uuid.uuid4()), "session": f"rtc_{who}_" + "0" * 24}

    for method, path, body in _ROUTES:
        answers = [
            _bare(request(server, who, method, path.format(**ids), json=_filled(body, ids)))
            for ids in (theirs, none)
        ]
        assert answers[0] == answers[1], (method, path)
        assert answers[0][0] in (403, 404), (method, path, answers[0])

    bearer = server.home.people[who].token
    receptions = [
        await Knock(f"{server.ws_url}&conversation_id={ids['conversation']}", bearer=bearer).reception()
        for ids in (theirs, none)
    ]
    assert receptions[0] == receptions[1]
    assert (receptions[0].close, receptions[0].error) == (4404, "conversation_not_found")
    assert request(server, 0, "GET", f"/api/conversations/{conversation}/").json()["title"] != "mine now"
    assert request(server, 0, "GET", f"/api/voice/sessions/{session}/").json()["state"] == "live"
    await held.leave()


def _latest_of(server: Worker, person: int) -> tuple[str, str]:
    latest = request(server, person, "GET", "/api/voice/sessions/").json()["results"][0]
    return latest["id"], latest["conversation_id"]


def _filled(body: dict[str, str] | None, ids: dict[str, str]) -> dict[str, str] | None:
    return body and {name: value.format(**ids) for name, value in body.items()}


def _bare(answer: httpx.Response) -> tuple[int, bytes, set[str]]:
    """All that a caller can tell it by."""
    return answer.status_code, answer.content, set(answer.headers)


# --- 34 -----------------------------------------------------------------------------------------------------------


@pytest.mark.fault(34)
async def test_another_sites_page_opens_nothing_with_the_cookie_of_a_browser(
    server: Worker, upstream: TalkingUpstream
) -> None:
    person = server.home.people[5]
    before = len(upstream.handshakes)
    with Browser(server.url) as browser:
        browser.sign_in(person.username, person.password)
        ticket = browser.ask("/api/voice/realtime-session").json()["api_key"]
        cookies = dict(browser.http.cookies)
        # A page elsewhere cannot read an answer of ours, and what it sends lacks the token against forgery.
        forged = browser.http.post(
            "/api/voice/realtime-session", json={}, headers={"Origin": "https://evil.example"}
        )
        assert (forged.status_code, forged.json()["code"]) == (403, "csrf_failed")
        assert "Access-Control-Allow-Origin" not in forged.headers

    for origin in ("https://evil.example", "null", "http://127.0.0.1:8001", "https://127.0.0.1:8000"):
        received = await knock(server, ticket, origin=origin, cookies=cookies)
        assert (received.close, received.error) == (4403, "origin_refused"), origin
    from_our_page = await knock(server, origin=OURS, cookies=cookies)
    assert (from_our_page.close, from_our_page.error) == (4401, "not_authenticated"), (
        "a cookie is no credential"
    )
    assert len(upstream.handshakes) == before


# --- 35 -----------------------------------------------------------------------------------------------------------

_LIMIT = 20


@pytest.fixture
def rationed(tmp_path_factory: pytest.TempPathFactory, upstream: TalkingUpstream) -> Iterator[Worker]:
    """A worker that gives each person twenty sessions. By the day, so that no minute ends in the middle of it."""
    with (
        home(tmp_path_factory.mktemp("rationed"), upstream_url=upstream.url) as own,
        worker(own, REALTIME_SESSION_RATE=f"{_LIMIT}/day") as running,
    ):
        yield running


@pytest.mark.fault(35)
def test_however_many_sessions_are_asked_for_the_limit_holds_exactly(rationed: Worker, is_long: bool) -> None:
    asked = 10_000 if is_long else 50
    _flood(rationed, [0], 40)  # what the first requests load is no growth
    rss = rationed.rss_bytes()
    statuses = _flood(rationed, [0], asked)
    assert statuses == {429: asked}, "twenty of those before were all there are"
    assert _rows(rationed) == _LIMIT

    # One address has three times as much, whoever asks from there.
    statuses = _flood(rationed, [1, 2, 3, 4], asked)
    assert statuses == {200: 2 * _LIMIT, 429: asked - 2 * _LIMIT}
    assert _rows(rationed) == 3 * _LIMIT
    assert rationed.rss_bytes() - rss < 20 * 1024 * 1024


def _flood(server: Worker, people: list[int], times: int) -> Counter[int]:
    """Ask as often as one can, eight at a time."""
    with ThreadPoolExecutor(8) as pool:
        askers = [pool.submit(partial(_ask_again, server, people, range(n, times, 8))) for n in range(8)]
        return sum((asker.result() for asker in askers), Counter[int]())


def _ask_again(server: Worker, people: list[int], turns: range) -> Counter[int]:
    statuses: Counter[int] = Counter()
    with httpx.Client(base_url=server.url, trust_env=False, timeout=30, verify=PLAIN) as client:
        for turn in turns:
            bearer = {"Authorization": f"Bearer {server.home.people[people[turn % len(people)]].token}"}
            answer = client.post("/api/voice/realtime-session", json={}, headers=bearer)
            statuses[answer.status_code] += 1
            if answer.status_code == 429:
                assert answer.json()["code"] == "throttled"
                assert int(answer.headers["Retry-After"]) >= 1
    return statuses


def _rows(server: Worker) -> int:
    [(rows,)] = read(server.home.var, "SELECT count(*) FROM realtime_voicesession")
    return int(rows)
