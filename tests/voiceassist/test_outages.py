"""A part of the house that is away: every door says so in a sentence, with a time to come back and no traceback."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, ProgrammingError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from psycopg_pool import PoolTimeout
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import TimeoutError as RedisSilent
from rest_framework_simplejwt.tokens import AccessToken

from realtime.telemetry import THIS_PROCESS, Event
from tests.support.sessions import CONFIG
from voiceassist.outages import CACHE, DATABASE, outage_of

AWAY = OperationalError("connection to server at 127.0.0.1 failed: Connection refused")
PAGES = ["/chat", "/settings", "/login", "/admin/", "/admin/login/"]
DOORS = ["/api/voice/realtime-session", "/api/token", "/v1/realtime/client_secrets"]


@pytest.fixture
def browser(alice: User) -> Client:
    """Alice's, signed in before the database went away."""
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    return client


@pytest.fixture
def take_away(db: None) -> Iterator[Callable[[Exception], None]]:
    """Make every use of the database fail in this way, until the test is over and its rows are taken back."""
    with pytest.MonkeyPatch.context() as patch:

        def take(error: Exception) -> None:
            def fail(*_: Any) -> None:
                raise error

            patch.setattr(BaseDatabaseWrapper, "ensure_connection", fail)
            patch.setattr(BaseDatabaseWrapper, "_cursor", fail)

        yield take


@pytest.fixture(autouse=True)
def _configured(settings: Any) -> None:
    settings.REALTIME = CONFIG


@pytest.fixture
def no_traceback(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.INFO):
        yield
    told = caplog.get_records("call")
    assert not [record for record in told if record.exc_info or record.levelno > logging.WARNING]
    assert any("is away" in record.getMessage() for record in told)


@pytest.mark.parametrize("path", [page for page in PAGES if "login" not in page])
@pytest.mark.usefixtures("no_traceback")
def test_a_page_says_it_in_a_sentence(
    browser: Client, take_away: Callable[[Exception], None], path: str
) -> None:
    before = THIS_PROCESS.counted(Event.DATABASE_AWAY)
    take_away(AWAY)
    answer = browser.get(path)
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert answer["Content-Type"].startswith("text/html")
    page = answer.content.decode()
    assert "Try again in a moment." in page
    assert "Traceback" not in page
    assert "127.0.0.1" not in page, "what went wrong is for the log"
    assert "Content-Security-Policy" in answer
    assert THIS_PROCESS.counted(Event.DATABASE_AWAY) > before


@pytest.mark.usefixtures("no_traceback")
def test_whoever_signs_in_is_told_so_too(browser: Client, take_away: Callable[[Exception], None]) -> None:
    take_away(AWAY)
    answer = browser.post("/login", {"username": "alice", "password": "wonderland-teapot"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")


@pytest.mark.parametrize(
    "error",
    [AWAY, InterfaceError("connection already closed"), OperationalError("database is locked")],
    ids=["refused", "closed", "locked"],
)
@pytest.mark.parametrize("path", DOORS)
@pytest.mark.usefixtures("no_traceback")
def test_a_program_gets_a_code_and_a_time(
    alice: User, take_away: Callable[[Exception], None], path: str, error: Exception
) -> None:
    bearer = str(AccessToken.for_user(alice))
    take_away(error)
    program = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {bearer}"})
    body = {"username": "alice", "password": "wonderland-teapot"} if "token" in path else {}
    answer = program.post(path, body, content_type="application/json")
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert answer.json()["code"] == "database_unavailable"
    assert set(answer.json()) == {"code", "detail"}


@pytest.mark.parametrize("path", ["/api/nothing", "/nothing"])
def test_what_needs_no_database_is_answered_as_ever(
    take_away: Callable[[Exception], None], path: str
) -> None:
    take_away(AWAY)
    assert Client(raise_request_exception=False).get(path).status_code == 404


def test_a_statement_that_does_not_fit_the_tables_is_a_fault_of_ours(
    alice: User, take_away: Callable[[Exception], None], caplog: pytest.LogCaptureFixture
) -> None:
    bearer = str(AccessToken.for_user(alice))
    take_away(OperationalError("no such table: auth_user"))
    program = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {bearer}"})
    answer = program.post("/api/voice/realtime-session", {}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (500, "session_creation_failed")
    assert any(record.exc_info for record in caplog.records)


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (AWAY, DATABASE),
        (InterfaceError("closed"), DATABASE),
        (RedisGone("refused"), CACHE),
        (RedisSilent("Timeout reading from socket"), CACHE),
        (ProgrammingError("syntax error"), None),
        (OperationalError("no such column: x"), None),
        (ValueError("ours"), None),
        (None, None),
    ],
)
def test_what_is_an_outage(error: Exception | None, outage: Any) -> None:
    assert outage_of(error) is outage


def test_a_pool_that_has_no_connection_to_give_is_a_database_that_is_away() -> None:
    """Django translates the driver's errors by their class: the pool's has to be one of those."""
    assert issubclass(PoolTimeout, psycopg.OperationalError)
