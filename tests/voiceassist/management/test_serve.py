"""`manage.py serve --prepare`, the whole of it, in a process of its own and a folder that was empty before."""

import signal
import time
from http.cookiejar import CookieJar
from pathlib import Path

import httpx
import pytest

from tests.support.running_site import running_site


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("var")


def test_a_first_start_ends_in_a_site_one_can_sign_in_to(var: Path) -> None:
    with running_site(var) as site, httpx.Client(base_url=site.url, cookies=CookieJar()) as browser:
        assert browser.get("/health").json()["status"] == "healthy"
        browser.get("/login")
        credentials = {"username": site.username, "password": site.password}
        token = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        answer = browser.post("/login", data=credentials | token)
        assert answer.status_code == 302
        assert browser.get("/chat").status_code == 200


def test_a_second_start_takes_less_than_five_seconds(var: Path) -> None:
    with running_site(var):
        pass
    began = time.monotonic()
    with running_site(var) as site:
        took = time.monotonic() - began
        assert site.password == "", "the password is told once only"
    assert took < 5


def test_ctrl_c_ends_it_cleanly(var: Path) -> None:
    with running_site(var) as site:
        assert site.stop(signal.SIGINT) == 0
    assert "Stopped." in site.screen
    assert "Traceback" not in site.screen


def test_sigterm_ends_it_without_a_traceback(var: Path) -> None:
    with running_site(var) as site:
        assert site.stop(signal.SIGTERM) == -signal.SIGTERM
    assert "Traceback" not in site.screen


def test_a_port_that_is_taken_is_told_in_words_that_help(var: Path) -> None:
    with running_site(var) as site:
        with pytest.raises(AssertionError) as told, running_site(var, {"PORT": str(site.port)}):
            pass
        assert f"Another program listens on 127.0.0.1:{site.port}" in str(told.value)
        assert "PORT=" in str(told.value)
        assert "Traceback" not in str(told.value)
