"""The forms of accounts: what they ask for is what is checked, and the cursor waits where something is wrong."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from voiceassist.forms import ERRORS_ID, SignUpForm

pytestmark = pytest.mark.django_db
GOOD = "a-long-walk-to-somewhere"


def sign_up(username: str = "caroline", password: str = GOOD, again: str | None = None) -> SignUpForm:
    return SignUpForm(
        {"username": username, "password1": password, "password2": password if again is None else again}
    )


@pytest.fixture
def answer(client: Client, settings: Any) -> Callable[..., str]:
    """What the page shows after a form was sent to it."""
    settings.SIGNUP_ENABLED = True

    def send(path: str, **fields: str) -> str:
        return client.post(path, fields).content.decode()

    return send


def field_of(page: str, name: str) -> str:
    found = re.search(rf'<input [^>]*name="{name}"[^>]*>', page)
    assert found
    return found[0]


def focused(page: str) -> list[str]:
    """The names of the fields that ask for the cursor."""
    return re.findall(r'<input [^>]*name="(\w+)"[^>]*\bautofocus', page)


@pytest.mark.parametrize("weak", ["short-7", "48151623427", "password123", "caroline1"])
def test_each_rule_that_is_told_is_checked(weak: str) -> None:
    assert set(sign_up(password=weak).errors) == {"password1"}


def test_a_password_that_keeps_to_the_rules_is_taken_at_its_shortest() -> None:
    rules = str(SignUpForm().fields["password1"].help_text)
    found = re.search(r"At least (\d+) characters", rules)
    assert found
    assert rules.count("<li>") == 3
    password = "kq7-vx2-zt9-wm4-hj6-bd3"[: int(found[1])]
    assert sign_up(password=password).is_valid()
    assert not sign_up(password=password[:-1]).is_valid()


def test_two_passwords_that_differ_are_told_of_at_the_second() -> None:
    form = sign_up(again=f"{GOOD}!")
    assert form.errors == {"password2": ["The two passwords are not the same. Type both again."]}


def test_the_signs_that_are_named_may_be_in_a_name() -> None:
    assert sign_up(username="Anna.B@home+1-2_3").is_valid()
    assert "username" in sign_up(username="Anna B").errors


def test_the_cursor_waits_at_the_first_mistake_and_nowhere_else(answer: Callable[..., str]) -> None:
    page = answer("/signup", username="dora", password1="short", password2="other")
    assert focused(page) == ["password1"]
    assert 'aria-invalid="true"' in field_of(page, "password1")
    assert "id_password1_helptext id_password1_error" in field_of(page, "password1")
    assert 'id="id_password1_error"' in page
    assert "<title>Something to correct · " in page


def test_a_refused_name_and_password_are_told_of_where_the_password_is_typed(
    answer: Callable[..., str], alice: User
) -> None:
    page = answer("/login", username="alice", password="wrong")
    assert focused(page) == ["password"]
    assert f'aria-describedby="{ERRORS_ID}"' in field_of(page, "password")
    assert f'id="{ERRORS_ID}" role="alert"' in page


def test_an_empty_form_begins_at_its_beginning(client: Client, settings: Any) -> None:
    settings.SIGNUP_ENABLED = True
    for path in ("/login", "/signup"):
        assert focused(client.get(path).content.decode()) == ["username"]


def test_no_form_gives_a_password_back(answer: Callable[..., str]) -> None:
    page = answer("/signup", username="dora", password1="a-secret-of-mine", password2="another")
    assert "a-secret-of-mine" not in page
