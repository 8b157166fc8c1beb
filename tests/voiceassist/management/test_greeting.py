"""What is said to the person who starts the server."""

from pathlib import Path

import pytest

from realtime.config import EngineConfig, RealtimeConfig
from realtime.providers.base import Description
from voiceassist.management.greeting import Place, greeting
from voiceassist.management.preparation import SignIn

HERE = Place("127.0.0.1", 8000, "http://127.0.0.1:8000", ())
KEPT_IN = Path("var/first-account")
RESPONDER = Description("embedded", "Built-in responder", "embedded", False, ("slt",), "slt")


def words(
    place: Place = HERE,
    config: RealtimeConfig | None = None,
    sign_in: SignIn | None = None,
    answering: Description = RESPONDER,
) -> str:
    return greeting(place, config or RealtimeConfig(), sign_in, answering=answering)


def test_the_address_is_told() -> None:
    assert "http://127.0.0.1:8000" in words()


def test_a_new_account_is_told_with_its_password_and_where_that_is_kept() -> None:
    told = words(sign_in=SignIn("demo", "pass-word", KEPT_IN, is_new=True))
    assert "Sign in as demo with the password pass-word" in told
    assert str(KEPT_IN) in told


def test_a_later_start_tells_the_file_and_not_the_password() -> None:
    told = words(sign_in=SignIn("demo", "pass-word", KEPT_IN))
    assert "pass-word" not in told
    assert str(KEPT_IN) in told


@pytest.mark.parametrize("sign_in", [None, SignIn("demo", "", KEPT_IN)])
def test_where_no_password_is_known_the_way_to_a_new_one_is_told(sign_in: SignIn | None) -> None:
    assert "changepassword" in words(sign_in=sign_in)


def test_the_embedded_engine_says_how_to_get_a_language_model() -> None:
    told = words()
    assert "Built-in responder" in told
    assert "OPENAI_API_KEY" in told


def test_an_engine_with_a_chat_server_is_not_told_to_get_one() -> None:
    config = RealtimeConfig(engine=EngineConfig(chat_base_url="http://127.0.0.1:11434/v1", chat_model="m"))
    assert "OPENAI_API_KEY" not in words(config=config)


def test_a_provider_is_named() -> None:
    openai = Description("openai", "OpenAI gpt-realtime-2.1", "gpt-realtime-2.1", True, ("marin",), "marin")
    told = words(config=RealtimeConfig(provider="openai"), answering=openai)
    assert "OpenAI gpt-realtime-2.1" in told
    assert "embedded" not in told


def test_why_voice_is_missing_is_told() -> None:
    mute = Description("embedded", "R", "e", False, (), "", voice_problem="This Python has no recogniser.")
    assert "This Python has no recogniser." in words(answering=mute)


def test_sessions_that_are_switched_off_are_told() -> None:
    assert "REALTIME_ENABLED=false" in words(config=RealtimeConfig(enabled=False))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.2"])
def test_a_private_address_asks_for_no_tls(host: str) -> None:
    assert "TRUSTED_PROXIES" not in words(Place(host, 8000, "http://127.0.0.1:8000", ()))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "voice.example.org"])  # noqa: S104
def test_an_address_that_others_reach_says_what_public_url_and_tls_must_be(host: str) -> None:
    told = words(Place(host, 8000, "http://127.0.0.1:8000", ()))
    assert "PUBLIC_URL=https://" in told
    assert "microphone" in told


def test_https_without_a_trusted_proxy_warns_of_the_endless_redirect() -> None:
    assert "TRUSTED_PROXIES" in words(Place("127.0.0.1", 8000, "https://voice.example.org", ()))


def test_a_complete_production_set_up_is_told_nothing_more() -> None:
    told = words(Place("0.0.0.0", 8000, "https://voice.example.org", ("127.0.0.1",)))  # noqa: S104
    assert "TRUSTED_PROXIES" not in told
    assert "https://voice.example.org" in told
