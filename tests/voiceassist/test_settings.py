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
