"""`manage.py serve --prepare`, the whole of it, in a process of its own and a folder that was empty before."""

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from http.cookiejar import CookieJar

import httpx
import pytest

from tests.support.manage_program import free_port, program
from tests.support.running_site import running_site
from tests.support.site_home import SiteHome, site_home
from voiceassist.management.commands.serve import STOPPED_AT_ONCE


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteHome]:
    """A home in which nothing has been gathered yet: the first start is what this is about."""
    with site_home(tmp_path_factory.mktemp("site"), is_empty=True) as own:
        yield own


def test_a_first_start_ends_in_a_site_one_can_sign_in_to(home: SiteHome) -> None:
    with running_site(home) as site, httpx.Client(base_url=site.url, cookies=CookieJar()) as browser:
        assert browser.get("/health").json()["status"] == "healthy"
        browser.get("/login")
        credentials = {"username": site.username, "password": site.password}
        token = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        answer = browser.post("/login", data=credentials | token)
        assert answer.status_code == 302
        assert browser.get("/chat").status_code == 200


def test_a_second_start_takes_less_than_five_seconds(home: SiteHome) -> None:
    with running_site(home):
        pass
    began = time.monotonic()
    with running_site(home) as site:
        took = time.monotonic() - began
        assert site.password == "", "the password is told once only"
    assert took < 5


def test_ctrl_c_ends_it_cleanly(home: SiteHome) -> None:
    with running_site(home) as site:
        assert site.stop(signal.SIGINT) == 0
    assert "Stopped." in site.screen
    assert "Traceback" not in site.screen


def test_sigterm_ends_it_without_a_traceback(home: SiteHome) -> None:
    with running_site(home) as site:
        assert site.stop(signal.SIGTERM) == 0, "supervisors read an orderly end from it"
    assert "Stopped." in site.screen
    assert "Traceback" not in site.screen


def test_what_a_supervisor_gathers_as_json_is_json_from_the_first_line_to_the_last(home: SiteHome) -> None:
    with running_site(home):
        pass
    port = str(free_port())
    own = {"VAR_DIR": str(home.var), "PORT": port, "LOG_FORMAT": "json"} | home.environment
    with program("serve", environment=own) as running:
        running.wait_until(lambda: "Ready at" in running.screen)
        assert running.stop() == 0
    lines = [json.loads(line) for line in running.screen.splitlines()]
    told = [line["message"] for line in lines if line["logger"].endswith(".commands.serve")]
    assert told == [f"Ready at http://127.0.0.1:{port}", "Stopped"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_does_not_wait_for_the_answer_that_somebody_listens_to(
    home: SiteHome, number: signal.Signals
) -> None:
    with (
        running_site(home, {"DRAIN_SECONDS": "60"}) as site,
        socket.create_connection(("127.0.0.1", site.port)) as unfinished,
    ):
        # A request whose body is not all there: the server waits for it when it is told to stop once.
        unfinished.sendall(b"POST /login HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 9\r\n\r\n")
        began = time.monotonic()
        os.kill(site.program.pid, number)
        site.program.wait_until(lambda: not listens(site.port))
        assert site.stop(number) == STOPPED_AT_ONCE
        assert time.monotonic() - began < 15
    assert "Traceback" not in site.screen


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionError:
        return False
    return True


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("PORT", "80000", "PORT is 80000; write a whole number from 1 to 65535."),
        ("REALTIME_PROVIDER", "siri", "REALTIME_PROVIDER is 'siri'; choose one of"),
        ("REALTIME_DIALECT", "alpha", "REALTIME_DIALECT is 'alpha'; choose one of auto, ga, beta."),
        ("REALTIME_PRICES", '[{"audio_in": 32}]', "REALTIME_PRICES cannot be used: entry 1 has no model"),
        ("HOST", "203.0.113.9", "Cannot listen on 203.0.113.9"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told_in_one_sentence(
    home: SiteHome, variable: str, value: str, told: str
) -> None:
    with pytest.raises(AssertionError) as screen, running_site(home, {variable: value}):
        pass
    assert told in str(screen.value)
    assert "Traceback" not in str(screen.value)


def test_it_does_not_start_with_an_address_of_azures_preview_and_spells_out_the_one_to_use(
    home: SiteHome,
) -> None:
    azure = {
        "REALTIME_PROVIDER": "azure",
        "REALTIME_API_KEY": "canary",
        "REALTIME_BASE_URL": "https://mine.openai.azure.com/openai/realtime?api-version=2025-04-01-preview",
        "REALTIME_MODEL": "my-voice",
    }
    with pytest.raises(AssertionError) as screen, running_site(home, azure):
        pass
    told = str(screen.value)
    assert "wss://mine.openai.azure.com/openai/v1/realtime?model=my-voice" in told
    assert "Traceback" not in told
    assert "canary" not in told


def test_a_port_that_is_taken_is_told_in_words_that_help(home: SiteHome) -> None:
    with running_site(home) as site:
        with pytest.raises(AssertionError) as told, running_site(home, {"PORT": str(site.port)}):
            pass
        assert f"Another program listens on 127.0.0.1:{site.port}" in str(told.value)
        assert "PORT=" in str(told.value)
        assert "Traceback" not in str(told.value)
