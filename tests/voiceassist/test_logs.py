"""No secret reaches a log, however the line was written."""

import io
import logging
from collections.abc import Callable, Iterator

import pytest

from voiceassist.logs import SecretsFilter, redact

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
