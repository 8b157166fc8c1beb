"""What was found is shown where it was said: a short piece of it, of what is shown, on both databases alike."""

import pytest
from django.contrib.auth.models import User

from conversations import search, services
from conversations.models import Conversation, Message
from conversations.search.excerpts import LONGEST
from conversations.search.query import words_of
from tests.conversations.conftest import Say
from tests.support.hostile_texts import HOSTILE_TEXTS

pytestmark = pytest.mark.django_db

LONG = " ".join(f"word{number:02d}" for number in range(60))


@pytest.fixture
def conversation(conversation: Conversation) -> Conversation:
    return services.rename_conversation(conversation=conversation, title="About stairs")


def excerpt(conversation: Conversation, query: str) -> str | None:
    return search.excerpts([conversation], query).get(conversation.pk)


def test_it_is_of_the_first_message_that_has_the_words(conversation: Conversation, say: Say) -> None:
    say("Good morning")
    say("My knee hurts", role="assistant")
    say("The knee again")
    assert excerpt(conversation, "KNEE") == excerpt(conversation, "my knee") == "My knee hurts"


def test_words_said_together_are_shown_rather_than_the_first_of_them(
    conversation: Conversation, say: Say
) -> None:
    say("My knee hurts")
    say("since yesterday")
    say("that knee, yesterday")
    assert excerpt(conversation, "knee yesterday") == "that knee, yesterday"
    assert excerpt(conversation, "hurts yesterday") == "My knee hurts"


def test_what_the_title_says_already_is_not_shown(conversation: Conversation, say: Say) -> None:
    say("Stairs, I say")
    say("My knee hurts")
    assert excerpt(conversation, "STAIR") is None
    assert excerpt(conversation, "stair knee") == "My knee hurts"
    assert excerpt(conversation, "stair knee morning") == "My knee hurts"


@pytest.mark.parametrize("query", ["", "  ", "\0"])
def test_who_looks_for_nothing_is_shown_nothing(conversation: Conversation, say: Say, query: str) -> None:
    say("My knee hurts")
    assert excerpt(conversation, query) is None


def test_hidden_and_deleted_messages_are_not_shown(conversation: Conversation, say: Say) -> None:
    say("knee, hidden", hidden=True)
    say("knee, deleted")
    Message.objects.filter(text="knee, deleted").delete()
    assert excerpt(conversation, "knee") is None
    say("knee, shown")
    assert excerpt(conversation, "knee") == "knee, shown"


def test_what_was_not_heard_is_found_and_shown_too(conversation: Conversation, say: Say) -> None:
    say("It is", role="assistant", status="interrupted", unheard_text="the knee.")
    assert excerpt(conversation, "knee") == "It is the knee."


def test_each_conversation_has_its_own_words_only(
    alice: User, bob: User, conversation: Conversation, say: Say
) -> None:
    others = services.create_conversation(user=bob)
    say("Bob's knee", conversation_id=others.pk)
    say("Alice's knee")
    assert search.excerpts([conversation], "knee") == {conversation.pk: "Alice's knee"}


@pytest.mark.parametrize(
    ("query", "begins", "ends"),
    [
        ("word00", "word00 word01", "word15 word16…"),
        ("word30", "…word25 word26", "word39 word40…"),
        ("ord30", "…word25 word26", "word39 word40…"),
        ("word59", "…word43 word44", "word58 word59"),
    ],
)
def test_a_long_message_is_cut_between_words_around_what_was_found(
    conversation: Conversation, say: Say, query: str, begins: str, ends: str
) -> None:
    say(LONG)
    shown = excerpt(conversation, query)
    assert shown is not None
    assert len(shown) <= LONGEST
    assert query in shown
    assert shown.startswith(begins)
    assert shown.endswith(ends)


@pytest.mark.parametrize("query", ["頭痛", "x" * 199])
def test_where_nothing_stands_between_words_it_is_cut_all_the_same(
    conversation: Conversation, say: Say, query: str
) -> None:
    say(f"{'偏' * 300}{query}{'偏' * 300}")
    shown = excerpt(conversation, query)
    assert shown is not None
    assert len(shown) == LONGEST
    assert query[: LONGEST // 2] in shown
    assert shown[0] == shown[-1] == "…"


def test_lines_become_one(conversation: Conversation, say: Say) -> None:
    say("My\n\n knee\thurts")
    assert excerpt(conversation, "hurts") == "My knee hurts"


@pytest.mark.parametrize("query", ["ÉCOLE", "боль", "straße"])
def test_letters_of_every_alphabet_are_shown_where_they_stand(
    conversation: Conversation, say: Say, query: str
) -> None:
    say(f"{LONG} À l'École: БОЛЬ Straße {LONG}")
    assert query.lower() in (excerpt(conversation, query) or "").lower()


def test_whatever_was_said_is_shown_for_its_own_words(conversation: Conversation, say: Say) -> None:
    services.rename_conversation(conversation=conversation, title="§")
    for text in filter(words_of, HOSTILE_TEXTS):
        message = say(f"{LONG} {text} {LONG}")
        shown = excerpt(conversation, text)
        assert shown is not None, text
        assert len(shown) <= LONGEST, text
        assert any(word[:10].lower() in shown.lower() for word in words_of(text)), text
        message.delete()


def test_a_long_message_is_shown_where_most_of_the_words_stand_together(
    conversation: Conversation, say: Say
) -> None:
    say(f"An o in {LONG} and my own knee, o dear, {LONG}")
    shown = excerpt(conversation, "o knee dear")
    assert shown is not None
    assert "knee, o dear" in shown
