"""The admin shows sessions, what they used and what it comes to, and ends them; never a word, a ticket or a digest."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.models import Conversation
from realtime import services
from realtime.models import VoiceSession
from tests.support.admin_pages import (
    CONVERSATIONS,
    MOST_QUERIES,
    SESSIONS,
    change_of,
    colleague_at,
    end_of,
    ended,
    words_of,
)
from tests.support.sessions import CONFIG, issue, lost, opened, row_of, say

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("configured")]


def page_of(reader: Client, session: VoiceSession) -> Any:
    return reader.get(change_of(session))


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_the_list_says_who_spoke_how_long_how_it_ended_and_what_it_came_to(
    reader: Client, alice: User
) -> None:
    session = ended(alice)
    VoiceSession.objects.filter(pk=session.pk).update(rating="good")
    page = reader.get(SESSIONS)
    assert change_of(session) in page.content.decode()
    words = words_of(page)
    cost = (59 * 4 + 9 * 32 + 64 * 0.4 + 41 * 24 + 147 * 64) / 1_000_000 + 65 / 60 * 0.0045
    # Two things to a column: seven columns of one would not fit beside the filters.
    told = f"alice client 2 min 05 s openai gpt-realtime-2.1 ${cost:.4f} 320 tokens"
    assert f"{told} {str(session.conversation_id)[:8]} good" in words


def test_a_session_shows_its_usage_by_modality_with_the_cached_part_inside(
    reader: Client, alice: User
) -> None:
    words = words_of(page_of(reader, ended(alice)))
    assert "Tokens Input of it cached Output" in words
    assert "Text 59 0 41" in words
    assert "Audio 73 64 147" in words
    assert "Speech written down: 1 min 05 s." in words
    assert "an estimate from a table of prices, not a bill" in words


def test_a_session_that_used_nothing_says_so_and_speaks_of_no_estimate(reader: Client, alice: User) -> None:
    words = words_of(page_of(reader, ended(alice, usage={})))
    assert "Nothing was used." in words
    assert "an estimate" not in words


def test_what_cannot_be_said_is_not_made_up(reader: Client, alice: User) -> None:
    stranger = ended(alice, usage={"input_tokens": 9, "output_tokens": 4})
    VoiceSession.objects.filter(pk=stranger.pk).update(model="a-stranger")
    words = words_of(page_of(reader, stranger))
    assert "not known" in words
    assert "an estimate" not in words
    assert "Unknown 9 0 4" in words
    assert "$" not in words


def test_a_session_that_nobody_opened_and_one_that_lives_are_told_apart(reader: Client, alice: User) -> None:
    unopened, living = issue(alice).session, opened(alice)
    assert "not opened" in words_of(page_of(reader, unopened))
    VoiceSession.objects.filter(pk=living.pk).update(started_at=timezone.now() - timedelta(seconds=3725))
    assert "1 h 02 min" in words_of(page_of(reader, living))


def test_the_cost_is_the_one_written_down_whatever_prices_became_since(reader: Client, alice: User) -> None:
    session = ended(alice)
    VoiceSession.objects.filter(pk=session.pk).update(cost_usd=12.5, provider="azure", model="a-deployment")
    assert "Estimated cost: $12.50" in words_of(page_of(reader, session))


def test_prices_of_todays_provider_say_nothing_of_another_ones_sessions(reader: Client, alice: User) -> None:
    session = ended(alice)
    VoiceSession.objects.filter(pk=session.pk).update(provider="azure")
    assert "Estimated cost: not known" in words_of(page_of(reader, session))


@pytest.mark.parametrize(
    ("measured", "told"),
    [
        ((None, None), "First sound of an answer: –"),
        ((640, 1830), "First sound of an answer: after 640 ms (median), 1.8 s at the slowest"),
    ],
)
def test_it_says_how_soon_answers_were_heard(
    reader: Client, alice: User, measured: tuple[int | None, int | None], told: str
) -> None:
    session = ended(alice)
    usual, slowest = measured
    VoiceSession.objects.filter(pk=session.pk).update(first_audio_ms=usual, slowest_first_audio_ms=slowest)
    assert told in words_of(page_of(reader, session))


def test_off_the_record_is_marked(reader: Client, alice: User) -> None:
    kept, unkept = ended(alice), ended(alice, save=False)
    assert "Words: off the record" in words_of(page_of(reader, unkept))
    assert "Words: kept" in words_of(page_of(reader, kept))
    assert words_of(reader.get(SESSIONS)).count("off the record") == 1


def test_the_embedded_engine_has_no_price_and_none_is_missed(reader: Client, alice: User) -> None:
    session = ended(alice, usage={"input_tokens": 9, "input_token_details": {"text_tokens": 9}})
    VoiceSession.objects.filter(pk=session.pk).update(provider="embedded", model="voiceassist-engine")
    words = words_of(page_of(reader, session))
    assert "Estimated cost: –" in words
    assert "an estimate" not in words
    assert "not known" not in words


def test_the_conversation_is_one_click_away(reader: Client, alice: User) -> None:
    session = ended(alice)
    link = f'href="{CONVERSATIONS}{session.conversation_id}/change/"'
    assert link in reader.get(SESSIONS).content.decode()
    assert link in page_of(reader, session).content.decode()


def test_a_deleted_conversation_leaves_its_session_and_what_it_used(reader: Client, alice: User) -> None:
    session = ended(alice)
    Conversation.objects.get(user=alice).delete()
    assert "320 tokens deleted" in words_of(reader.get(SESSIONS))
    assert "Conversation: deleted" in words_of(page_of(reader, session))


# --- what is not ------------------------------------------------------------------------------------------------------


def test_no_word_no_ticket_and_no_digest_is_shown(reader: Client, alice: User) -> None:
    issued = issue(alice, web_session_key="the-browsers-key")
    session = services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    Conversation.objects.filter(user=alice).update(title="Words of a title")
    say(session, text="a word that was said")
    row = VoiceSession.objects.get(pk=session.pk)
    for page in (reader.get(SESSIONS), page_of(reader, session)):
        text = page.content.decode()
        for secret in (
            issued.ticket.secret,
            row.ticket_digest,
            row.web_session_key,
            "the-browsers-key",
            "a word that was said",
            "Words of a title",
        ):
            assert secret not in text


def test_nothing_can_be_added_changed_or_taken_away(reader: Client, alice: User) -> None:
    session = ended(alice)
    assert reader.get(f"{SESSIONS}add/").status_code == 403
    assert reader.post(change_of(session), {"state": "live"}).status_code == 403
    assert reader.post(change_of(session).replace("change", "delete"), {"post": "yes"}).status_code == 403
    page = page_of(reader, session).content.decode()
    assert 'name="_save"' not in page
    assert "/delete/" not in page
    assert VoiceSession.objects.get(pk=session.pk).state == "ended"


def test_nothing_is_shown_or_done_without_the_permission(client: Client, alice: User) -> None:
    session = opened(alice)
    colleague_at(client, "end_voicesession", "view_conversation")
    for path in (SESSIONS, change_of(session), change_of(session).replace("change", "history")):
        assert client.get(path).status_code == 403
    assert client.post(end_of(session)).status_code == 403
    assert row_of(session).state == "live"


@pytest.mark.parametrize("way", ["change", "history", "end"])
def test_without_the_permission_nobody_learns_which_ids_there_are(
    client: Client, alice: User, way: str
) -> None:
    colleague_at(client)
    there, nowhere = change_of(opened(alice)), f"{SESSIONS}rtc_7_nowhere/change/"
    ask = client.post if way == "end" else client.get
    answers = [ask(path.replace("change", way)) for path in (there, nowhere)]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].content == answers[1].content


# --- finding ----------------------------------------------------------------------------------------------------------


def test_sessions_are_found_by_person_and_by_id(reader: Client, alice: User, bob: User) -> None:
    hers, his = ended(alice), ended(bob)
    for query in ("alice", hers.pk):
        page = reader.get(SESSIONS, {"q": query}).content.decode()
        assert change_of(hers) in page
        assert change_of(his) not in page


@pytest.mark.usefixtures("at_noon")
def test_sessions_are_filtered_by_state_provider_model_reason_rating_and_day(
    reader: Client, alice: User, bob: User
) -> None:
    hers, his = ended(alice, "idle"), opened(bob)
    VoiceSession.objects.filter(pk=hers.pk).update(rating="good")
    VoiceSession.objects.filter(pk=his.pk).update(
        provider="azure", model="a-deployment", created_at=timezone.now() - timedelta(days=40)
    )
    for query in (
        {"state__exact": "ended"},
        {"provider": "openai"},
        {"end_reason": "idle"},
        {"model": "gpt-realtime-2.1"},
        {"rating__exact": "good"},
        {"created_at__year": timezone.now().year, "created_at__month": timezone.now().month},
    ):
        page = reader.get(SESSIONS, query).content.decode()
        assert change_of(hers) in page, query
        assert change_of(his) not in page, query


def test_the_list_costs_the_same_for_one_session_and_for_forty(reader: Client, alice: User) -> None:
    ended(alice)
    reader.get(SESSIONS)
    with CaptureQueriesContext(connection) as few:
        reader.get(SESSIONS)
    for number in range(39):
        ended(User.objects.create_user(f"person {number}"))
    with CaptureQueriesContext(connection) as many:
        page = reader.get(SESSIONS)
    assert b"person 38" in page.content
    assert len(many) == len(few) <= MOST_QUERIES


def test_what_lives_comes_first_however_old_it_is(reader: Client, alice: User, bob: User) -> None:
    living = opened(alice)
    VoiceSession.objects.filter(pk=living.pk).update(created_at=timezone.now() - timedelta(hours=5))
    over = ended(bob)
    page = reader.get(SESSIONS).content.decode()
    assert page.index(change_of(living)) < page.index(change_of(over))


def test_a_choice_of_nothing_is_not_offered(reader: Client, alice: User) -> None:
    """Sessions that are not over have no end reason yet."""
    opened(alice)
    assert "end_reason=" not in reader.get(SESSIONS).content.decode()


@pytest.mark.parametrize("query", [{"provider": "\x00"}, {"end_reason": "a\x00"}, {"q": "\x00"}])
def test_what_no_database_takes_is_refused(reader: Client, query: dict[str, str]) -> None:
    assert reader.get(SESSIONS, query).status_code == 400
    assert (
        reader.post(SESSIONS, {"action": "end_live_sessions", "_selected_action": "\x00"}).status_code == 400
    )


# --- ending -----------------------------------------------------------------------------------------------------------


def told_by(page: Any) -> list[str]:
    """The messages at the top of the page that an order leads to."""
    return [str(message) for message in page.context["messages"]]


def order_end(reader: Client, *sessions: VoiceSession) -> Any:
    chosen = [session.pk for session in sessions]
    return reader.post(SESSIONS, {"action": "end_live_sessions", "_selected_action": chosen}, follow=True)


def test_those_that_are_not_over_are_ended_and_counted(reader: Client, alice: User, bob: User) -> None:
    living, waiting, over, other = opened(alice), lost(alice), ended(alice, "idle"), opened(bob)
    page = order_end(reader, living, waiting, over)
    assert told_by(page) == ["2 sessions were told to end."]
    assert row_of(living).end_requested_reason == "ended_by_admin"
    assert row_of(waiting).end_reason == "ended_by_admin"
    assert row_of(over).end_reason == "idle"
    assert row_of(other).end_requested_at is None


def test_one_that_is_over_already_is_said_to_be(reader: Client, alice: User) -> None:
    assert told_by(order_end(reader, ended(alice))) == ["Nothing to end: that was over already."]
    assert not LogEntry.objects.exists()


def test_the_button_on_its_page_ends_a_session_and_is_gone_when_it_is_over(
    reader: Client, alice: User
) -> None:
    session = issue(alice).session
    assert f'action="{end_of(session)}"' in page_of(reader, session).content.decode()
    page = reader.post(end_of(session), follow=True)
    assert told_by(page) == ["1 session was told to end."]
    assert page.request["PATH_INFO"] == change_of(session)
    assert row_of(session).end_reason == "ended_by_admin"
    assert end_of(session) not in page.content.decode()


def test_the_log_says_who_ended_it_by_its_id(reader: Client, alice: User) -> None:
    session = opened(alice)
    order_end(reader, session)
    [entry] = LogEntry.objects.all()
    assert (entry.user.username, entry.object_id, entry.object_repr) == ("root", session.pk, session.pk)
    assert "Ended." in words_of(reader.get(change_of(session).replace("change", "history")))


@pytest.mark.django_db(transaction=True)
def test_of_several_who_end_a_session_at_once_the_log_names_one(
    alice: User, in_threads: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    staff = User.objects.create_superuser("root", password="gardener-spade")
    browsers = [Client() for _ in range(4)]
    for browser in browsers:
        browser.force_login(staff)
    waiting = [issue(alice).session for _ in range(5)]
    in_threads(4, lambda number: order_end(browsers[number], *waiting))
    assert sorted(entry.object_id or "" for entry in LogEntry.objects.all()) == sorted(
        row.pk for row in waiting
    )


def test_the_log_names_nothing_that_could_not_be_ended(
    reader: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> int:
        raise OperationalError("the database is away")

    monkeypatch.setattr(services, "end_now", refuse)
    with pytest.raises(OperationalError):
        order_end(reader, opened(alice))
    assert not LogEntry.objects.exists()


def test_looking_is_not_ending(client: Client, alice: User) -> None:
    session = opened(alice)
    colleague_at(client, "view_voicesession")
    assert "End live sessions" not in client.get(SESSIONS).content.decode()
    assert end_of(session) not in page_of(client, session).content.decode()
    assert client.post(end_of(session)).status_code == 403
    order_end(client, session)
    assert row_of(session).end_requested_at is None


def test_a_session_is_not_ended_by_following_a_link(reader: Client, alice: User) -> None:
    session = opened(alice)
    assert reader.get(end_of(session)).status_code == 405
    assert row_of(session).end_requested_at is None


@pytest.mark.parametrize("session_id", ["rtc_7_nowhere", "_00", "%0A"])
def test_what_is_not_there_cannot_be_ended(reader: Client, session_id: str) -> None:
    assert reader.post(f"{SESSIONS}{session_id}/end/").status_code == 404


def test_no_page_deletes_sessions(reader: Client, alice: User) -> None:
    session = ended(alice)
    assert "delete_selected" not in reader.get(SESSIONS).content.decode()
    reader.post(SESSIONS, {"action": "delete_selected", "_selected_action": [session.pk], "post": "yes"})
    assert VoiceSession.objects.filter(pk=session.pk).exists()
