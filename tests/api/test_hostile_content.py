"""What people say, type and are called stays words: on every page, in every answer, and to the model."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings as site
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, sync_playwright
from rest_framework_simplejwt.tokens import AccessToken

from conversations import services as remembering
from conversations.models import Conversation, Review
from realtime import instructions, services
from realtime.config import MEDICAL_PERSONA
from realtime.instructions import PastTurn
from realtime.models import VoiceSession
from tests.support.belongings import Belongings, belongings_of
from tests.support.hostile_texts import HOSTILE_TEXTS
from tests.support.page_skeleton import Skeleton
from tests.support.sessions import CONFIG
from tests.support.url_ids import ids_in
from tests.support.url_walk import Route, routes

ALL_OF_IT = "\n".join(HOSTILE_TEXTS)
ROOMY = 1_000_000
Disguise = Callable[[str], str]


def as_it_is(text: str) -> str:
    return text


def harmless(text: str) -> str:
    """A text of the same length and with the same spaces, of which nobody could think anything."""
    return re.sub(r"\S", "x", text)


def filled_with(disguise: Disguise, owner: User) -> Belongings:
    """Everything of one person's, with every hostile text in every place where a text can be."""
    texts = [disguise(text) for text in HOSTILE_TEXTS]
    hers = belongings_of(owner)
    for number, text in enumerate(texts):
        spoken: dict[str, Any] = {"modality": "audio", "unheard_text": text, "status": "interrupted"}
        typed: dict[str, Any] = {"modality": "text", "status": "final"}
        for role, how in (("user", typed), ("user", spoken | {"status": "final"}), ("assistant", spoken)):
            remembering.append_message(
                conversation_id=hers.conversation.pk,
                role=role,
                text=text,
                external_id=f"{hers.session.pk}:{text[:50]}:{number}:{role}:{how['modality']}",
                spoken_at=hers.message.spoken_at,
                **how,
            )
        another = remembering.create_conversation(user=owner, title=text[:120])
        remembering.append_message(
            conversation_id=another.pk, role="user", spoken_at=hers.message.spoken_at, text=text, **typed
        )
    everything = disguise(ALL_OF_IT)
    Conversation.objects.filter(pk=hers.conversation.pk).update(title=everything[:120])
    Review.objects.filter(pk=hers.review.pk).update(notes=everything)
    markup = disguise("<img src=x onerror='window.XSS = 1'>{{ 7*7 }}")
    VoiceSession.objects.filter(user=owner).update(voice=markup, model=markup, transcription_model=markup)
    # The sign-up form takes no such name; whoever makes accounts another way may.
    User.objects.filter(pk=owner.pk).update(username=markup, first_name=markup, last_name=everything[:150])
    owner.refresh_from_db()
    return hers


def pages_of(disguise: Disguise, owner: User, reviewer: User) -> dict[str, Skeleton]:
    """Every page that the site shows to the owner of such texts, or in the admin to whoever looks after the site."""
    with transaction.atomic():
        hers = filled_with(disguise, owner)
        asked = {"q": disguise(ALL_OF_IT)[:180], "next": disguise(HOSTILE_TEXTS[2])}
        pages = {"sign in": page_at("/login", Client(), asked)}
        for route in routes():
            if not route.is_api:
                path, client = path_of(route, hers), signed_in(reviewer if route.is_admin else owner)
                pages[route.template] = page_at(path, client, {})
                pages[f"{route.template}, asked"] = page_at(path, client, {} if route.parameters else asked)
        transaction.set_rollback(True)
    return {name: Skeleton(page) for name, page in pages.items() if page}


def path_of(route: Route, hers: Belongings) -> str:
    ids = ids_in(route, hers) if route.parameters else ({}, {})
    assert ids is not None
    return route.filled(ids[0])


def page_at(path: str, client: Client, query: dict[str, str]) -> str:
    """The page that is there; empty where something else is."""
    response = client.get(path, query)
    return response.content.decode() if response.headers["Content-Type"].startswith("text/html") else ""


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_no_page_has_an_element_or_an_attribute_that_it_would_not_have_with_harmless_words(
    alice: User, admin_user: User
) -> None:
    pages = pages_of(as_it_is, alice, admin_user)
    plain = pages_of(harmless, alice, admin_user)
    assert len(pages) > 30
    assert [name for name in pages if pages[name].tags != plain[name].tags] == []
    assert {name: page.dangers for name, page in pages.items() if page.dangers} == {}


DATA = ("application/json", "application/vnd.oai.openapi; charset=utf-8")


def test_no_answer_of_the_api_can_be_taken_for_a_page(alice: User, admin_user: User) -> None:
    hers = filled_with(as_it_is, alice)
    for route in routes():
        if not route.is_api or route.template == "/api/docs/":
            continue
        for caller in (alice, admin_user):
            headers = program_of(caller).get(path_of(route, hers)).headers
            assert headers["X-Content-Type-Options"] == "nosniff", route
            is_file = headers.get("Content-Disposition", "").startswith("attachment; ")
            assert is_file or headers["Content-Type"] in DATA, route


