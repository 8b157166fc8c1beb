"""Searching means the same on both databases, whatever was said, and however the words are looked for."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations import search, services
from conversations.models import Conversation, Message
from conversations.search import query as looking
from tests.conversations.conftest import Say
from tests.support.hostile_texts import HOSTILE_TEXTS

pytestmark = pytest.mark.django_db

Found = Callable[[str], bool]


@pytest.fixture
def found(conversation: Conversation) -> Found:
    """Whether a query finds the conversation."""
    return lambda query: (
        search.matching(Conversation.objects.all(), query).filter(pk=conversation.pk).exists()
    )


@pytest.mark.parametrize(
    "query", ["knee", "KNEE", "nee h", "hurts knee", "  my\u3000\n knee ", "y", "", "\0 knee"]
)
def test_every_word_is_found_in_any_case_and_within_others(found: Found, say: Say, query: str) -> None:
    say("My knee hurts")
    assert found(query)


@pytest.mark.parametrize(
    "query", ["kneeh", "knee elbow", "elbow", "z", "%", "_nee", "kn*e", "NOT", "x OR knee", "\ud800"]
)
def test_what_nobody_said_is_not_found(found: Found, say: Say, query: str) -> None:
    say("My knee hurts")
    assert not found(query)


def test_words_may_stand_in_title_messages_and_unheard_parts(
    conversation: Conversation, found: Found, say: Say
) -> None:
    services.rename_conversation(conversation=conversation, title="Orthopaedics")
    say("My knee hurts")
    say("Since", role="assistant", status="interrupted", unheard_text=" yesterday?")
    assert found("ortho knee yesterday")
    assert not found("ortho knee tomorrow")


def test_a_word_is_not_put_together_from_two_texts(found: Found, say: Say) -> None:
    say("yester", role="assistant", status="interrupted", unheard_text="day")
    say("morrow")
    assert not found("yesterday")
    assert not found("daymorrow")


def test_hidden_turns_are_not_searched(found: Found, say: Say) -> None:
    say("mumbling", hidden=True, external_id="one")
    assert not found("mumbling")


@pytest.mark.parametrize(
    "query", ["école", "ÉCOLE", "é", "É", "боль", "БОЛЬ", "бо", "ο", "頭痛", "痛", "🙂", "ß", "ñ"]
)
def test_letters_of_every_alphabet_have_their_cases(found: Found, say: Say, query: str) -> None:
    say("À l'École: БОЛЬ Ομοίως 偏頭痛 🙂 Straße MAÑANA")
    assert found(query)


def test_more_than_eight_words_and_200_characters_are_cut(found: Found, say: Say) -> None:
    say("one two three four five six seven eight")
    assert found("one two three four five six seven eight nine")
    assert not found("one two three four five six seven nine")
    assert found("one" + " " * 200 + "nine")


@pytest.mark.parametrize("rare", [-1, looking.RARE], ids=["walking", "by the index"])
def test_whatever_was_said_is_found_by_its_own_words(
    alice: User, monkeypatch: pytest.MonkeyPatch, rare: int
) -> None:
    monkeypatch.setattr(looking, "RARE", rare)
    for text in filter(str.strip, HOSTILE_TEXTS):
        conversation = _converse(alice, "", [(text, "", False)])
        assert conversation.pk in _found(text), text
        assert not _found(f"unsaid {text}"), text
        conversation.delete()


def test_eight_words_cost_one_query_beside_the_page(conversation: Conversation, say: Say) -> None:
    say("one two three four five six seven eight")
    with CaptureQueriesContext(connection) as queries:
        assert list(search.matching(Conversation.objects.all(), "one two three four five six seven eight"))
    assert len(queries) == 2


def test_only_the_conversations_asked_about_are_searched(
    alice: User, bob: User, conversation: Conversation, say: Say
) -> None:
    say("My knee hurts")
    assert not search.matching(Conversation.objects.filter(user=bob), "knee").exists()
    assert list(search.matching(Conversation.objects.filter(user=alice), "knee")) == [conversation]


# --- Against a model ------------------------------------------------------------------------------------------------

_texts = st.text(alphabet="aAbBéÉжЖ頭 🙂%_\\\"'*?[]^-\n", max_size=12)
_turns = st.lists(st.tuples(_texts, _texts, st.booleans()), max_size=3)
_queries = st.lists(_texts, min_size=1, max_size=3)


def _expected(query: str) -> set[Any]:
    """What `matching` is to find, by reading everything."""
    return {
        conversation.pk
        for conversation in Conversation.objects.all()
        if all(any(word in text for text in _shown(conversation)) for word in query.lower().split()[:8])
    }


def _shown(conversation: Conversation) -> list[str]:
    texts = [conversation.title]
    for message in conversation.messages.filter(hidden=False):
        texts += (message.text, message.unheard_text)
    return [text.lower() for text in texts]


def _found(query: str) -> set[Any]:
    return set(search.matching(Conversation.objects.all(), query).values_list("pk", flat=True))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=st.lists(st.tuples(_texts, _turns), min_size=1, max_size=3),
    later=_texts,
    queries=_queries,
    rare=st.sampled_from((-1, looking.RARE)),
)
def test_search_finds_what_reading_finds_also_after_edits_and_deletes(
    alice: User,
    said: list[tuple[str, list[tuple[str, str, bool]]]],
    later: str,
    queries: list[str],
    rare: int,
) -> None:
    with transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(looking, "RARE", rare)
        for title, turns in said:
            _converse(alice, title, turns)
        asked = [*queries, later, later[1:5], *(turns[0][0][1:5] for _, turns in said if turns)]
        for change in (_nothing, _settle, _rename, _hide, _delete):
            change(later)
            assert {query: _found(query) for query in asked} == {query: _expected(query) for query in asked}
        transaction.set_rollback(True)


def _converse(user: User, title: str, turns: list[tuple[str, str, bool]]) -> Conversation:
    conversation = services.create_conversation(user=user, title=title)
    for number, (text, unheard, hidden) in enumerate((("", "", False), *turns)):
        services.append_message(
            conversation_id=conversation.pk,
            role="assistant",
            modality="audio",
            status="final" if number else "pending",
            text=text,
            unheard_text=unheard,
            hidden=hidden,
            external_id=f"item_{number}",
            spoken_at=datetime.now(UTC),
        )
    return conversation


def _nothing(later: str) -> None:
    """As it was said."""


def _settle(later: str) -> None:
    for conversation in Conversation.objects.all()[:2]:
        services.settle_message(
            conversation_id=conversation.pk, external_id="item_0", status="final", text=later
        )


def _rename(later: str) -> None:
    for conversation in Conversation.objects.all()[:1]:
        services.rename_conversation(conversation=conversation, title=later)


def _hide(later: str) -> None:
    Message.objects.filter(position=0).update(hidden=True)


def _delete(later: str) -> None:
    Message.objects.filter(position=1).delete()
    for conversation in Conversation.objects.all()[1:2]:
        services.delete_conversation(conversation=conversation)
