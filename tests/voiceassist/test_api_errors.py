"""Whatever goes wrong over HTTP has one shape, says what to do, and tells no secret."""

import logging
import re
from itertools import product
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory
from rest_framework.views import APIView
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from conversations.doors import PreconditionFailed
from conversations.errors import ConversationNotFound
from realtime.errors import EngineBusy, RealtimeDisabled, RealtimeError, TicketRefused, TooManySessions


def _broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("the password is teapot")


def _suspicious(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation("teapot")


def _forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


urlpatterns = [
    path("api/broken", _broken),
    path("broken", _broken),
    path("api/suspicious", _suspicious),
    path("api/forbidden", _forbidden),
    path("", include("voiceassist.urls")),
]
handler400 = "voiceassist.api_errors.bad_request"
handler403 = "voiceassist.api_errors.permission_denied"
handler404 = "voiceassist.api_errors.page_not_found"
handler500 = "voiceassist.api_errors.server_error"


def _raised(error: Exception, **of_the_view: str) -> Response:
    """The answer of an API view that raises `error`."""

    class Raising(APIView):
        authentication_classes = ()
        permission_classes = ()

        def get(self, request: Request) -> Response:
            raise error

    for name, value in of_the_view.items():
        setattr(Raising, name, value)
    response: Response = Raising.as_view()(APIRequestFactory().get("/api/thing"))
    return response


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ConversationNotFound(), 404, "conversation_not_found"),
        (RealtimeDisabled(), 503, "realtime_disabled"),
        (RealtimeError(), 500, "internal"),
        (Http404("teapot"), 404, "not_found"),
        (PermissionDenied("teapot"), 403, "permission_denied"),
        (exceptions.NotAuthenticated(), 401, "not_authenticated"),
        (exceptions.AuthenticationFailed(), 401, "not_authenticated"),
        (exceptions.MethodNotAllowed("BREW"), 405, "method_not_allowed"),
        (exceptions.NotAcceptable(), 406, "not_acceptable"),
        (exceptions.UnsupportedMediaType("text/tea"), 415, "unsupported_media_type"),
        (exceptions.ParseError("Expecting ',' delimiter: line 1"), 400, "invalid"),
        (exceptions.Throttled(3.2), 429, "throttled"),
        (PreconditionFailed(), 412, "precondition_failed"),
        (RequestDataTooBig("teapot"), 413, "too_large"),
    ],
)
def test_every_error_has_its_status_its_code_and_a_sentence(error: Exception, status: int, code: str) -> None:
    response = _raised(error)
    assert response.status_code == (
        403 if status == 401 else status
    )  # no authenticator here, so no challenge
    assert response.data["code"] == code
    assert set(response.data) == {"code", "detail"}
    assert re.fullmatch(r"[A-Z].{15,}\.", response.data["detail"])
    assert "teapot" not in response.data["detail"]


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (EngineBusy(), "15"),
        (TooManySessions(retry_after=7), "7"),
        (exceptions.Throttled(3.2), "4"),
        (exceptions.Throttled(), "1"),
    ],
)
def test_what_can_be_tried_again_says_when(error: Exception, seconds: str) -> None:
    assert _raised(error).headers["Retry-After"] == seconds


def test_what_cannot_be_tried_again_does_not_say_when() -> None:
    assert "Retry-After" not in _raised(RealtimeDisabled()).headers


def test_a_refused_ticket_keeps_its_401_and_its_challenge() -> None:
    response = _raised(TicketRefused())
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")


class _Thing(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=3)
    count = serializers.IntegerField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        raise serializers.ValidationError("The two do not go together.")


def _refusal_of(data: dict[str, Any]) -> Response:
    with pytest.raises(exceptions.ValidationError) as caught:
        _Thing(data=data).is_valid(raise_exception=True)
    return _raised(caught.value)


def test_a_body_that_is_not_valid_is_told_field_by_field() -> None:
    response = _refusal_of({"name": "too long", "count": "x"})
    assert response.status_code == 400
    assert response.data["code"] == "invalid"
    assert response.data["detail"] == "Not valid: name, count."
    assert set(response.data["fields"]) == {"name", "count"}


def test_a_single_field_that_is_not_valid_is_told_in_its_own_words() -> None:
    response = _refusal_of({"name": "abc", "count": "x"})
    assert response.data["detail"] == "count: A valid integer is required."


@pytest.mark.parametrize(
    ("told", "fields", "detail"),
    [
        ({"voice": {"speed": ["Too fast."]}}, {"voice.speed": ["Too fast."]}, "voice.speed: Too fast."),
        ({"voice": {"non_field_errors": ["Odd."]}}, {"voice": ["Odd."]}, "voice: Odd."),
        ({"turns": [{}, {"text": ["Empty."]}]}, {"turns.1.text": ["Empty."]}, "turns.1.text: Empty."),
        ({"words": {3: ["Too long."]}}, {"words.3": ["Too long."]}, "words.3: Too long."),
        ({"name": "Too long."}, {"name": ["Too long."]}, "name: Too long."),
    ],
)
def test_fields_within_fields_are_told_in_their_own_words_by_their_path(
    told: Any, fields: dict[str, list[str]], detail: str
) -> None:
    response = _raised(exceptions.ValidationError(told))
    assert response.data == {"code": "invalid", "detail": detail, "fields": fields}


