"""What travels compressed, and what must not."""

import gzip

from django.contrib.auth.models import User
from django.test import Client


def test_a_page_travels_compressed_for_whoever_takes_it_so(client: Client) -> None:
    packed = client.get("/login", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert b"<!doctype html>" in gzip.decompress(packed.content)[:200]
    assert "Content-Encoding" not in client.get("/login").headers


def test_its_length_does_not_tell_what_is_in_it(client: Client) -> None:
    lengths = {len(client.get("/login", headers={"Accept-Encoding": "gzip"}).content) for _ in range(20)}
    assert len(lengths) > 1


def test_an_answer_of_the_api_keeps_its_strong_tag(client: Client, alice: User) -> None:
    client.force_login(alice)
    made = client.post(
        "/api/conversations/", {"title": "Headache and more " * 5}, content_type="application/json"
    )
    answer = client.get(f"/api/conversations/{made.json()['id']}/", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert len(answer.content) > 200, "long enough for Django to compress"
    assert "Content-Encoding" not in answer.headers
    assert not answer.headers["ETag"].startswith("W/")
