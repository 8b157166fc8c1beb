"""Writing down what was said: once, in order, and only forward."""

import uuid

import pytest
from django.contrib.auth.models import User

from conversations import services
from conversations.errors import ConversationNotFound
from conversations.models import Conversation, Message
from tests.conversations.conftest import Say

pytestmark = pytest.mark.django_db


def test_turns_take_dense_positions_from_zero(conversation: Conversation, say: Say) -> None:
    assert [say(f"turn {number}").position for number in range(3)] == [0, 1, 2]
    conversation.refresh_from_db()
    assert conversation.message_count == 3


def test_hidden_turns_keep_their_place(say: Say) -> None:
    say("before")
    say("", hidden=True)
    assert say("after").position == 2


def test_saying_the_same_twice_writes_one_row(conversation: Conversation, say: Say) -> None:
    first = say("Good morning", external_id="rtc_1:item_a")
    again = say("Good morning", external_id="rtc_1:item_a")
    conversation.refresh_from_db()
    assert again.pk == first.pk
    assert conversation.message_count == conversation.messages.count() == 1


def test_the_same_item_id_in_another_session_is_another_turn(say: Say) -> None:
    first = say(external_id="rtc_1:item_a")
    assert say(external_id="rtc_2:item_a").pk != first.pk


def test_messages_without_an_external_id_do_not_collide(say: Say) -> None:
    assert say("one").pk != say("one").pk


@pytest.mark.parametrize("settled", ["final", "interrupted", "failed"])
def test_a_pending_turn_is_settled_in_its_place(say: Say, settled: str) -> None:
    pending = say("", status="pending", external_id="rtc_1:item_a")
    say("said after it", external_id="rtc_1:item_b")
    message = say("go forward ten meters", status=settled, external_id="rtc_1:item_a")
    assert (message.pk, message.position, message.status) == (pending.pk, 0, settled)
    assert Message.objects.get(pk=pending.pk).text == "go forward ten meters"


def test_a_late_transcript_replaces_a_failed_one(say: Say) -> None:
    say("", status="failed", external_id="rtc_1:item_a")
    assert say("it came after all", external_id="rtc_1:item_a").status == "final"


def test_an_answer_found_to_be_interrupted_keeps_the_unheard_apart(say: Say) -> None:
    say("One two three four.", role="assistant", external_id="rtc_1:item_a")
    say(
        "One two",
        role="assistant",
        status="interrupted",
        unheard_text=" three four.",
        heard_is_estimated=True,
        external_id="rtc_1:item_a",
    )
    stored = Message.objects.get()
    assert (stored.status, stored.text, stored.unheard_text) == ("interrupted", "One two", " three four.")
    assert stored.heard_is_estimated


def test_an_estimate_of_what_was_heard_gives_way_to_the_players_word_once(say: Say) -> None:
    cut = {"role": "assistant", "status": "interrupted", "external_id": "rtc_1:item_a"}
    say("One two three", unheard_text="four", heard_is_estimated=True, **cut)
    say("One two", unheard_text="three four", **cut)
    say("One", unheard_text="two three four", **cut)
    stored = Message.objects.get()
    assert (stored.text, stored.unheard_text, stored.heard_is_estimated) == ("One two", "three four", False)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("final", "pending"),
        ("final", "failed"),
        ("final", "final"),
        ("interrupted", "final"),
        ("interrupted", "failed"),
        ("failed", "pending"),
        ("failed", "interrupted"),
        ("pending", "pending"),
    ],
)
def test_a_settled_turn_never_goes_back(say: Say, before: str, after: str) -> None:
    say("the first words", status=before, external_id="rtc_1:item_a")
    answered = say("other words", status=after, unheard_text="more", external_id="rtc_1:item_a")
    stored = Message.objects.get()
    for message in (answered, stored):
        assert (message.status, message.text, message.unheard_text) == (before, "the first words", "")


@pytest.mark.parametrize("wrong", [{"status": "done"}, {"role": "system"}, {"modality": "video"}])
def test_a_word_outside_the_vocabulary_is_refused_and_nothing_is_written(
    conversation: Conversation, say: Say, wrong: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match="is not a valid"):
        say(**wrong)
    conversation.refresh_from_db()
    assert conversation.message_count == conversation.messages.count() == 0


def test_a_deleted_conversation_is_said_to_be_gone(conversation: Conversation, say: Say) -> None:
    services.delete_conversation(conversation=conversation)
    with pytest.raises(ConversationNotFound):
        say()


def test_a_conversation_that_never_was_is_said_to_be_gone(conversation: Conversation, say: Say) -> None:
    with pytest.raises(ConversationNotFound):
        say(conversation_id=uuid.uuid4())


def test_deleting_takes_every_word_along(conversation: Conversation, say: Say) -> None:
    say("a secret")
    services.delete_conversation(conversation=conversation)
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()


def test_what_no_database_can_hold_is_left_out(say: Say) -> None:
    message = say("nul \0 and half \ud83d an emoji", unheard_text="\udfff", external_id="rtc_1:\0item")
    message.refresh_from_db()
    assert (message.text, message.unheard_text, message.external_id) == (
        "nul  and half ? an emoji",
        "?",
        "rtc_1:item",
    )