def test_a_body_whose_parts_do_not_fit_is_told_in_its_own_sentence() -> None:
    response = _refusal_of({"name": "a", "count": 1})
    assert response.data["detail"] == "The two do not go together."


def test_a_bare_refusal_is_told_in_its_own_sentence() -> None:
    response = _raised(exceptions.ValidationError("Nothing to do."))
    assert response.data == {"code": "invalid", "detail": "Nothing to do.", "fields": {}}


def test_an_unexpected_failure_tells_an_id_that_the_log_has_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    response = _raised(RuntimeError("the password is teapot"))
    assert response.status_code == 500
    assert response.data["code"] == "internal"
    assert "teapot" not in str(response.data)
    number = re.search(r"[0-9a-f]{8}", response.data["detail"])
    assert number is not None
    record = next(record for record in caplog.records if number.group() in record.getMessage())
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert "teapot" in str(record.exc_info[1])


def test_a_view_may_have_a_name_for_its_own_failing() -> None:
    response = _raised(RuntimeError(), failure_code="session_creation_failed")
    assert (response.status_code, response.data["code"]) == (500, "session_creation_failed")
    assert _raised(ConversationNotFound(), failure_code="x").data["code"] == "conversation_not_found"


@pytest.mark.urls(__name__)
class TestOutsideApiViews:
    """What Django itself answers, in JSON below /api/ and /v1/, as a page elsewhere."""

    @pytest.mark.parametrize("address", ["/api/nothing", "/api/nothing/", "/v1/nothing", "/api/"])
    def test_an_unknown_api_address_is_answered_in_json(self, client: Client, address: str) -> None:
        response = client.get(address)
        assert response.status_code == 404
        assert response.json()["code"] == "not_found"

    def test_an_unknown_page_is_answered_with_a_page(self, client: Client) -> None:
        response = client.get("/nothing")
        assert response.status_code == 404
        assert response.headers["Content-Type"].startswith("text/html")

    def test_a_crash_below_api_is_json_with_an_id(
        self, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        client.raise_request_exception = False
        response = client.get("/api/broken")
        assert response.status_code == 500
        assert response.json()["code"] == "internal"
        assert "teapot" not in response.content.decode()
        number = re.search(r"[0-9a-f]{8}", response.json()["detail"])
        assert number is not None
        assert number.group() in caplog.text

    def test_a_crash_of_a_page_is_a_page(self, client: Client) -> None:
        client.raise_request_exception = False
        response = client.get("/broken")
        assert response.status_code == 500
        assert response.headers["Content-Type"].startswith("text/html")
        assert "teapot" not in response.content.decode()

    @pytest.mark.parametrize(("address", "status"), [("/api/suspicious", 400), ("/api/forbidden", 403)])
    def test_other_refusals_below_api_are_json(self, client: Client, address: str, status: int) -> None:
        response = client.get(address)
        assert response.status_code == status
        assert set(response.json()) == {"code", "detail"}

    def test_a_foreign_host_header_is_refused_in_json(self, client: Client) -> None:
        response = client.get("/api/conversations/", headers={"host": "evil.example"})
        assert (response.status_code, response.json()["code"]) == (400, "invalid")


@pytest.mark.django_db
class TestCredentials:
    """What a client is told about the credential it showed, or did not."""

    url = "/api/conversations/"

    def test_none_is_a_401_with_a_challenge(self, client: Client) -> None:
        response = client.get(self.url)
        assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
        assert response.headers["WWW-Authenticate"].startswith("Bearer")

    @pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer", "Bearer a b", "Bearer \u00e9"])
    def test_a_malformed_token_is_a_401_with_a_challenge(self, client: Client, header: str) -> None:
        response = client.get(self.url, HTTP_AUTHORIZATION=header)
        assert response.status_code == 401
        assert response.json()["code"] in {"token_not_valid", "not_authenticated"}
        assert response.headers["WWW-Authenticate"].startswith("Bearer")

    def _with(self, token: object) -> Any:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return client.get(self.url)

    def test_a_good_token_is_let_in(self, alice: User) -> None:
        assert self._with(AccessToken.for_user(alice)).status_code == 200

    def test_a_refresh_token_is_no_access_token(self, alice: User) -> None:
        assert self._with(RefreshToken.for_user(alice)).json()["code"] == "token_not_valid"

    def test_a_withdrawn_account_and_a_deleted_one_are_told_the_same(self, alice: User, bob: User) -> None:
        tokens = [AccessToken.for_user(alice), AccessToken.for_user(bob)]
        alice.is_active = False
        alice.save()
        bob.delete()
        answers = [self._with(token) for token in tokens]
        assert {answer.status_code for answer in answers} == {401}
        assert len({answer.content for answer in answers}) == 1
        assert answers[0].json()["code"] == "token_not_valid"

    def test_a_token_from_before_a_password_change_is_not_valid(self, alice: User) -> None:
        token = AccessToken.for_user(alice)
        alice.set_password("another-teapot")
        alice.save()
        assert self._with(token).json()["code"] == "token_not_valid"

    def test_the_sites_cookie_without_its_csrf_token_is_told_apart_from_forbidden(self, alice: User) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(alice)
        response = client.post(self.url, {}, content_type="application/json")
        assert (response.status_code, response.json()["code"]) == (403, "csrf_failed")
        assert "Reload" in response.json()["detail"]

    def test_the_sites_cookie_with_its_csrf_token_is_let_in(self, alice: User, settings: Any) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(alice)
        token = "c" * 32
        client.cookies[settings.CSRF_COOKIE_NAME] = token
        response = client.post(self.url, {}, content_type="application/json", headers={"x-csrftoken": token})
        assert response.status_code == 201

    def test_a_body_that_is_no_json_is_invalid(self, alice: User) -> None:
        client = APIClient()
        client.force_authenticate(alice)
        broken = client.post(self.url, "{oops", content_type="application/json")
        assert (broken.status_code, broken.json()["code"]) == (400, "invalid")
        form = client.post(self.url, "a=b", content_type="application/x-www-form-urlencoded")
        assert (form.status_code, form.json()["code"]) == (415, "unsupported_media_type")


NEEDING_A_BODY = ("/api/token/", "/api/token/refresh/", "/api/token/blacklist/")
DOORS = (
    *NEEDING_A_BODY,
    "/api/conversations/",
    "/api/voice/realtime-session",
    "/v1/realtime/client_secrets",
)
NOTHING_MEANT = ("{oops", "[]", "null", "7", "[" * 100_000, b"\xff", '{"a": NaN}')


@pytest.mark.django_db
class TestEveryDoor:
    """Whatever is wrong with a request, each door that reads a body says so alike."""

    @pytest.fixture
    def page(self, alice: User) -> Client:
        """Alice's browser, as far as its credentials go."""
        client = Client()
        client.force_login(alice)
        return client

    @pytest.mark.parametrize(
        ("url", "body"),
        [*product(DOORS, NOTHING_MEANT), *product(NEEDING_A_BODY, [""])],
    )
    def test_a_body_that_says_nothing_is_invalid(self, page: Client, url: str, body: str) -> None:
        response = page.post(url, body, content_type="application/json")
        assert (response.status_code, response.json()["code"]) == (400, "invalid")
        assert re.fullmatch(r"[A-Za-z].{5,}\.", response.json()["detail"])

    @pytest.mark.parametrize("url", DOORS)
    def test_a_body_that_nobody_would_mean_is_too_large(self, page: Client, url: str, settings: Any) -> None:
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
        response = page.post(url, {"title": "x" * 100}, content_type="application/json")
        assert (response.status_code, response.json()["code"]) == (413, "too_large")

    @pytest.mark.parametrize("url", DOORS)
    def test_a_body_that_would_not_be_read_is_not_passed_over(self, page: Client, url: str) -> None:
        response = page.post(
            url,
            {"save": False},
            content_type="application/json",
            headers={"Transfer-Encoding": "chunked"},
            CONTENT_LENGTH="",
        )
        assert (response.status_code, response.json()["code"]) == (411, "length_required")

    @pytest.mark.parametrize("url", DOORS)
    def test_a_body_of_another_kind_is_not_read(self, page: Client, url: str) -> None:
        response = page.post(url, "a=b", content_type="application/x-www-form-urlencoded")
        assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")

    @pytest.mark.parametrize("url", [*DOORS, "/api/voice/options", "/api/voice/sessions/"])
    def test_a_method_that_is_not_answered_is_told_with_those_that_are(self, page: Client, url: str) -> None:
        response = page.put(url, {}, content_type="application/json")
        assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
        assert set(response.headers["Allow"].split(", ")) & {"GET", "POST"}

    @pytest.mark.parametrize("url", [*DOORS, "/api/voice/options", "/api/voice/sessions/x"])
    def test_what_a_door_does_stands_in_the_schema_and_not_in_its_options(
        self, page: Client, url: str
    ) -> None:
        response = page.options(url)
        assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
        assert "OPTIONS" not in response.headers["Allow"]

    @pytest.mark.parametrize("url", ["/api/conversations/", "/api/voice/options", "/api/voice/sessions/"])
    def test_what_cannot_be_answered_as_asked_is_not_acceptable(self, page: Client, url: str) -> None:
        response = page.get(url, headers={"Accept": "text/html"})
        assert (response.status_code, response.json()["code"]) == (406, "not_acceptable")
