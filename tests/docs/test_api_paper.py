"""docs/api.md, which people write programs by: its examples run, and its table of errors is that of the code."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TypeVar

import pytest
from django.conf import settings
from rest_framework.exceptions import APIException

from conversations.errors import ConversationError
from realtime import errors
from tests.support.paper_examples import MARK, complaint_about_program, examples_in
from tests.support.project_files import ROOT, python_modules
from tests.support.running_site import RunningSite
from voiceassist import api_errors, outages

Error = TypeVar("Error", bound=Exception)

PAPER = (ROOT / "docs/api.md").read_text(encoding="utf-8")
AT_THE_SOCKET_ALONE = (
    errors.InternalFault,
    errors.EngineBusy,
    errors.SpeechUnavailable,
    errors.TicketRefused,
    errors.NotSignedIn,
    errors.OriginRefused,
    errors.UnsupportedQuery,
    errors.ConversationGone,
    errors.SignedOut,
    errors.AccountDisabled,
    errors.UpstreamError,
)
NAMED_BY_US = {
    "csrf_failed": 403,
    "token_not_valid": 401,
    "no_active_account": 401,
    "internal": 500,
    outages.CACHE.code: 503,
    "server_busy": 503,
    # The one upstream error that is also told to whoever asks for a session.
    errors.ProviderUnavailable.code: 503,
}
"""Codes that stand for no class of the framework's, or for one whose kind is told at the socket."""


@pytest.fixture(scope="module")
def curl() -> Path:
    """The program that the examples call; `make test` installs it and names it in CURL."""
    found = os.environ.get("CURL") or shutil.which("curl")
    if found is None:
        pytest.fail("There is no curl here. `make test` installs it; or name yours: CURL=/path/to/curl")
    return Path(found)


@pytest.fixture(scope="module")
def alice(site: RunningSite) -> None:
    """The account that signs in in the examples, made beside the running site as the paper says."""
    making = next(examples_in(PAPER, "sh")).source
    assert "createsuperuser" in making
    subprocess.run(  # noqa: S603 - it is what the paper tells people to run
        ["/bin/sh", "-euc", making.replace(".venv/bin/python", shlex.quote(sys.executable))],
        cwd=ROOT,
        env=os.environ | {"VAR_DIR": str(site.home.var)} | site.home.environment,
        check=True,
        timeout=60,
    )


@pytest.fixture(scope="module")
def python_complaint(site: RunningSite, alice: None) -> str:
    """What is wrong with the examples in Python, run from top to bottom as one program."""
    examples = examples_in(at_home(PAPER, site), "python")
    return complaint_about_program(
        [sys.executable, "-"], examples, f"print({MARK!r}, end='', flush=True)", folder=site.home.var
    )


@pytest.mark.slow
def test_the_python_examples_print_what_the_paper_shows(python_complaint: str) -> None:
    assert python_complaint == ""


@pytest.mark.slow
def test_the_curl_examples_print_what_the_paper_shows(
    site: RunningSite, curl: Path, python_complaint: str
) -> None:
    """Run after those in Python: the conversation that they read is the one held there."""
    _made_already, *examples = examples_in(at_home(PAPER, site), "sh")
    complaint = complaint_about_program(
        ["sh", "-eu"], examples, f"printf '{MARK}'", folder=site.home.var, programs=[curl]
    )
    assert complaint == ""


def at_home(paper: str, site: RunningSite) -> str:
    """The paper as somebody copies from it whose site is this one."""
    return paper.replace("http://127.0.0.1:8000", site.url)


def test_the_table_of_errors_is_that_of_the_code() -> None:
    import_module(settings.ROOT_URLCONF)  # and with it every door that has an error of its own
    rows = re.findall(r"^\| `([a-z_]+)` \| (\d{3}) \|", PAPER, re.M)
    assert len(rows) == len(set(rows))
    assert {(code, int(status)) for code, status in rows} == set(errors_over_http())


def errors_over_http() -> Iterator[tuple[str, int]]:
    """Every code that an answer may have, and its status."""
    yield from NAMED_BY_US.items()
    yield from ((each.code, each.status) for each in kinds_of(ConversationError))
    for each in kinds_of(errors.RealtimeError):
        if not issubclass(each, AT_THE_SOCKET_ALONE):
            yield each.code, each.status
    for refusal in kinds_of(APIException):
        is_ours = refusal.__module__.partition(".")[0] in ("conversations", "realtime", "voiceassist")
        if is_ours or refusal.default_code in {*api_errors._SENTENCES, "throttled"}:
            yield refusal.default_code, refusal.status_code
    for module in python_modules():
        for code in re.findall(r'failure_code = "([a-z_]+)"', module.read_text(encoding="utf-8")):
            yield code, 500


def kinds_of(error: type[Error]) -> Iterator[type[Error]]:
    for each in error.__subclasses__():
        yield each
        yield from kinds_of(each)