def test_item_ids_of_any_length_are_told_apart(say: Say) -> None:
    endless = "rtc_1:" + "x" * 5000
    first = say("one", external_id=endless)
    assert say("two", external_id=endless + "y").pk != first.pk
    assert say("one", external_id=endless).pk == first.pk
    assert services.fail_pending(external_id_prefix="rtc_1:") == 0


def test_saying_something_moves_a_conversation_and_repeating_it_does_not(
    conversation: Conversation, say: Say
) -> None:
    begun = conversation.updated_at
    say(external_id="rtc_1:item_a")
    conversation.refresh_from_db()
    said = conversation.updated_at
    say(external_id="rtc_1:item_a")
    conversation.refresh_from_db()
    assert begun < said == conversation.updated_at


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("I have a headache since Monday. It is worse at night.", "I have a headache since Monday"),
        ("Is that dangerous for me? I worry.", "Is that dangerous for me?"),
        ("Hi. Tell me about vitamin D", "Hi. Tell me about vitamin D"),
        ("  go   forward\nten meters ", "go forward ten meters"),
        ("word " * 30, "word word word word word word word word word word word word…"),
        ("x" * 80, "x" * 59 + "…"),
        ("Take 3.5 milligrams of it twice a day", "Take 3.5 milligrams of it twice a day"),
    ],
)
def test_the_title_is_what_the_person_said_first(
    conversation: Conversation, say: Say, text: str, title: str
) -> None:
    say("Good morning, how can I help?", role="assistant")
    say("", hidden=True)
    say(text)
    say("Something else entirely")
    conversation.refresh_from_db()
    assert conversation.title == title
    assert len(conversation.title) <= 60


def test_a_title_waits_for_the_transcript(conversation: Conversation, say: Say) -> None:
    say("", status="pending", external_id="rtc_1:item_a")
    say("My knee hurts", external_id="rtc_1:item_a")
    conversation.refresh_from_db()
    assert conversation.title == "My knee hurts"


def test_a_given_title_stays_and_renaming_is_not_saying(conversation: Conversation, say: Say) -> None:
    say("My knee hurts")
    conversation.refresh_from_db()
    before = conversation.updated_at
    services.rename_conversation(conversation=conversation, title="Knee")
    say("still", external_id=None)
    conversation.refresh_from_db()
    assert conversation.title == "Knee"
    services.rename_conversation(conversation=conversation, title="Left knee")
    moved = conversation.updated_at
    conversation.refresh_from_db()
    assert before < moved == conversation.updated_at


def test_pending_turns_of_an_ended_session_fail_and_no_others(
    conversation: Conversation, say: Say, bob: User
) -> None:
    say("", status="pending", external_id="rtc_1:item_a")
    say("", status="pending", external_id="rtc_10:item_a")
    say("settled", external_id="rtc_1:item_b")
    elsewhere = services.create_conversation(user=bob)
    say("", status="pending", external_id="rtc_1:item_c", conversation_id=elsewhere.pk)
    assert services.fail_pending(external_id_prefix="rtc_1:", conversation_id=conversation.pk) == 1
    statuses = dict(Message.objects.values_list("external_id", "status"))
    assert statuses == {
        "rtc_1:item_a": "failed",
        "rtc_10:item_a": "pending",
        "rtc_1:item_b": "final",
        "rtc_1:item_c": "pending",
    }
    assert services.fail_pending(external_id_prefix="rtc_1:") == 1


def test_failing_everybodys_pending_turns_at_once_is_refused(say: Say) -> None:
    say("", status="pending", external_id="rtc_1:item_a")
    with pytest.raises(ValueError, match="everybody"):
        services.fail_pending(external_id_prefix="")
    assert Message.objects.get().status == "pending"


def test_the_words_of_a_spoken_turn_may_grow_at_their_end_and_change_in_no_other_way(say: Say) -> None:
    for text in ("Hello.", "Hello. My name", "Hello.", "Goodbye. My name is Ana.", "Hello. My name is Ana."):
        say(text, modality="audio", external_id="rtc_1:item_a")
    assert Message.objects.get().text == "Hello. My name is Ana."


@pytest.mark.parametrize(("role", "modality"), [("assistant", "audio"), ("user", "text")])
def test_what_was_answered_or_typed_does_not_grow(say: Say, role: str, modality: str) -> None:
    for text in ("Hello.", "Hello. My name"):
        say(text, role=role, modality=modality, external_id="rtc_1:item_a")
    assert Message.objects.get().text == "Hello."


def test_settling_gives_a_known_turn_its_words_and_makes_no_new_one(
    conversation: Conversation, say: Say
) -> None:
    say("", status="pending", external_id="rtc_1:item_a")

    def settle(external_id: str, text: str) -> Message | None:
        return services.settle_message(
            conversation_id=conversation.pk, external_id=external_id, status="final", text=text
        )

    assert settle("rtc_1:item_b", "unknown") is None
    settled = settle("rtc_1:item_a", "Hello\0")
    assert settled is not None
    assert (settled.position, settled.status, settled.text) == (0, "final", "Hello")
    settle("rtc_1:item_a", "other words")
    assert [message.text for message in Message.objects.all()] == ["Hello"]
    conversation.refresh_from_db()
    assert (conversation.message_count, conversation.title) == (1, "Hello")
