"""The settings as a server starts with them: which provider answers, and with which key."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.project_files import ROOT

_SHOW = """
import json
from dataclasses import asdict
from django.conf import settings
print(json.dumps(asdict(settings.REALTIME)))
"""
_OURS = (
    "OPENAI_API_KEY",
    "REALTIME_API_KEY",
    "REALTIME_API_KEY_HEADER",
    "REALTIME_BASE_URL",
    "REALTIME_DIALECT",
    "REALTIME_PRICES",
    "REALTIME_PROVIDER",
)
"""Set to nothing: a developer's .env has no say here."""


def realtime(var: Path, **environment: str) -> dict[str, Any]:
    """`settings.REALTIME` in a process of its own, whose environment holds nothing else."""
    own = {"DJANGO_SETTINGS_MODULE": "voiceassist.settings", "VAR_DIR": str(var), "PYTHONPATH": str(ROOT)}
    machine = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    told = subprocess.run(
        [sys.executable, "-c", _SHOW],
        cwd=ROOT,
        env=machine | dict.fromkeys(_OURS, "") | own | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    settings: dict[str, Any] = json.loads(told.stdout)
    return settings


def test_nothing_set_is_the_embedded_engine(tmp_path: Path) -> None:
    settings = realtime(tmp_path)
    assert (settings["provider"], settings["dialect"], settings["api_key_header"]) == ("embedded", "auto", "")
    assert settings["base_url"] == "wss://api.openai.com/v1/realtime"


@pytest.mark.parametrize(
    ("environment", "provider", "key", "variable"),
    [
        ({"OPENAI_API_KEY": "o"}, "openai", "o", "OPENAI_API_KEY"),
        ({"OPENAI_API_KEY": "o", "REALTIME_API_KEY": "r"}, "openai", "r", "REALTIME_API_KEY"),
        ({"REALTIME_API_KEY": "r"}, "embedded", "r", "REALTIME_API_KEY"),
        ({"OPENAI_API_KEY": "o", "REALTIME_PROVIDER": "azure"}, "azure", "o", "OPENAI_API_KEY"),
        ({"REALTIME_PROVIDER": "openai"}, "openai", "", "OPENAI_API_KEY"),
        ({"REALTIME_PROVIDER": "compatible"}, "compatible", "", "REALTIME_API_KEY"),
    ],
)
def test_who_answers_and_with_which_key(
    tmp_path: Path, environment: dict[str, str], provider: str, key: str, variable: str
) -> None:
    settings = realtime(tmp_path, **environment)
    assert (settings["provider"], settings["api_key"], settings["api_key_variable"]) == (
        provider,
        key,
        variable,
    )


def test_a_key_and_prices_may_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file\n", encoding="utf-8")
    (tmp_path / "prices.json").write_text('[{"model": "my-voice", "audio_in": 32}]', encoding="utf-8")
    settings = realtime(
        tmp_path,
        REALTIME_API_KEY_FILE=str(tmp_path / "key"),
        REALTIME_PRICES_FILE=str(tmp_path / "prices.json"),
    )
    assert settings["api_key"] == "from a file"
    assert (settings["prices"][0]["model"], settings["prices"][0]["audio_in"]) == ("my-voice", 32)
    assert len(settings["prices"]) == 1, "a server that is not OpenAI's has none of OpenAI's prices"


def test_an_operators_own_prices_come_before_those_of_the_house(tmp_path: Path) -> None:
    own = '[{"model": "gpt-realtime-2.1", "audio_in": 1}]'
    prices = realtime(tmp_path, OPENAI_API_KEY="key", REALTIME_PRICES=own)["prices"]
    assert (prices[0]["model"], prices[0]["audio_in"]) == ("gpt-realtime-2.1", 1)
    assert len(prices) > 1


# --- where state is, and how logs are written ----------------------------------------------------------------------

_SHOW_STATE = """
import json, logging
from django.conf import settings
from django.utils.log import configure_logging
configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
told = {name: settings.DATABASES["default"].get(name) for name in ("ENGINE", "OPTIONS")}
if "pool" in told["OPTIONS"]:
    told["OPTIONS"]["pool"]["connection_class"] = told["OPTIONS"]["pool"]["connection_class"].__module__
told |= {"cache": settings.CACHES["default"], "drain": settings.DRAIN_SECONDS, "sockets": settings.REALTIME_SOCKETS}
print(json.dumps(told))
logging.getLogger("voiceassist").warning("A line.")
"""


def state(var: Path, **environment: str) -> tuple[dict[str, Any], str]:
    """What the settings hold of state, and a line of the log, with nothing else in the environment."""
    own = {"DJANGO_SETTINGS_MODULE": "voiceassist.settings", "VAR_DIR": str(var), "PYTHONPATH": str(ROOT)}
    given = own | dict.fromkeys(("DATABASE_URL", "REDIS_URL", "LOG_FORMAT"), "") | environment
    told = subprocess.run(
        [sys.executable, "-c", _SHOW_STATE], cwd=ROOT, env=given, capture_output=True, text=True, timeout=60
    )
    assert told.returncode == 0, told.stderr
    found: dict[str, Any] = json.loads(told.stdout)
    return found, told.stderr


def test_what_an_address_says_of_the_connection_reaches_the_driver(tmp_path: Path) -> None:
    address = "postgresql://voice:secret@db.inside:5432/voiceassist?sslmode=verify-full&connect_timeout=9"
    options = state(tmp_path, DATABASE_URL=address, DATABASE_POOL_SIZE="4")[0]["OPTIONS"]
    assert options["sslmode"] == "verify-full"
    assert int(options["connect_timeout"]) == 9
    assert options["pool"]["max_size"] == 4
    assert options["pool"]["connection_class"] == "voiceassist.postgres"


def test_a_database_on_this_machine_is_reached_by_its_socket(tmp_path: Path) -> None:
    address = "postgresql://voiceassist@/voiceassist?host=/run/postgresql"
    assert state(tmp_path, DATABASE_URL=address)[0]["OPTIONS"]["host"] == "/run/postgresql"


def test_a_redis_that_hangs_is_given_up_after_a_second(tmp_path: Path) -> None:
    cache = state(tmp_path, REDIS_URL="redis://127.0.0.1:6379/9")[0]["cache"]
    assert cache["OPTIONS"] == {"socket_timeout": 1, "socket_connect_timeout": 1}


def test_a_line_of_the_log_is_for_people_or_for_programs(tmp_path: Path) -> None:
    assert "WARNING voiceassist: A line." in state(tmp_path)[1]
    line = json.loads(state(tmp_path, LOG_FORMAT="json")[1].splitlines()[-1])
    assert (line["level"], line["logger"], line["message"]) == ("WARNING", "voiceassist", "A line.")
