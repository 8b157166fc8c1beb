"""Values from the environment, or from files that it names; what cannot be used is told with the variable's name."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from voiceassist import env


def test_a_value_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("from the file\n", encoding="utf-8")
    monkeypatch.setenv("DATABASE_URL", "from the environment")
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "secret"))
    assert env.text("DATABASE_URL") == "from the file"


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "nothing"))
    with pytest.raises(ImproperlyConfigured, match=r"DATABASE_URL_FILE names .*nothing"):
        env.text("DATABASE_URL")


def test_a_value_is_made_into_what_it_stands_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.parsed("PORT", int, "7") == 7
    monkeypatch.setenv("PORT", "8")
    assert env.parsed("PORT", int, "7") == 8


def test_what_it_cannot_stand_for_is_told_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eight")
    with pytest.raises(ImproperlyConfigured, match=r"PORT cannot be used: .*eight"):
        env.parsed("PORT", int, "7")
