"""Tickets and session ids."""

import base64

import pytest

from realtime import tickets


def test_a_ticket_holds_256_random_bits_in_characters_that_a_subprotocol_may_hold() -> None:
    secret = tickets.new_ticket().secret
    prefix, _, random = secret.partition("_")
    assert prefix == "ek"
    assert len(base64.urlsafe_b64decode(random + "=")) == 32
    assert set(secret) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_no_two_tickets_are_alike() -> None:
    assert len({tickets.new_ticket().secret for _ in range(1000)}) == 1000


def test_a_ticket_shows_its_secret_to_nobody_who_prints_it() -> None:
    ticket = tickets.new_ticket()
    assert ticket.secret not in repr(ticket)
    assert ticket.secret[3:] not in f"{ticket!s}{ticket!r}{[ticket]}"


def test_the_digest_tells_nothing_of_the_secret_and_is_the_same_each_time() -> None:
    ticket = tickets.new_ticket()
    assert ticket.digest == tickets.digest(ticket.secret)
    assert len(ticket.digest) == 64
    assert ticket.secret[3:] not in ticket.digest


def test_any_text_has_a_digest_even_one_that_no_ticket_could_be() -> None:
    assert tickets.digest("ek_\ud800") != tickets.digest("ek_")


@pytest.mark.parametrize("credential", ["eyJhbGciOi.eyJ1c2VyX2lk.c2ln", "sk-canary", "", "EK_abc", " ek_abc"])
def test_what_is_not_ours_is_not_taken_for_a_ticket(credential: str) -> None:
    assert not tickets.is_ticket(credential)


def test_a_new_session_id_is_well_formed_and_names_its_user() -> None:
    session_id = tickets.new_session_id(42)
    assert session_id.startswith("rtc_42_")
    assert tickets.is_session_id(session_id)
    assert len(session_id) <= 80


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rtc_1",
        "rtc_1_short",
        "rtc__0123456789abcdef01234567",
        "rtc_1_0123456789abcdef01234567\n",
        "rtc_1_0123456789abcdef0123456'",
        "sess_1_0123456789abcdef01234567",
        "rtc_1_" + "0" * 200,
    ],
)
def test_an_id_of_another_form_is_no_session_id(text: str) -> None:
    assert not tickets.is_session_id(text)
