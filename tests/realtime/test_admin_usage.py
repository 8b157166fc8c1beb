"""The usage page: the same numbers as sums, as charts and as tables, for those who may see sessions."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from realtime.models import VoiceSession
from tests.support.admin_pages import (
    MOST_QUERIES,
    SESSIONS,
    USAGE,
    USAGE_PAGE,
    colleague_at,
    superuser_at,
    words_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

CHARTS = ["Talking time", "Sessions", "Estimated cost", "Errors", "First sound", "Ratings"]


@pytest.fixture
def reader(client: Client) -> Client:
    return superuser_at(client)


def held(user: User, *, days_ago: int = 0, **given: Any) -> None:
    """A session of two minutes."""
    number = VoiceSession.objects.count()
    # In the morning of a day in UTC, and never later than now.
    midnight = datetime.combine(timezone.now().date() - timedelta(days=days_ago), datetime.min.time(), UTC)
    usual: dict[str, Any] = {
        "state": "ended",
        "end_reason": "client",
        "provider": "openai",
        "model": "gpt-realtime-2.1",
        "started_at": midnight,
        "ended_at": midnight + timedelta(minutes=2),
        "expires_at": midnight,
        "usage": USAGE,
        "cost_usd": 0.25,
    }
    VoiceSession.objects.create(
        id=f"rtc_{user.pk}_{number}", user=user, ticket_digest=f"{number}", **(usual | given)
    )


def charts_of(page: Any) -> dict[str, str]:
    """Each chart's drawing by its name."""
    drawings = re.findall(r"<svg class=\"chart\".*?</svg>", page.content.decode(), re.DOTALL)
    names = [re.findall(r'aria-label="(.+?) per day', drawing)[0] for drawing in drawings]
    return dict(zip(names, drawings, strict=True))


def test_the_sums_stand_above_the_charts(reader: Client, alice: User) -> None:
    held(alice, rating="good", first_audio_ms=640, slowest_first_audio_ms=1830)
    held(alice, days_ago=3, end_reason="provider_silent", cost_usd=None)
    words = words_of(reader.get(USAGE_PAGE))
    for told in (
        "Talking time 4 min 00 s",
        "Sessions 2",
        "Estimated cost $0.2500 1 session without a known price",
        "Errors 1 50.0% of the sessions",
        "First sound 640 ms 1.8 s at the slowest",
        "Ratings 1 good 0 bad, 1 said nothing",
    ):
        assert told in words


def test_each_chart_has_a_bar_for_each_day_on_which_there_was_something(reader: Client, alice: User) -> None:
    held(alice)
    held(alice, days_ago=6, first_audio_ms=640, rating="bad")
    charts = charts_of(reader.get(USAGE_PAGE, {"days": "7"}))
    assert list(charts) == CHARTS
    bars = {name: drawing.count('class="chart-bar') for name, drawing in charts.items()}
    assert bars == {
        "Talking time": 2,
        "Sessions": 2,
        "Estimated cost": 2,
        "Errors": 0,
        "First sound": 1,
        "Ratings": 1,
    }
    assert "Nothing in these days" in charts["Errors"]
    assert "First sound" in CHARTS and "nothing measured" in charts["First sound"]


def test_the_pointer_over_a_day_says_what_it_was(reader: Client, alice: User) -> None:
    held(alice, cost_usd=None, end_reason="lost", rating="bad")
    charts = charts_of(reader.get(USAGE_PAGE))
    today = f"{timezone.now():%-d %b} so far"
    for name, told in {
        "Talking time": "2 min 00 s",
        "Sessions": "1",
        "Estimated cost": "not known, 1 session without a known price",
        "Errors": "1 of 1",
        "First sound": "nothing measured",
        "Ratings": "0 good, 1 bad, 0 said nothing",
    }.items():
        assert f"<title>{today}: {told}</title>" in charts[name]


