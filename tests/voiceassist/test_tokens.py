"""Tokens for programs: signing in, renewing once, signing out."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import RefreshToken

PASSWORD = "wonderland-teapot"

pytestmark = pytest.mark.django_db


def _post(address: str, **body: Any) -> Any:
    return APIClient().post(address, body, format="json")


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_name_and_a_password_give_tokens_that_open_the_api(alice: User, slash: str) -> None:
    tokens = _post(f"/api/token{slash}", username="alice", password=PASSWORD).json()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    assert client.get("/api/conversations/").status_code == 200
    renewed = _post(f"/api/token/refresh{slash}", refresh=tokens["refresh"]).json()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {renewed['access']}")
    assert client.get("/api/conversations/").status_code == 200
    assert _post(f"/api/token/blacklist{slash}", refresh=renewed["refresh"]).status_code == 200
    assert _post(f"/api/token/refresh{slash}", refresh=renewed["refresh"]).status_code == 401


def test_a_wrong_password_an_unknown_name_and_a_switched_off_account_look_the_same(
    alice: User, bob: User
) -> None:
    bob.is_active = False
    bob.save()
    answers = [
        _post("/api/token/", username="alice", password="wrong"),
        _post("/api/token/", username="nobody", password="wrong"),
        _post("/api/token/", username="bob", password="builder-hammer"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["code"] == "no_active_account"


def test_a_password_counts_with_the_spaces_around_it(alice: User) -> None:
    alice.set_password(" wonderland ")
    alice.save()
    assert _post("/api/token/", username="alice", password=" wonderland ").status_code == 200
    assert _post("/api/token/", username="alice", password="wonderland").status_code == 401


def test_missing_fields_are_named(alice: User) -> None:
    response = _post("/api/token/", username="alice")
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert list(response.json()["fields"]) == ["password"]


def test_the_eleventh_wrong_guess_is_told_to_wait_even_when_right(alice: User) -> None:
    for _ in range(10):
        assert _post("/api/token/", username="alice", password="wrong").status_code == 401
    response = _post("/api/token/", username="alice", password=PASSWORD)
    assert (response.status_code, response.json()["code"]) == (429, "throttled")
    assert int(response.headers["Retry-After"]) > 0


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "eyJ.eyJ."])
@pytest.mark.parametrize("address", ["/api/token/refresh/", "/api/token/blacklist/"])
def test_what_is_no_refresh_token_is_refused_in_our_shape(address: str, token: str) -> None:
    response = _post(address, refresh=token)
    assert response.status_code in {400, 401}
    assert response.json()["code"] == ("token_not_valid" if token else "invalid")
    assert response.json()["detail"]


def test_an_access_token_renews_nothing(alice: User) -> None:
    access = str(RefreshToken.for_user(alice).access_token)
    assert _post("/api/token/refresh/", refresh=access).status_code == 401


def test_a_refresh_token_works_once(alice: User) -> None:
    refresh = str(RefreshToken.for_user(alice))
    renewed = _post("/api/token/refresh/", refresh=refresh)
    assert renewed.status_code == 200
    assert set(renewed.json()) == {"access", "refresh"}
    assert _post("/api/token/refresh/", refresh=refresh).json()["code"] == "token_not_valid"
    assert _post("/api/token/refresh/", refresh=renewed.json()["refresh"]).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_eight_parallel_renewals_one_wins(
    alice: User, in_threads: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    refresh = str(RefreshToken.for_user(alice))
    statuses = in_threads(8, lambda _: _post("/api/token/refresh/", refresh=refresh).status_code)
    assert sorted(statuses) == [200] + [401] * 7


def test_a_changed_password_withdraws_refresh_tokens(alice: User) -> None:
    refresh = str(RefreshToken.for_user(alice))
    alice.set_password("another-teapot")
    alice.save()
    assert _post("/api/token/refresh/", refresh=refresh).json()["code"] == "token_not_valid"


def test_accounts_switched_off_or_deleted_renew_nothing(alice: User, bob: User) -> None:
    tokens = [str(RefreshToken.for_user(user)) for user in (alice, bob)]
    alice.is_active = False
    alice.save()
    bob.delete()
    for token in tokens:
        response = _post("/api/token/refresh/", refresh=token)
        assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")
