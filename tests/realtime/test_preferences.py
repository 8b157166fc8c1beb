"""Preferences: what a person chose fills what a session is asked for without, through every door."""

from dataclasses import replace
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from realtime import preferences, services
from realtime.models import Preferences, VoiceSession
from realtime.preferences import Preferred
from realtime.providers.base import Description
from realtime.providers.registry import describe
from tests.support.sessions import CONFIG, issue

OPENAI = describe(CONFIG)
ELSEWHERE = replace(
    OPENAI, name="elsewhere", voices=("slt",), default_voice="slt", turn_detection=("server_vad",)
)
CHOSEN: dict[str, Any] = {
    "voice": "cedar",
    "speed": 0.9,
    "language": "de",
    "output": "text",
    "turn_detection": "push_to_talk",
}


def _shape(session: VoiceSession) -> dict[str, Any]:
    return {name: getattr(session, name) for name in CHOSEN}


# --- kept -------------------------------------------------------------------------------------------------------------


def test_who_chose_nothing_prefers_nothing_and_has_no_row(alice: User) -> None:
    preferences.choose(alice, {"voice": None, "speed": None})
    preferences.choose(alice, {})
    assert preferences.preferences_of(alice, OPENAI) == Preferred()
    assert not Preferences.objects.exists()


def test_a_choice_changes_what_it_names_and_nothing_else(alice: User, bob: User) -> None:
    preferences.choose(alice, CHOSEN)
    preferences.choose(alice, {"speed": 1.25, "language": None})
    assert preferences.preferences_of(alice, OPENAI) == Preferred(**CHOSEN | {"speed": 1.25, "language": ""})
    assert preferences.preferences_of(bob, OPENAI) == Preferred()


def test_every_choice_can_be_taken_back(alice: User) -> None:
    preferences.choose(alice, CHOSEN)
    preferences.choose(alice, dict.fromkeys(CHOSEN))
    assert preferences.preferences_of(alice, OPENAI) == Preferred()


def test_what_another_provider_lacks_is_left_out_there_and_counts_again_here(alice: User) -> None:
    preferences.choose(alice, CHOSEN)
    there = preferences.preferences_of(alice, ELSEWHERE)
    assert there == Preferred(**CHOSEN | {"voice": "", "turn_detection": ""})
    assert preferences.preferences_of(alice, OPENAI) == Preferred(**CHOSEN)


def test_where_nobody_knows_the_voices_any_stays(alice: User) -> None:
    preferences.choose(alice, {"voice": "somebody"})
    unknown: Description = replace(OPENAI, voices=())
    assert preferences.preferences_of(alice, unknown).voice == "somebody"
    assert preferences.preferences_of(alice, OPENAI).voice == ""


# --- and heeded -------------------------------------------------------------------------------------------------------


def test_a_session_begins_as_its_owner_prefers(alice: User, bob: User) -> None:
    preferences.choose(alice, CHOSEN)
    assert _shape(issue(alice).session) == CHOSEN
    assert _shape(issue(bob).session) == {
        "voice": "marin",
        "speed": 1.0,
        "language": "",
        "output": "audio",
        "turn_detection": "server_vad",
    }


def test_what_is_asked_for_wins_and_the_rest_is_as_preferred(alice: User) -> None:
    preferences.choose(alice, CHOSEN)
    asked: dict[str, Any] = {"voice": "coral", "output": "audio", "turn_detection": "server_vad"}
    assert _shape(issue(alice, **asked).session) == CHOSEN | asked
    assert issue(alice, speed=1.0).session.speed == 1.0, "the usual speed is a wish too"


def test_a_preference_wins_over_what_the_server_is_set_to(alice: User) -> None:
    config = replace(CONFIG, voice="sage", language="fr")
    assert (issue(alice, config).session.voice, issue(alice, config).session.language) == ("sage", "fr")
    preferences.choose(alice, {"voice": "cedar", "language": "de"})
    session = issue(alice, config).session
    assert (session.voice, session.language) == ("cedar", "de")


def test_a_voice_that_is_gone_breaks_no_session(alice: User) -> None:
    preferences.choose(alice, {"voice": "retired-voice"})
    assert issue(alice).session.voice == "marin"


def test_an_open_session_keeps_what_it_began_with(alice: User) -> None:
    session = issue(alice).session
    preferences.choose(alice, CHOSEN)
    session.refresh_from_db()
    assert session.voice == "marin"
    row = services.redeem_ticket(
        issue(alice, conversation_id=session.conversation_id).ticket.secret, config=CONFIG
    )
    assert row.voice == "cedar"


def test_to_look_them_up_takes_one_query(alice: User) -> None:
    preferences.choose(alice, CHOSEN)
    with CaptureQueriesContext(connection) as queries:
        preferences.preferences_of(alice, OPENAI)
    assert len(queries) == 1