@pytest.mark.parametrize(("asked", "days"), [("7", 7), ("90", 90), ("", 30), ("8", 30), ("x\x00", 30)])
def test_the_range_is_one_of_three(reader: Client, asked: str, days: int) -> None:
    page = reader.get(USAGE_PAGE, {"days": asked})
    assert charts_of(page)["Sessions"].count("<title>") == days
    assert f'aria-current="page">{days} days<' in page.content.decode()


def test_the_tables_hold_the_numbers_of_the_charts(reader: Client, alice: User) -> None:
    held(alice, rating="good", first_audio_ms=640, slowest_first_audio_ms=1830)
    held(alice, end_reason="internal", provider="azure", model="a-deployment", cost_usd=None)
    words = words_of(reader.get(USAGE_PAGE))
    assert "openai gpt-realtime-2.1 2 min 00 s 1 $0.2500 0 0 640 ms 1.8 s 1 0" in words
    assert "azure a-deployment 2 min 00 s 1 not known 1 1 – – 0 0" in words
    assert "internal A fault of this server 1" in words
    assert f"{timezone.now():%Y-%m-%d}, so far 4 min 00 s 2 $0.2500 1 1 640 ms 1.8 s 1 0" in words


def test_one_provider_can_be_chosen_and_stays_so_in_another_range(reader: Client, alice: User) -> None:
    held(alice)
    held(alice, provider="azure")
    page = reader.get(USAGE_PAGE, {"provider": "azure", "days": "7"})
    assert "Sessions 1" in words_of(page)
    assert 'href="?days=90&amp;provider=azure"' in page.content.decode()
    assert 'href="?days=7"' in page.content.decode(), "the way back to all of them"


def test_without_a_session_it_says_so_calmly(reader: Client) -> None:
    page = reader.get(USAGE_PAGE)
    words = words_of(page)
    assert "Talking time 0 s Sessions 0 Estimated cost $0.00" in words
    assert "No session ended by an error in these days." in words
    assert "By provider and model" not in words
    assert all("Nothing in these days" in drawing for drawing in charts_of(page).values())


def test_it_says_what_a_day_is_and_that_the_cost_is_an_estimate(reader: Client) -> None:
    words = words_of(reader.get(USAGE_PAGE))
    assert "Days are UTC." in words
    assert "an estimate from a table of prices, not a bill" in words


def test_the_names_that_providers_give_are_content(reader: Client, alice: User) -> None:
    name = '<script>alert("1")</script>'
    held(alice, provider="compatible", model=name)
    assert name not in reader.get(USAGE_PAGE).content.decode()


def test_the_drawings_need_no_style_and_no_script_of_the_pages_own(reader: Client, alice: User) -> None:
    """The content security policy allows neither."""
    held(alice)
    body = reader.get(USAGE_PAGE).content.decode().partition("<main")[2]
    checked = _Attributes()
    checked.feed(body)
    assert "svg" in checked.elements
    assert not checked.elements & {"style", "script"}
    assert not {name for name in checked.attributes if name == "style" or name.startswith("on")}


class _Attributes(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_it_costs_the_same_for_one_session_and_for_sixty(reader: Client, alice: User) -> None:
    counts = []
    for more in (1, 59):
        for n in range(more):
            held(alice, days_ago=n % 30, model=f"model {n % 9}", end_reason="internal", first_audio_ms=n)
        with CaptureQueriesContext(connection) as queries:
            reader.get(USAGE_PAGE)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= MOST_QUERIES


def test_it_is_found_from_the_list_of_sessions_and_from_the_admins_first_page(reader: Client) -> None:
    for path in (SESSIONS, "/admin/"):
        assert f'href="{USAGE_PAGE}"' in reader.get(path).content.decode()


def test_it_is_for_those_who_may_see_sessions(client: Client, alice: User) -> None:
    assert client.get(USAGE_PAGE).status_code == 302
    colleague_at(client, "view_conversation", "end_voicesession")
    assert client.get(USAGE_PAGE).status_code == 403
    assert USAGE_PAGE not in client.get("/admin/").content.decode()
    client.force_login(alice)
    assert client.get(USAGE_PAGE).status_code == 302, "who is not staff is asked to sign in as staff"
