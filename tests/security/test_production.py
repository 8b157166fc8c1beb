"""A server as the papers set it up, behind TLS: cookies, addresses, redirects, headers and lines in its log."""

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.faults.rig.processes import Home, Worker, home, worker
from tests.support.manage_program import free_port
from tests.support.project_files import ROOT
from tests.support.strange_visitor import Browser

SITE = "https://voice.example.org"
BEHIND_TLS = {"Host": "voice.example.org", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with home(tmp_path_factory.mktemp("production"), with_pages=True) as own:
        yield own


@pytest.fixture(scope="module")
def site(prepared: Home) -> Iterator[Worker]:
    with worker(prepared, PUBLIC_URL=SITE, TRUSTED_PROXIES="127.0.0.1") as running:
        yield running


@pytest.fixture
def proxy(site: Worker) -> Iterator[httpx.Client]:
    """The proxy in front, which is believed."""
    with httpx.Client(base_url=site.url, headers=BEHIND_TLS, trust_env=False, timeout=30) as client:
        yield client


def _signed_in(proxy: httpx.Client, site: Worker) -> list[str]:
    """Sign in as a page does; every cookie that was set on the way, as it was set."""
    page = proxy.get("/login")
    set_before = page.headers.get_list("set-cookie")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token
    person = site.home.people[0]
    form = {"username": person.username, "password": person.password, "csrfmiddlewaretoken": token[1]}
    # httpx keeps no Secure cookie of a connection without TLS, as which this looks from here.
    answer = proxy.post(
        "/login", data=form, headers={"Referer": f"{SITE}/login", "Cookie": _sent(set_before)}
    )
    assert answer.status_code == 302, answer.text[:300]
    return set_before + answer.headers.get_list("set-cookie")


def _sent(set_cookies: list[str]) -> str:
    return "; ".join(cookie.split(";")[0] for cookie in set_cookies)


def test_cookies_belong_to_this_host_alone_and_travel_encrypted(proxy: httpx.Client, site: Worker) -> None:
    cookies = _signed_in(proxy, site)
    assert {cookie.split("=")[0] for cookie in cookies} == {"__Host-csrftoken", "__Host-sessionid"}
    for cookie in cookies:
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"secure", "path=/", "samesite=lax"} <= attributes, cookie
        assert not any(attribute.startswith("domain") for attribute in attributes), cookie
        assert ("httponly" in attributes) is cookie.startswith("__Host-sessionid"), cookie


def test_everything_is_told_to_be_encrypted(proxy: httpx.Client, site: Worker) -> None:
    for path in ("/login", "/nothing", "/api/conversations/", "/health", _static_file(site)):
        header = proxy.get(path).headers["Strict-Transport-Security"]
        assert int(re.findall(r"max-age=(\d+)", header)[0]) >= 31_536_000, path
        assert "includeSubDomains" in header
    assert "wss://voice.example.org" in proxy.get("/login").headers["Content-Security-Policy"]
    plain = proxy.get("/login", headers={"X-Forwarded-Proto": "http"})
    assert (plain.status_code, plain.headers["Location"]) == (301, f"{SITE}/login")


def test_files_say_what_they_are_and_drawings_run_nothing(proxy: httpx.Client, site: Worker) -> None:
    for suffix in (".js", ".css", ".svg"):
        answer = proxy.get(_static_file(site, suffix))
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        if suffix == ".svg":
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def _static_file(site: Worker, suffix: str = ".css") -> str:
    static = site.home.var / "static"
    found = next(static.rglob(f"*{suffix}"))
    return f"/static/{found.relative_to(static).as_posix()}"


def test_the_socket_of_an_encrypted_page_is_encrypted(proxy: httpx.Client, site: Worker) -> None:
    person = site.home.people[1]
    tokens = proxy.post("/api/token/", json={"username": person.username, "password": person.password}).json()
    bearer = {"Authorization": f"Bearer {tokens['access']}"}
    issued = proxy.post("/api/voice/realtime-session", json={}, headers=bearer).json()
    assert issued["url"] == "wss://voice.example.org/v1/realtime"
    assert "?" not in issued["url"], "nothing secret is in an address"


def test_no_line_of_the_log_can_be_forged(proxy: httpx.Client, site: Worker) -> None:
    """Whatever strangers write, each line of the log is one of ours."""
    forged = "2026-11-21 09:30:00,000 ERROR root: forged"
    lines = "%0d%0a" + forged.replace(" ", "%20")
    proxy.get(f"/nothing{lines}")
    proxy.get(f"/api/voice/sessions/x{lines}/")
    proxy.get("/login", headers={"User-Agent": f"a\t{forged}", "X-Request-ID": f"b {forged}"})
    proxy.get("/login", headers={"Host": f"evil.example:{forged}"})
    proxy.post("/api/token/", json={"username": f"x\r\n{forged}", "password": f"\n{forged}"})
    proxy.post("/login", data={"username": f"x\n{forged}", "password": "y"})
    shown = site.screen
    assert [line for line in shown.splitlines() if line.startswith("2026-11-21 09:30:00")] == []


def test_who_is_not_the_proxy_cannot_pretend_to_be_somewhere_else(prepared: Home) -> None:
    with worker(prepared, PUBLIC_URL="http://127.0.0.1:8000") as unproxied, Browser(unproxied.url) as browser:
        for number in range(10):
            browser.http.post(
                "/api/token/",
                json={"username": "nobody", "password": "x"},
                headers={"X-Forwarded-For": f"192.0.2.{number}", "Forwarded": f"for=192.0.2.{number}"},
            )
        answer = browser.http.post("/api/token/", json={"username": "nobody", "password": "x"})
        assert answer.status_code == 429


# --- before it starts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("has_more", [False, True], ids=["one machine", "PostgreSQL and Redis"])
def test_the_deployment_check_has_nothing_to_say(prepared: Home, has_more: bool) -> None:
    nobody = free_port()  # to look at settings is to connect to nothing
    more = {
        "DATABASE_URL": f"postgresql://voice:secret@127.0.0.1:{nobody}/voice",
        "REDIS_URL": f"redis://127.0.0.1:{nobody}/0",
    }
    told = _told(prepared, more if has_more else {})
    assert told.returncode == 0, told.stdout + told.stderr
    assert "no issues" in told.stdout


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"PUBLIC_URL": "http://voice.example.org"}, "voiceassist.W102"),
        ({"TRUSTED_PROXIES": ""}, "voiceassist.W103"),
        ({"TRUSTED_PROXIES": "*"}, "voiceassist.W104"),
        ({"METRICS_TOKEN": "short"}, "voiceassist.W105"),
        ({"SECRET_KEY": "short"}, "security.W009"),
        ({"DEBUG": "true"}, "security.W018"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_fit_for_strangers_fails_it(prepared: Home, changes: dict[str, str], told: str) -> None:
    found = _told(prepared, changes)
    assert found.returncode == 1
    assert told in found.stderr


def _told(prepared: Home, changes: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    production: dict[str, Any] = {
        "PATH": "/usr/bin:/bin",
        "VAR_DIR": str(prepared.var),
        "PUBLIC_URL": SITE,
        "TRUSTED_PROXIES": "127.0.0.1",
        "SECRET_KEY": "not-so-secret-" * 5 + "0123456789",
    }
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=production | changes,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
