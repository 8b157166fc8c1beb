"""Access tokens are ours, whole, meant for us and in time, or they open nothing; whatever is wrong, one answer."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from tests.support.sessions import CONFIG
from tests.support.socket_stage import Socket

OTHER_KEY = "another-key-of-thirty-two-characters-at-least-and-more"
Forge = Callable[[User], str]


def _claims(user: User, **changes: Any) -> dict[str, Any]:
    written = jwt.decode(str(AccessToken.for_user(user)), options={"verify_signature": False})
    return {**written, **changes}


def _signed(claims: dict[str, Any], key: str | None = None, algorithm: str = "HS256", **headers: Any) -> str:
    return jwt.encode(claims, key or django_settings.SECRET_KEY, algorithm=algorithm, headers=headers or None)


def _without(user: User, *names: str) -> str:
    return _signed({name: value for name, value in _claims(user).items() if name not in names})


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unsigned(user: User, algorithm: str = "none") -> str:
    return f"{_part({'alg': algorithm, 'typ': 'JWT'})}.{_part(_claims(user))}."


def _tampered(user: User) -> str:
    head, _, seal = str(AccessToken.for_user(user)).split(".")
    return f"{head}.{_part(_claims(user, user_id='1'))}.{seal}"


_AN_HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)
FORGED: dict[str, Forge] = {
    "no signature": _unsigned,
    "no signature, spelt otherwise": lambda user: _unsigned(user, "NonE"),
    "another algorithm": lambda user: _signed(_claims(user), algorithm="HS512"),
    "another key": lambda user: _signed(_claims(user), OTHER_KEY),
    "an empty key": lambda user: _unsigned(user, "HS256") + _part({}),
    "a key named in its head": lambda user: _signed(_claims(user), OTHER_KEY, kid="../../../../dev/null"),
    "a key brought along": lambda user: _signed(
        _claims(user),
        OTHER_KEY,
        jwk={"kty": "oct", "k": base64.urlsafe_b64encode(OTHER_KEY.encode()).decode()},
    ),
    "other claims under the old seal": _tampered,
    "a refresh token": lambda user: str(RefreshToken.for_user(user)),
    "no type": lambda user: _without(user, "token_type"),
    "another type": lambda user: _signed(_claims(user, token_type="sliding")),
    "another audience": lambda user: _signed(_claims(user, aud="https://elsewhere.example")),
    "no audience": lambda user: _without(user, "aud"),
    "another issuer": lambda user: _signed(_claims(user, iss="https://elsewhere.example")),
    "no issuer": lambda user: _without(user, "iss"),
    "expired": lambda user: _signed(_claims(user, exp=_AN_HOUR_AGO)),
    "never expiring": lambda user: _without(user, "exp"),
    "nobody": lambda user: _without(user, "user_id"),
    "somebody who is not there": lambda user: _signed(_claims(user, user_id="4294967296")),
    "account naught": lambda user: _signed(_claims(user, user_id="0")),
    "no trace of the password": lambda user: _without(user, "hash_password"),
    "half of it": lambda user: str(AccessToken.for_user(user))[:-10],
}


@pytest.fixture(params=FORGED)
def forged(request: pytest.FixtureRequest, alice: User) -> str:
    return FORGED[request.param](alice)


def test_the_api_lets_nobody_in(client: Client, forged: str) -> None:
    answer = client.get("/api/conversations/", headers={"Authorization": f"Bearer {forged}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_not_valid")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_good_one_is_let_in(client: Client, alice: User) -> None:
    """Else the others would prove nothing."""
    for good in (str(AccessToken.for_user(alice)), _signed(_claims(alice))):
        answer = client.get("/api/conversations/", headers={"Authorization": f"Bearer {good}"})
        assert answer.status_code == 200


@pytest.mark.django_db(transaction=True)
async def test_the_socket_lets_nobody_in(forged: str, settings: Any) -> None:
    settings.REALTIME = CONFIG
    assert await Socket(bearer=forged).refused() == (4401, "ticket_refused")


@pytest.mark.parametrize("door", ["/api/token/refresh/", "/api/token/blacklist/"])
@pytest.mark.parametrize("kind", sorted(FORGED.keys() - {"a refresh token"}))
def test_nothing_forged_is_renewed_or_withdrawn(client: Client, alice: User, kind: str, door: str) -> None:
    answer = client.post(door, {"refresh": FORGED[kind](alice)}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_not_valid")


def test_the_key_is_long_and_the_algorithm_is_one(settings: Any) -> None:
    assert len(settings.SIMPLE_JWT["SIGNING_KEY"].encode()) >= 32
    assert api_settings.ALGORITHM == "HS256"
    assert timedelta(minutes=5) >= api_settings.ACCESS_TOKEN_LIFETIME
    assert timedelta(days=1) >= api_settings.REFRESH_TOKEN_LIFETIME
