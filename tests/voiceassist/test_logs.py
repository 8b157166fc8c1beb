"""No secret reaches a log, however the line was written, and a line is one line, whatever stands in it."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from realtime.telemetry import SPEAKING
from voiceassist.logs import (
    FIELDS,
    LONGEST_MESSAGE,
    LONGEST_TRACE,
    REQUEST,
    JsonFormatter,
    PlainFormatter,
    SecretsFilter,
    redact,
)

# Put together here, so that no scanner takes this file for a leak.
CANARIES = {
    "key": "sk" + "-proj-CANARY_abcdef0123456789",
    "short key": "sk" + "-canary",
    "ticket": "ek" + "_CANARYabcdef-0123456789_xyz",
    "bearer": "Bearer " + "CANARY.abc/def+0=",
    "lower bearer": "authorization: bearer " + "CANARY123",
    "subprotocol": "openai-insecure-api-key." + "CANARY-abc",
    "jwt": "eyJ" + "hbGciOiJIUzI1NiJ9.eyJCANARY.c2ln_CANARY",
    "database": "postgresql://voice:CANARY@db/voice",
    "cache": "redis://:CANARY@cache:6379/0",
}


@pytest.fixture
def written() -> Iterator[tuple[logging.Logger, Callable[[], str]]]:
    """A logger behind the filter, and what it has written so far."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(SecretsFilter())
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    log = logging.Logger("canaries")
    log.addHandler(handler)
    yield log, stream.getvalue
    handler.close()


Written = tuple[logging.Logger, Callable[[], str]]


@pytest.mark.parametrize("secret", CANARIES.values(), ids=CANARIES.keys())
class TestASecret:
    def test_in_the_message_is_hidden(self, written: Written, secret: str) -> None:
        log, text = written
        log.info(f"opened with {secret} by alice")
        assert "canary" not in text().lower()
        assert "[hidden]" in text()

    def test_in_an_argument_is_hidden(self, written: Written, secret: str) -> None:
        log, text = written
        log.info("opened with %s by %s", secret, "alice")
        log.info("headers %r", [("authorization", secret)])
        log.info("%(who)s opened with %(what)s", {"who": "alice", "what": secret})
        assert "canary" not in text().lower()
        assert text().count("alice") == 2

    def test_in_a_traceback_is_hidden(self, written: Written, secret: str) -> None:
        log, text = written
        try:
            raise ValueError(f"could not use {secret}")
        except ValueError:
            log.exception("failed")
        assert "ValueError: could not use" in text()
        assert "canary" not in text().lower()

    def test_in_an_exception_given_as_argument_is_hidden(self, written: Written, secret: str) -> None:
        log, text = written
        log.warning("refused: %s", ValueError(secret))
        assert "canary" not in text().lower()


def test_a_secret_that_message_and_argument_make_together_is_hidden(written: Written) -> None:
    log, text = written
    log.info("Authorization: Bearer %s", "CANARY-of-some-length")
    log.info("key sk-%s, 100%%", "canary-of-some-length")
    assert "canary" not in text().lower()
    assert "100%" in text()


@pytest.mark.parametrize(
    "line",
    [
        "GET /api/conversations/ 200",
        "risk-free desk-lamp task-list-item",
        "opened session rtc_1_abc, 12 frames, 3.5 ms, 100%",
        "https://voice.example/chat?x=1",
        "the bearer of news",
    ],
)
def test_ordinary_words_stay(line: str) -> None:
    assert redact(line) == line


def test_numbers_and_objects_in_arguments_keep_their_formats(written: Written) -> None:
    log, text = written
    log.info("%d frames in %.1f ms for %s, %r", 12, 3.456, "alice", None)
    log.info('%s - "%s %s HTTP/%s" %d', "192.0.2.1", "GET", "/", "1.1", 200)
    assert text() == 'INFO 12 frames in 3.5 ms for alice, None\nINFO 192.0.2.1 - "GET / HTTP/1.1" 200\n'


def test_a_record_whose_arguments_do_not_fit_is_left_for_logging_to_report() -> None:
    record = logging.LogRecord("x", logging.INFO, "x", 1, "%d %d", ("sk" + "-canary-canary",), None)
    assert SecretsFilter().filter(record)
    assert "canary" not in str(record.args)


@pytest.mark.parametrize(
    "told",
    [
        'null value in column "text"\nDETAIL:  Failing row contains (7, my knee CANARY,\nand more CANARY).',
        "duplicate key\nDETAIL:  Key (username)=(CANARY) already exists.",
        "invalid input\nCONTEXT:  unnamed portal parameter $3 = 'CANARY'",
    ],
)
def test_the_row_that_postgresql_refuses_is_hidden(written: Written, told: str) -> None:
    log, text = written
    log.error("not stored: %s", told)
    try:
        raise ValueError(told)
    except ValueError:
        log.exception("not stored")
    assert "CANARY" not in text()
    assert text().count("[hidden]") == 2


@pytest.mark.parametrize(
    ("route", "shown"), [("chat/<uuid:pk>", "chat/<uuid:pk>"), (None, "an unknown address")]
)
def test_a_line_of_djangos_about_a_request_shows_the_route_and_not_the_path(
    written: Written, route: str | None, shown: str
) -> None:
    log, text = written
    request = SimpleNamespace(path="/chat/CANARY\r\n", resolver_match=route and SimpleNamespace(route=route))
    for told in (request.path, "/chat/CANARY\\r\\n"):  # Django writes it with escapes
        log.warning("Not Found: %s", told, extra={"request": request, "status_code": 404})
    assert text() == f"WARNING Not Found: {shown}\n" * 2