def test_the_words_come_out_of_the_api_as_they_were_said(alice: User) -> None:
    hers = filled_with(as_it_is, alice)
    said = program_of(alice).get(f"/api/conversations/{hers.conversation.pk}/messages/?page_size=500").json()
    told = {row["text"] for row in said["results"]}
    assert [text for text in HOSTILE_TEXTS if remembering.storable(text) not in told] == []


def program_of(user: User) -> Client:
    return Client(headers={"Authorization": f"Bearer {AccessToken.for_user(user)}"})


@pytest.mark.e2e
def test_in_a_browser_no_word_is_run(live_server: Any, chromium: Any, alice: User, admin_user: User) -> None:
    hers = filled_with(as_it_is, alice)
    owner, reviewer = (session_of(user) for user in (alice, admin_user))
    looked_at = (
        (owner, f"/chat/{hers.conversation.pk}", "article.line"),
        (reviewer, f"/admin/conversations/conversation/{hers.conversation.pk}/change/", "#content"),
        (reviewer, "/admin/conversations/conversation/", "#result_list"),
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            complaints = [
                found for look in looked_at for found in looked_at_in(browser, live_server.url, *look)
            ]
        finally:
            browser.close()
    assert complaints == []


def session_of(user: User) -> str:
    return signed_in(user).cookies[site.SESSION_COOKIE_NAME].value


def looked_at_in(browser: Browser, url: str, session: str, path: str, shown: str) -> list[str]:
    """What happened in a page beside being read."""
    happened: list[str] = []
    context = browser.new_context()
    context.add_cookies([{"name": site.SESSION_COOKIE_NAME, "value": session, "url": url}])
    page = context.new_page()
    page.on("dialog", lambda dialog: happened.append(f"dialog {dialog.message}"))
    page.on("pageerror", lambda error: happened.append(f"error {error}"))
    page.on("console", lambda message: happened.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: None if request.url.startswith(url) else happened.append(request.url))
    page.goto(f"{url}{path}")
    page.locator(shown).first.wait_for()
    if page.evaluate("() => window.XSS !== undefined"):
        happened.append("a script ran")
    if "window.XSS = 1" not in page.content():
        happened.append("the words are not shown")
    context.close()
    return [f"{path}: {each}" for each in happened]


# --- to the model -----------------------------------------------------------------------------------------------------

SPEAKERS = tuple(f"[{who}{cut}] " for who in ("user", "assistant") for cut in ("", ", interrupted"))
hostile_text = st.lists(st.one_of(st.sampled_from(HOSTILE_TEXTS), st.text(max_size=20)), max_size=6).map(
    "".join
)


def assert_is_persona_and_quote(written: str, turns: int) -> None:
    """The persona to the letter, then one quote with a line for each turn, and nothing that is not seen."""
    persona, _, quote = written.partition("\n\nWhat follows is a record")
    assert persona.encode() == MEDICAL_PERSONA.encode()
    assert written.count("<conversation_so_far") == written.count("</conversation_so_far>") == 1
    assert [c for c in written if not (c.isprintable() or c == "\n")] == []
    body = re.fullmatch(
        r'.*\n<conversation_so_far(?: omitted="\d+")?>\n(.*)\n</conversation_so_far>', quote, re.DOTALL
    )
    assert body
    lines = body[1].split("\n")
    assert len(lines) == len(body[1].splitlines()) == turns
    for line in lines:
        speaker = next(each for each in SPEAKERS if line.startswith(each))
        assert not set(line.removeprefix(speaker)) & set("<>[]")


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=range(len(HOSTILE_TEXTS)))
@pytest.mark.parametrize("role", ["user", "assistant"])
def test_a_hostile_text_is_one_line_of_the_quote(role: str, text: str) -> None:
    turns = [PastTurn("user", "Hello"), PastTurn(role, text, interrupted=role == "assistant")]
    written = instructions.build(MEDICAL_PERSONA, turns, total=2, budget_tokens=ROOMY)
    assert_is_persona_and_quote(written, turns=2)


@given(
    st.lists(
        st.builds(PastTurn, st.sampled_from(["user", "assistant"]), hostile_text, st.booleans()), min_size=1
    )
)
def test_no_run_of_turns_gets_out_of_the_quote(turns: list[PastTurn]) -> None:
    written = instructions.build(MEDICAL_PERSONA, turns, total=len(turns), budget_tokens=ROOMY)
    assert_is_persona_and_quote(written, turns=len(turns))


def test_what_is_remembered_of_a_hostile_conversation_is_its_turns_and_no_title_or_note(alice: User) -> None:
    filled_with(as_it_is, alice)
    Conversation.objects.update(title="a title of quartz")
    Review.objects.update(notes="a note of quartz")
    config = replace(CONFIG, history_tokens=ROOMY)
    for conversation in Conversation.objects.filter(messages__isnull=False).distinct():
        written = services.recall(conversation.pk, config=config).instructions()
        said = conversation.messages.exclude(text="").count()
        assert_is_persona_and_quote(written, turns=min(said, instructions.turns_within(ROOMY)))
        assert "quartz" not in written
