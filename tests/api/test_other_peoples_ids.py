"""Whoever asks for what is somebody else's learns nothing: not what it is, and not whether it is there.

Every URL pattern of the site is tried with Alice's ids, by everybody who must not see what is hers. A new pattern with
an id in it fails here until `tests.support.url_ids` says what stands for it.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
from django.apps import apps
from django.conf import settings as site
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework_simplejwt.tokens import AccessToken

from tests.support.belongings import SECRET, Belongings, belongings_of
from tests.support.url_ids import Values, ids_in
from tests.support.url_walk import Route, routes

pytestmark = pytest.mark.django_db
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ROUTES = routes()
WITH_IDS = [route for route in ROUTES if route.parameters]
NEVER_THERE = {
    # Nothing here has a page on the site that the admin could lead to, and no address ends behind the others.
    "/admin/r/<content_type_id>/<object_id>/",
    "/admin/<url>",
    # Nobody takes these away here: talking time is counted from sessions, and who looked at what stays on record.
    "/admin/realtime/voicesession/<object_id>/delete/",
    "/admin/conversations/transcriptaccess/<object_id>/delete/",
}
_CSRF = "c" * 32
_ORDERS = {"title": "mine", "notes": "mine", "rating": "bad", "post": "yes"}
_PASSING = ("Content-Length", "Expires")
_MASKED = re.compile(rb'name="csrfmiddlewaretoken" value="\w+"')


@dataclass(frozen=True, slots=True)
class Answer:
    """What a caller got to see, without the id that it asked with, and how often the database was asked for it."""

    status: int
    headers: dict[str, str]
    body: bytes
    queries: int

    @property
    def leads_to_sign_in(self) -> bool:
        return self.status == 302 and "login" in self.headers["Location"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody, with the credentials they come with; never without a CSRF token."""

    user: User | None = None
    with_token: bool = False
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))

    def __post_init__(self) -> None:
        self.client.cookies[site.CSRF_COOKIE_NAME] = _CSRF
        if self.user and not self.with_token:
            self.client.force_login(self.user)

    def ask(self, method: str, route: Route, values: Values) -> Answer:
        headers = {"X-CSRFToken": _CSRF}
        if self.user and self.with_token:
            headers["Authorization"] = f"Bearer {AccessToken.for_user(self.user)}"
        sent: dict[str, Any] = {}
        if method == "POST" and route.is_admin:
            sent = {"data": _ORDERS}
        elif method not in ("GET", "HEAD"):
            sent = {"data": json.dumps(_ORDERS), "content_type": "application/json"}
        path = route.filled(values)
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            response = getattr(self.client, method.lower())(path, **sent, headers=headers)
            body = b"".join(response.streaming_content) if response.streaming else response.content
        return Answer(
            status=response.status_code,
            headers={
                name: _without(path, told) for name, told in response.headers.items() if name not in _PASSING
            },
            body=_without(path, _MASKED.sub(b"", body).decode()).encode(),
            queries=len(queries),
        )


def _without(path: str, text: str) -> str:
    """What was told, whichever id it was asked with."""
    return text.replace(path, "…").replace(quote(path), "…")


@pytest.fixture
def alices(alice: User) -> Belongings:
    return belongings_of(alice)


@pytest.fixture(params=["bob", "bob's program", "a colleague without rights", "nobody"])
def stranger(request: pytest.FixtureRequest, bob: User) -> Caller:
    if request.param == "nobody":
        return Caller()
    if request.param == "a colleague without rights":
        return Caller(User.objects.create_user("colleague", password="filing-cabinet", is_staff=True))
    return Caller(bob, with_token=request.param == "bob's program")


def everything_kept() -> dict[str, list[dict[str, Any]]]:
    labels = ("auth", "conversations", "realtime", "token_blacklist")
    kept = [model for label in labels for model in apps.get_app_config(label).get_models()]
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in kept}


def test_somebody_has_decided_what_stands_in_every_address(alices: Belongings) -> None:
    assert [route.template for route in WITH_IDS if ids_in(route, alices) is None] == []


def test_alices_ids_open_everything_to_whom_they_may_be_shown(alices: Belongings, admin_user: User) -> None:
    """Otherwise what follows would prove nothing."""
    may_see = [(alices.owner, True), (alices.owner, False), (admin_user, False)]
    closed = [
        route.template
        for route in WITH_IDS
        if route.template not in NEVER_THERE
        and not any(is_there(*who, method, route, alices) for who in may_see for method in METHODS)
    ]
    assert closed == []


def is_there(user: User, with_token: bool, method: str, route: Route, alices: Belongings) -> bool:
    answer = undone(user, with_token, method, route, alices)
    return answer.status not in (401, 403, 404, 405) and not answer.leads_to_sign_in and method != "OPTIONS"


def undone(user: User, with_token: bool, method: str, route: Route, alices: Belongings) -> Answer:
    """The answer to somebody whose request may be granted. It is taken back, the signing in included."""
    ids = ids_in(route, alices)
    assert ids is not None
    with transaction.atomic():
        answer = Caller(user, with_token).ask(method, route, ids[0])
        transaction.set_rollback(True)
    return answer


def test_a_stranger_meets_nothing_at_alices_ids(alices: Belongings, stranger: Caller) -> None:
    before = everything_kept()
    complaints = [
        f"{method} {route.template}: {complaint}"
        for route in WITH_IDS
        for method in METHODS
        for complaint in complaints_about(stranger, method, route, alices)
    ]
    assert complaints == []
    assert everything_kept() == before


def complaints_about(stranger: Caller, method: str, route: Route, alices: Belongings) -> list[str]:
    ids = ids_in(route, alices)
    assert ids is not None
    hers, nobodys = (stranger.ask(method, route, values) for values in ids)
    found = []
    if SECRET in repr(hers):
        found.append("tells a word of hers")
    # Django's own pages of accounts look first and ask for the right to it then. That a number is taken is no secret.
    if route.template.startswith("/admin/auth/"):
        nobodys = hers
    if (hers.status, hers.headers, hers.body) != (nobodys.status, nobodys.headers, nobodys.body):
        found.append(f"differs from one that is not there: {hers} {nobodys}")
    if hers.queries != nobodys.queries:
        found.append(f"asks the database {hers.queries} times; {nobodys.queries} for what is not there")
    if not may_answer(stranger, method, route, hers, alices):
        found.append(f"answers {hers.status}")
    return found


def may_answer(stranger: Caller, method: str, route: Route, answer: Answer, alices: Belongings) -> bool:
    """Whether a status tells a stranger nothing. What everybody gets to see at any id is compared elsewhere."""
    if route.is_admin:
        return answer.status in (302, 403, 404, 405)
    if stranger.user is None:
        return answer.status == 401 or answer.leads_to_sign_in
    if answer.leads_to_sign_in:
        return stranger.with_token and not route.is_api
    if answer.status == 405:
        # A method that is not offered is not offered to its owner either.
        return undone(alices.owner, stranger.with_token, method, route, alices).status == 405
    return answer.status == 404 or (method == "OPTIONS" and answer.status == 200)


def test_no_word_of_alices_is_at_any_address_without_an_id(alices: Belongings, stranger: Caller) -> None:
    telling = [
        route.template
        for route in ROUTES
        if not route.parameters and SECRET in repr(stranger.ask("GET", route, {}))
    ]
    assert telling == []
