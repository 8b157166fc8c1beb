"""The admin's door and name."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework_simplejwt.tokens import RefreshToken

pytestmark = pytest.mark.django_db


def test_strangers_meet_the_admins_own_sign_in_page(client: Client) -> None:
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain == [("/admin/login/?next=/admin/", 302)]
    assert b"VoiceAssist" in response.content
    assert b'rel="icon"' in response.content, "without one, browsers ask for /favicon.ico and complain"


def test_staff_are_let_in_and_people_are_not(client: Client, alice: User) -> None:
    form = {"username": "alice", "password": "wonderland-teapot"}
    assert client.post("/admin/login/?next=/admin/", form).status_code == 200
    alice.is_staff = True
    alice.save()
    assert client.post("/admin/login/?next=/admin/", form)["Location"] == "/admin/"


def test_nobodys_tokens_can_be_read_there(client: Client, alice: User) -> None:
    token = str(RefreshToken.for_user(alice))
    client.force_login(User.objects.create_superuser("root", password="gardener-spade"))
    assert "oken" not in client.get("/admin/").content.decode().replace("csrfmiddlewaretoken", "")
    for kind in ("outstandingtoken", "blacklistedtoken"):
        response = client.get(f"/admin/token_blacklist/{kind}/")
        assert response.status_code == 404
        assert token not in response.content.decode()


def test_the_admin_keeps_out_of_caches(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root", password="gardener-spade"))
    response = client.get("/admin/conversations/conversation/")
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