# --- what a line looks like -------------------------------------------------------------------------------------

FORGED = "2026-01-01 00:00:00,000 CRITICAL django: all is lost"
BREAKS = ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"]


def _record(
    message: str, *args: object, error: Exception | None = None, **extra: object
) -> logging.LogRecord:
    what = (type(error), error, error.__traceback__) if error else None
    return logging.Logger("site").makeRecord(
        "site.door", logging.INFO, "x", 1, message, args, what, extra=extra or None
    )


def _plain(record: logging.LogRecord) -> str:
    return PlainFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s").format(record)


def _json(record: logging.LogRecord) -> dict[str, Any]:
    line = JsonFormatter().format(record)
    assert "\n" not in line and "\r" not in line
    told: dict[str, Any] = json.loads(line)
    return told


def _raised(message: str) -> Exception:
    try:
        raise ValueError(message)
    except ValueError as error:
        return error


@pytest.mark.parametrize(
    "line_break", BREAKS, ids=[each.encode("unicode_escape").decode() for each in BREAKS]
)
class TestABreak:
    def test_forges_no_plain_line(self, line_break: str) -> None:
        record = _record("for %s", f"alice{line_break}{FORGED}", error=_raised(f"no{line_break}{FORGED}"))
        first, *below = _plain(record).splitlines()
        assert FORGED in first
        assert below
        assert all(line.startswith("  | ") for line in below)

    def test_forges_no_plain_field(self, line_break: str) -> None:
        assert len(_plain(_record("for", address=f"192.0.2.1{line_break}{FORGED}")).splitlines()) == 1

    def test_forges_no_json_line(self, line_break: str) -> None:
        told = _json(
            _record(
                "for %s",
                f"alice{line_break}{FORGED}",
                error=_raised(f"no{line_break}{FORGED}"),
                code=line_break,
            )
        )
        assert len(told["message"].splitlines()) == 1
        assert all(len(line.splitlines()) == 1 for line in told["trace"] if line)


def test_what_moves_a_cursor_or_turns_the_reading_is_written_as_an_escape() -> None:
    assert _plain(_record("\x1b[2J\u202eabc\ud800\x00")).endswith("\\x1b[2J\\u202eabc\\ud800\\x00")
    assert _json(_record("\x1b[2J\ud800"))["message"] == "\\x1b[2J\\ud800"


def test_words_of_other_languages_stay_as_they_are() -> None:
    assert _json(_record("Grüße, 你好, שלום"))["message"] == "Grüße, 你好, שלום"


def test_a_json_line_has_time_level_name_and_what_is_known() -> None:
    record = _record(
        "ended", session_id="rtc_1_a", user_id=7, seconds=1.5, status=200, code="", words="CANARY"
    )
    told = _json(record)
    assert told.pop("time") == datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    assert told == {
        "level": "INFO",
        "logger": "site.door",
        "message": "ended",
        "session_id": "rtc_1_a",
        "user_id": 7,
        "seconds": 1.5,
        "status": 200,
    }
    assert set(told) - {"level", "logger", "message"} <= set(FIELDS)


def test_a_line_knows_the_request_and_the_session_it_is_written_in() -> None:
    request, speaking = REQUEST.set("9f86d081"), SPEAKING.set(("rtc_1_a", "c0ffee"))
    try:
        told = _json(_record("saved"))
        line = _plain(_record("session %s saved", "rtc_1_a"))
    finally:
        REQUEST.reset(request)
        SPEAKING.reset(speaking)
    assert (told["request_id"], told["session_id"], told["conversation_id"]) == (
        "9f86d081",
        "rtc_1_a",
        "c0ffee",
    )
    assert line.endswith("session rtc_1_a saved [request_id=9f86d081 conversation_id=c0ffee]")
    assert _plain(_record("later")).endswith("site.door: later")


def test_secrets_in_fields_are_hidden() -> None:
    for secret in CANARIES.values():
        assert "canary" not in json.dumps(_json(_record("x", address=secret))).lower()
        assert "canary" not in _plain(_record("x", address=secret)).lower()


def test_a_traceback_that_met_no_filter_is_hidden_all_the_same() -> None:
    told = _json(_record("failed", error=_raised(CANARIES["database"])))
    assert "canary" not in json.dumps(told).lower()
    assert told["trace"][0].startswith("Traceback")


def test_nobody_fills_the_disk_with_one_line() -> None:
    told = _json(_record("x" * 10**6, address="y" * 10**6, error=_raised("z" * 10**6)))
    assert len(told["message"]) == LONGEST_MESSAGE
    assert len(told["address"]) < 1000
    assert len("".join(told["trace"])) <= LONGEST_TRACE
    assert len(_plain(_record("x" * 10**6))) < LONGEST_MESSAGE + 200


def test_a_stack_is_shown() -> None:
    record = _record("where")
    record.stack_info = "Stack (most recent call last):\n  File one"
    assert _json(record)["trace"] == ["Stack (most recent call last):", "  File one"]
    assert _plain(record).splitlines()[1:] == ["  | Stack (most recent call last):", "  |   File one"]


def test_both_are_what_the_settings_name(settings: Any) -> None:
    line = settings.LOGGING["formatters"]["line"]["()"]
    assert line in ("voiceassist.logs.PlainFormatter", "voiceassist.logs.JsonFormatter")
    assert settings.LOGGING["handlers"]["console"]["filters"] == ["secrets"]
