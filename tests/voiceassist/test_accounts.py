"""Signing in, out and up: only by form, only onward within the site, and not by guessing."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

PASSWORD = "wonderland-teapot"
NEW_PASSWORD = "a-long-walk-to-somewhere"

pytestmark = pytest.mark.django_db


def _sign_in(client: Client, password: str = PASSWORD, **given: Any) -> Any:
    username = given.pop("username", "alice")
    extra = {"REMOTE_ADDR": given.pop("address", "192.0.2.1")}
    return client.post("/login", {"username": username, "password": password, **given}, **extra)


def _is_signed_in(client: Client) -> bool:
    return get_user(client).is_authenticated


def test_the_front_door_leads_to_the_chat(client: Client) -> None:
    response = client.get("/")
    assert (response.status_code, response["Location"]) == (302, reverse("chat"))


def test_the_sign_in_page_shows_a_form(client: Client) -> None:
    page = client.get("/login").content.decode()
    assert 'name="username"' in page
    assert 'name="password"' in page
    assert 'name="csrfmiddlewaretoken"' in page


def test_the_right_password_leads_to_the_chat(client: Client, alice: User) -> None:
    response = _sign_in(client)
    assert (response.status_code, response["Location"]) == (302, reverse("chat"))
    assert _is_signed_in(client)


def test_somebody_signed_in_is_not_asked_again(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get("/login")["Location"] == reverse("chat")


@pytest.mark.parametrize("target", ["/chat/x?y=1", "/api/docs/"])
def test_next_is_followed_within_the_site(client: Client, alice: User, target: str) -> None:
    assert _sign_in(client, next=target)["Location"] == target


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "https:evil.example",
    ],
)
def test_next_never_leads_off_the_site(client: Client, alice: User, target: str) -> None:
    assert _sign_in(client, next=target)["Location"] == reverse("chat")


def test_wrong_passwords_and_unknown_names_read_the_same(client: Client, alice: User) -> None:
    wrong = _sign_in(client, "wrong").context["form"].non_field_errors()
    unknown = _sign_in(client, "wrong", username="nobody").context["form"].non_field_errors()
    assert len(wrong) == 1
    assert wrong == unknown
    assert not _is_signed_in(client)


def test_signing_in_needs_the_csrf_token(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    assert _sign_in(client).status_code == 403
    assert not _is_signed_in(client)


def _guess_wrong(client: Client, times: int, **given: Any) -> None:
    for _ in range(times):
        assert _sign_in(client, "wrong", **given).status_code == 200


class TestGuessing:
    """Ten wrong guesses at one name from one address, then a pause of minutes."""

    def test_the_eleventh_attempt_waits_even_with_the_right_password(
        self, client: Client, alice: User
    ) -> None:
        _guess_wrong(client, 10)
        response = _sign_in(client)
        assert response.status_code == 429
        assert int(response["Retry-After"]) >= 30
        assert "Too many attempts to sign in. Wait " in response.content.decode()
        assert not _is_signed_in(client)

    def test_somebody_elsewhere_is_not_locked_out_by_it(self, client: Client, alice: User) -> None:
        _guess_wrong(client, 10)
        assert _sign_in(client, address="198.51.100.1").status_code == 302

    def test_another_name_from_the_same_address_is_not_locked_out_by_it(
        self, client: Client, alice: User, bob: User
    ) -> None:
        _guess_wrong(client, 10)
        assert _sign_in(client, "builder-hammer", username="bob").status_code == 302

    def test_the_right_password_forgives_the_wrong_ones(self, client: Client, alice: User) -> None:
        for _ in range(3):
            _guess_wrong(client, 9)
            assert _sign_in(client).status_code == 302
            client.logout()

    def test_trying_many_names_from_one_address_ends_too(self, client: Client) -> None:
        for number in range(60):
            _guess_wrong(client, 1, username=f"name {number}")
        assert _sign_in(client, "wrong", username="name 61").status_code == 429

    def test_a_busy_office_that_knows_its_passwords_is_not_slowed_down(
        self, client: Client, alice: User
    ) -> None:
        for _ in range(70):
            assert _sign_in(client).status_code == 302
            client.logout()

    def test_pages_admin_and_tokens_share_one_count(self, client: Client, alice: User) -> None:
        alice.is_staff = True
        alice.save()
        _guess_wrong(client, 5)
        token = {"username": "alice", "password": "wrong"}
        for _ in range(5):
            client.post("/api/token/", token, content_type="application/json", REMOTE_ADDR="192.0.2.1")
        form = {"username": "alice", "password": PASSWORD}
        response = client.post("/admin/login/?next=/admin/", form, REMOTE_ADDR="192.0.2.1")
        assert response.status_code == 429
        assert int(response["Retry-After"]) >= 30
        assert "Too many attempts to sign in. Wait " in response.content.decode()
        assert not _is_signed_in(client)

    @pytest.mark.django_db(transaction=True)
    def test_of_thirty_guesses_at_once_through_all_doors_ten_are_looked_at(
        self, alice: User, in_threads: Callable[[int, Callable[[int], Any]], list[Any]]
    ) -> None:
        form = {"username": "alice", "password": "wrong"}
        doors = ("/login", "/admin/login/?next=/admin/", "/api/token/")

        def guess(number: int) -> Any:
            kind: dict[str, Any] = {"content_type": "application/json"} if number % 3 == 2 else {}
            return Client().post(doors[number % 3], form, REMOTE_ADDR="192.0.2.1", **kind)

        answers = in_threads(30, guess)
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) == 20
        assert all(int(answer["Retry-After"]) >= 30 for answer in refused)
        assert {answer.status_code for answer in answers} <= {200, 401, 429}


def test_signing_out_takes_a_post(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get("/logout").status_code == 405
    assert _is_signed_in(client)
    response = client.post("/logout")
    assert (response.status_code, response["Location"]) == (302, reverse("login"))
    assert not _is_signed_in(client)


def test_browsers_are_asked_to_forget_what_they_kept_of_somebody_who_signs_out(
    client: Client, alice: User
) -> None:
    client.force_login(alice)
    assert client.post("/logout")["Clear-Site-Data"] == '"cache"'
    assert "Clear-Site-Data" not in client.get("/login")


class TestWithoutTheCache:
    """While guesses cannot be counted nobody is let in, at no door, and everybody is told so in words."""

    @pytest.fixture(autouse=True)
    def _away(self, settings: Any, free_port: int) -> None:
        backend = "django.core.cache.backends.redis.RedisCache"
        settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": f"redis://127.0.0.1:{free_port}/0"}}
        settings.SIGNUP_ENABLED = True

    @pytest.mark.parametrize("door", ["/login", "/admin/login/?next=/admin/", "/signup"])
    def test_pages_say_so(self, client: Client, alice: User, door: str) -> None:
        account = {"username": "carol", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        form = account if door == "/signup" else {"username": "alice", "password": PASSWORD}
        response = client.post(door, form)
        assert response.status_code == 503
        assert 1 <= int(response["Retry-After"]) <= 60
        assert "a part of this server is away" in response.content.decode()
        assert not _is_signed_in(client)
        assert not User.objects.filter(username="carol").exists()

    def test_programs_are_told_so(self, client: Client, alice: User) -> None:
        credentials = {"username": "alice", "password": PASSWORD}
        response = client.post("/api/token/", credentials, content_type="application/json")
        assert (response.status_code, response.json()["code"]) == (503, "limits_unavailable")
        assert "Try again" in response.json()["detail"]
        assert 1 <= int(response["Retry-After"]) <= 60

    def test_who_is_in_stays_in(self, client: Client, alice: User) -> None:
        client.force_login(alice)
        assert client.get("/api/conversations/").status_code == 200


class TestTheLog:
    """Who came in, who did not, and from where: by account and address, never by what was typed."""

    def test_of_signing_in_and_out(
        self, client: Client, alice: User, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level("INFO", "voiceassist.accounts"):
            _sign_in(client)
            client.post("/logout")
            client.post(
                "/api/token/",
                {"username": "alice", "password": PASSWORD},
                content_type="application/json",
                REMOTE_ADDR="192.0.2.7",
            )
        assert [
            record.getMessage() for record in caplog.records if record.name == "voiceassist.accounts"
        ] == [
            f"signed in: account {alice.pk} from 192.0.2.1 by password",
            f"signed out: account {alice.pk}",
            f"signed in: account {alice.pk} from 192.0.2.7 by token",
        ]

    @pytest.mark.parametrize("door", ["/login", "/admin/login/?next=/admin/", "/api/token/"])
    def test_of_who_was_refused_and_of_nothing_they_typed(
        self, client: Client, alice: User, caplog: pytest.LogCaptureFixture, door: str
    ) -> None:
        typed = {"username": "hunter2\r\nsigned in: account 1 from 127.0.0.1", "password": "typed-canary"}
        program = {"content_type": "application/json"} if door.startswith("/api") else {}
        with caplog.at_level("INFO"):
            for _ in range(11):
                client.post(door, typed, REMOTE_ADDR="192.0.2.9", **program)  # type: ignore[arg-type]
        told = [record.getMessage() for record in caplog.records if record.name == "voiceassist.accounts"]
        assert told == ["sign-in refused from 192.0.2.9"] * 10 + ["sign-in throttled from 192.0.2.9"]
        assert "hunter2" not in caplog.text
        assert "typed-canary" not in caplog.text


class TestSigningUp:
    @pytest.fixture(autouse=True)
    def _allowed(self, settings: Any) -> None:
        settings.SIGNUP_ENABLED = True

    form: ClassVar = {"username": "carol", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}

    def test_where_it_is_switched_off_there_is_no_such_page(self, client: Client, settings: Any) -> None:
        settings.SIGNUP_ENABLED = False
        assert client.get("/signup").status_code == 404
        assert client.post("/signup", self.form).status_code == 404
        assert not User.objects.exists()
        assert client.get("/login").context["signup_enabled"] is False

    def test_makes_an_account_and_signs_it_in(self, client: Client) -> None:
        assert client.get("/login").context["signup_enabled"] is True
        assert 'name="password2"' in client.get("/signup").content.decode()
        response = client.post("/signup", self.form)
        assert (response.status_code, response["Location"]) == (302, reverse("chat"))
        assert get_user(client) == User.objects.get(username="carol")
        assert not User.objects.get().is_staff

    def test_follows_next_within_the_site_only(self, client: Client) -> None:
        assert client.post("/signup", self.form | {"next": "/chat/x"})["Location"] == "/chat/x"
        client.logout()
        other = self.form | {"username": "dan", "next": "https://evil.example/"}
        assert client.post("/signup", other)["Location"] == reverse("chat")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"username": "alice"},
            {"username": "ALICE"},
            {"password2": "another"},
            {"password1": "1", "password2": "1"},
        ],
    )
    def test_a_taken_name_and_a_weak_password_are_refused_on_the_form(
        self, client: Client, alice: User, wrong: dict[str, str]
    ) -> None:
        response = client.post("/signup", self.form | wrong)
        assert response.status_code == 200
        assert response.context["form"].errors
        assert User.objects.count() == 1

    def test_somebody_signed_in_needs_no_account(self, client: Client, alice: User) -> None:
        client.force_login(alice)
        assert client.get("/signup")["Location"] == reverse("chat")

    def test_accounts_by_the_dozen_are_slowed_down(self, client: Client) -> None:
        for number in range(21):
            client.logout()
            response = client.post("/signup", self.form | {"username": f"person{number}"})
        assert response.status_code == 429
        assert int(response["Retry-After"]) > 0
        assert "Too many new accounts from here" in response.content.decode()
        assert User.objects.count() == 20
