"""What the first start brings into place, and what a later start leaves alone."""

import stat
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from pytest_django import Settings

from voiceassist.management.preparation import bring_tables_up_to_date, collect_static_files, ensure_account


@pytest.mark.django_db
def test_the_first_account_signs_in_with_the_password_that_is_told(tmp_path: Path) -> None:
    sign_in = ensure_account(tmp_path / "first-account")
    assert sign_in is not None
    assert sign_in.is_new
    assert authenticate(username=sign_in.username, password=sign_in.password) == User.objects.get()


@pytest.mark.django_db
def test_the_first_account_may_enter_the_admin(tmp_path: Path) -> None:
    ensure_account(tmp_path / "first-account")
    account = User.objects.get()
    assert account.is_staff
    assert account.is_superuser


@pytest.mark.django_db
def test_the_password_is_kept_where_only_its_owner_can_read_it(tmp_path: Path) -> None:
    sign_in = ensure_account(tmp_path / "first-account")
    assert sign_in is not None
    assert stat.S_IMODE(sign_in.kept_in.stat().st_mode) == 0o600
    assert sign_in.kept_in.read_text().strip() == sign_in.password


@pytest.mark.django_db
def test_a_second_start_makes_no_second_account_and_still_knows_the_password(tmp_path: Path) -> None:
    first = ensure_account(tmp_path / "first-account")
    second = ensure_account(tmp_path / "first-account")
    assert User.objects.count() == 1
    assert first is not None
    assert second is not None
    assert not second.is_new
    assert second.password == first.password


@pytest.mark.django_db
def test_a_password_that_was_changed_is_not_told_any_more(tmp_path: Path) -> None:
    ensure_account(tmp_path / "first-account")
    account = User.objects.get()
    account.set_password("something-else-entirely")
    account.save()
    again = ensure_account(tmp_path / "first-account")
    assert again is not None
    assert again.password == ""


@pytest.mark.django_db
def test_a_site_with_accounts_of_its_own_gets_none_from_us(alice: User, tmp_path: Path) -> None:
    assert ensure_account(tmp_path / "first-account") is None
    assert list(User.objects.all()) == [alice]
    assert not (tmp_path / "first-account").exists()


@pytest.mark.django_db(transaction=True)
def test_missing_tables_are_brought_up_to_date() -> None:
    call_command("migrate", "conversations", "zero", interactive=False, verbosity=0)
    assert "conversations_message" not in connection.introspection.table_names()
    bring_tables_up_to_date()
    assert "conversations_message" in connection.introspection.table_names()


def test_static_files_are_gathered_once_and_again_when_one_changes(
    tmp_path: Path, settings: Settings
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "page.css").write_text("a{}")
    gathered = tmp_path / "gathered"
    memory = tmp_path / "memory"
    with override_settings(STATICFILES_DIRS=[source], STATIC_ROOT=gathered):
        collect_static_files(gathered, remembered_in=memory)
        witness = gathered / "page.css"
        first = witness.stat().st_mtime_ns, witness.stat().st_ino
        collect_static_files(gathered, remembered_in=memory)
        assert (witness.stat().st_mtime_ns, witness.stat().st_ino) == first
        (source / "page.css").write_text("a{color:red}")
        collect_static_files(gathered, remembered_in=memory)
        assert witness.read_text() == "a{color:red}"
