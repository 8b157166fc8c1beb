"""The API keeps what its description promises, whatever is sent to it and whoever sends it.

The requests are always the same ones. To send other ones, and more of them for each operation:

    API_EXAMPLES=500 .venv/bin/python -m pytest tests/api/test_fuzzing.py
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache as once
from itertools import count
from typing import Any

import pytest
import schemathesis
from django.conf import settings as site
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.test import Client, TestCase
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from hypothesis import HealthCheck, settings
from rest_framework_simplejwt.tokens import AccessToken
from schemathesis import Case
from schemathesis.checks import CheckFunction
from schemathesis.config import (
    ChecksConfig,
    GenerationConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance, unsupported_method

from tests.support.belongings import Belongings, belongings_of

EXAMPLES = int(os.environ.get("API_EXAMPLES", "5"))
IS_LONG = "API_EXAMPLES" in os.environ


def described() -> BaseSchema:
    """The API as it describes itself to everybody."""
    # A condition (If-Match) that does not hold is refused before anything is looked at, right or wrong.
    checks = ChecksConfig()
    for check in (checks.positive_data_acceptance, checks.negative_data_rejection):
        check.expected_statuses = [*check.expected_statuses, "412"]
    generation = GenerationConfig(max_examples=EXAMPLES, deterministic=not IS_LONG, database="none")
    projects = ProjectsConfig(default=ProjectConfig(checks=checks, generation=generation))
    config = SchemathesisConfig(seed=None if IS_LONG else 1, projects=projects)
    # Read while tests are collected, when there is no site to ask: the static files are gathered by a fixture.
    generator: Any = SchemaGenerator
    description = OpenApiJsonRenderer().render(generator().get_schema(request=None, public=True))
    api = schemathesis.openapi.from_dict(json.loads(description), config=config)
    api.app = asked
    api.location = "/api/schema/"
    return api


the_site = once(get_wsgi_application)


def asked(environ: dict[str, Any], start_response: Any) -> Any:
    """The site as a WSGI application, made when it is first asked."""
    return the_site()(environ, start_response)


API = described()


@contextmanager
def undone() -> Iterator[None]:
    """Whatever a request does is undone after it, the erasure of its own account included; nobody is throttled."""
    cache.clear()
    with transaction.atomic():
        try:
            with TestCase.captureOnCommitCallbacks(execute=True):
                yield
        finally:
            transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """A server lets go of the database between requests; here the test's own transaction is in that connection."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def alices(alice: User) -> Belongings:
    return belongings_of(alice)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with an access token or with the site's cookies, or nobody."""

    name: str
    headers: dict[str, str]
    cookies: dict[str, str] = field(default_factory=dict)

    def is_served_by(self, case: Case[Any]) -> bool:
        """Whether an operation is there for this caller; the others only learn that it is not."""
        return self.name == ("reviewer" if case.path.startswith("/api/review/") else "alice")


@pytest.fixture
def callers(alices: Belongings, client: Client) -> list[Caller]:
    client.force_login(alices.owner)
    csrf = "c" * 32
    cookies = {
        site.SESSION_COOKIE_NAME: client.cookies[site.SESSION_COOKIE_NAME].value,
        site.CSRF_COOKIE_NAME: csrf,
    }
    reviewer = User.objects.create_user("reviewer", password="filing-cabinet", is_staff=True)
    codes = ("view_conversation", "review_conversation", "export_conversation")
    reviewer.user_permissions.set(Permission.objects.filter(codename__in=codes))
    return [
        Caller("alice", bearer(alices.owner)),
        Caller("reviewer", bearer(reviewer)),
        Caller("the browser of alice", {"X-CSRFToken": csrf}, cookies),
        Caller("nobody", {}),
    ]


def bearer(user: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {AccessToken.for_user(user)}"}


def pointed_at(alices: Belongings, case: Case[Any]) -> Case[Any]:
    """Let half of what requests name be what is there. What was made wrong on purpose stays wrong."""
    known = {
        "conversation_id": str(alices.conversation.pk),
        "session_id": alices.session.pk,
        "resume_session_id": alices.session.pk,
        "refresh": alices.refresh,
        "username": "alice",
        "password": "wonderland-teapot",
    }
    for location in (ParameterLocation.PATH, ParameterLocation.QUERY, ParameterLocation.BODY):
        place: Any = case.get_container(location)
        if not isinstance(place, dict) or (case.meta and case.meta.is_negative_at(location)):
            continue
        for name in known.keys() & place.keys():
            if isinstance(place[name], str) and sum(map(ord, place[name])) % 2:
                place[name] = known[name]
    return case


def not_for(case: Case[Any], caller: Caller) -> list[CheckFunction]:
    """The checks that are wrong about us."""
    wrong: list[CheckFunction] = []
    if "cursor" in case.query or case.path.endswith(
        ("/realtime-session/", "/client_secrets/", "/preferences/")
    ):
        # No description tells a made-up cursor from a real one, nor which voices the configured provider has.
        wrong.append(positive_data_acceptance)
    elif "\\x00" in repr((case.query, case.body)):
        # NUL is a character to JSON Schema, and to no database.
        wrong.append(positive_data_acceptance)
    if caller.cookies:
        # It takes the cookies away where they are described, and not those that come from us.
        wrong.append(ignored_auth)
    if case.path.startswith("/api/review/") and not caller.is_served_by(case):
        # For whoever may not review nothing at all is there, so everything is a 404 and nothing a 405.
        wrong.append(unsupported_method)
    return wrong


SENT = count()


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@API.parametrize()
@pytest.mark.django_db
def test_every_answer_is_as_described(case: Case[Any], alices: Belongings, callers: list[Caller]) -> None:
    pointed_at(alices, case)
    # Whoever is not served, or comes another way, sends every fifth request.
    is_for_all = IS_LONG or next(SENT) % 5 == 0
    for caller in callers:
        if is_for_all or caller.is_served_by(case):
            with undone(), told_whose(caller):
                # A request that was sent keeps what it was sent with.
                case.derive().call_and_validate(
                    headers=caller.headers, cookies=caller.cookies, excluded_checks=not_for(case, caller)
                )


@contextmanager
def told_whose(caller: Caller) -> Iterator[None]:
    """A complaint says whose request it is about."""
    try:
        yield
    except FailureGroup as found:
        found.add_note(f"The request was {caller.name}'s.")
        raise


@pytest.mark.django_db
def test_what_one_answer_gives_the_next_request_may_take_up(alices: Belongings) -> None:
    """Chains of requests: what was made is there, what was deleted is gone."""

    alice_herself = Caller("alice", bearer(alices.owner))
    made_at_run_time: Any = API.as_state_machine()

    class Talk(made_at_run_time):  # type: ignore[misc]
        def setup(self) -> None:
            self.undone = undone()
            self.undone.__enter__()

        def teardown(self) -> None:
            self.undone.__exit__(None, None, None)

        def get_call_kwargs(self, case: Case[Any]) -> dict[str, Any]:
            return {"headers": alice_herself.headers}

        def validate_response(self, response: Response, case: Case[Any], **_: Any) -> None:
            case.validate_response(
                response,
                headers=alice_herself.headers,
                excluded_checks=not_for(case, alice_herself),
                recorder=self.recorder,
            )

    Talk.run(
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=8,
            deadline=None,
            derandomize=not IS_LONG,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
    )
