"""Every write to conversations and messages. Each function is one transaction and takes its arguments by name."""

import re
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from conversations.errors import ConversationNotFound
from conversations.models import Conversation, Message

_Status = Message.Status
_MAY_BECOME: dict[str, frozenset[str]] = {
    _Status.PENDING: frozenset({_Status.FINAL, _Status.INTERRUPTED, _Status.FAILED}),
    _Status.FAILED: frozenset({_Status.FINAL}),
    _Status.FINAL: frozenset({_Status.INTERRUPTED}),
    _Status.INTERRUPTED: frozenset(),  # but an estimate gives way to the player's word: _may_become
}

_TITLE_LENGTH = 60
# A sentence shorter than 15 characters ("Hi.", "Dr.") says nothing about what follows it.
_FIRST_SENTENCE = re.compile(rf"^.{{14,{_TITLE_LENGTH - 1}}}?(?=[.!?…](?:\s|$))[!?…]?")


@transaction.atomic(savepoint=False)
def create_conversation(*, user: User, title: str = "") -> Conversation:
    """Begin an empty conversation of `user`."""
    return Conversation.objects.create(user=user, title=storable(title))


@transaction.atomic
def rename_conversation(*, conversation: Conversation, title: str) -> Conversation:
    """Give it a title; an empty one is filled again by the next words of the person. Its place in the list stays.

    Raises ConversationNotFound when it is gone.
    """
    conversation.title = storable(title)
    if not Conversation.objects.filter(pk=conversation.pk).update(title=conversation.title):
        raise ConversationNotFound
    return conversation


@transaction.atomic
def delete_conversation(*, conversation: Conversation) -> None:
    """Delete it with every word in it. A session that still speaks in it meets ConversationNotFound."""
    # The lock lets an append that is under way finish first; otherwise its row could appear behind the cascade.
    Conversation.objects.select_for_update().filter(pk=conversation.pk).first()
    Conversation.objects.filter(pk=conversation.pk).delete()


def locked(conversation_id: UUID | str) -> Conversation:
    """The row, locked until the caller's transaction ends: nobody else writes a turn meanwhile. On SQLite the IMMEDIATE
    transaction is the lock. Raises ConversationNotFound when it is gone."""
    try:
        # Of all but its key. PostgreSQL locks the key for whoever changes a session of it twice, at commit and thus
        # after the session; a turn locks the session last. With the key in this lock the two would wait in a circle.
        return Conversation.objects.select_for_update(no_key=True).get(pk=conversation_id)
    except Conversation.DoesNotExist as error:
        raise ConversationNotFound from error


@transaction.atomic
def append_message(
    *,
    conversation_id: UUID | str,
    role: str,
    modality: str,
    status: str,
    text: str,
    unheard_text: str = "",
    heard_is_estimated: bool = False,
    hidden: bool = False,
    external_id: str | None = None,
    spoken_at: datetime,
) -> Message:
    """Write one turn at the next position, or settle the turn that already has this `external_id`.

    Saying the same twice changes nothing, and a settled turn only moves pending -> final | interrupted | failed,
    failed -> final, final -> interrupted, and interrupted by estimate -> interrupted as the player reported it; the
    words of a spoken turn of the person's may grow at their end. Anything else, typed words for a spoken turn included,
    leaves the row as it is. Raises ConversationNotFound when the conversation is gone and ValueError for a role,
    modality or status unknown.
    """
    words = _words(status, text, unheard_text, heard_is_estimated, hidden)
    fixed = {"role": Message.Role(role), "modality": Message.Modality(modality), "spoken_at": spoken_at}
    conversation = locked(conversation_id)
    known = _said_before(conversation, external_id)
    if known is None:
        return _place(conversation, external_id=_fitting(external_id), **fixed, **words)
    if known.role == Message.Role.USER and (known.role, known.modality) != (role, modality):
        # What was typed does not take the place of what was spoken, whatever the client calls it.
        return known
    return _settled(conversation, known, **words)


@transaction.atomic
def settle_message(
    *,
    conversation_id: UUID | str,
    external_id: str,
    status: str,
    text: str,
    unheard_text: str = "",
    heard_is_estimated: bool = False,
    hidden: bool = False,
) -> Message | None:
    """Settle the turn that already has this `external_id`, as `append_message` does; None when there is none."""
    conversation = locked(conversation_id)
    known = _said_before(conversation, external_id)
    if known is None:
        return None
    words = _words(status, text, unheard_text, heard_is_estimated, hidden)
    return _settled(conversation, known, **words)


@transaction.atomic
def fail_pending(*, external_id_prefix: str, conversation_id: UUID | str | None = None) -> int:
    """Settle as failed every pending turn whose external id begins with the prefix; answers how many there were.

    For turns whose session is over, so that no transcript will come any more.
    """
    if not external_id_prefix:
        raise ValueError("An empty prefix would fail the pending turns of everybody.")
    pending = Message.objects.filter(status=_Status.PENDING, external_id__startswith=external_id_prefix)
    if conversation_id is not None:
        pending = pending.filter(conversation_id=conversation_id)
    return pending.update(status=_Status.FAILED)


def _words(
    status: str, text: str, unheard_text: str, heard_is_estimated: bool, hidden: bool
) -> dict[str, Any]:
    return {
        "status": _Status(status),
        "text": storable(text),
        "unheard_text": storable(unheard_text),
        "heard_is_estimated": heard_is_estimated,
        "hidden": hidden,
    }


def _may_become(known: Message, status: Message.Status, heard_is_estimated: bool) -> bool:
    if known.status == status == _Status.INTERRUPTED:
        return known.heard_is_estimated and not heard_is_estimated
    return status in _MAY_BECOME[known.status]


def _says_more(known: Message, status: Message.Status, text: str) -> bool:
    """Whether somebody who was taken down went on: some recognisers tell a turn again with all of its words."""
    is_spoken = known.role == Message.Role.USER and known.modality == Message.Modality.AUDIO
    begins_so = len(text) > len(known.text) > 0 and text.startswith(known.text)
    return is_spoken and known.status == status == _Status.FINAL and begins_so


def _said_before(conversation: Conversation, external_id: str | None) -> Message | None:
    if external_id is None:
        return None
    return Message.objects.filter(conversation=conversation, external_id=_fitting(external_id)).first()


def _place(conversation: Conversation, **turn: Any) -> Message:
    """Write a turn at the next position."""
    message = Message.objects.create(conversation=conversation, position=conversation.message_count, **turn)
    conversation.message_count += 1
    _touch(conversation, message)
    return message


def _settled(conversation: Conversation, message: Message, **words: Any) -> Message:
    """Give a turn that has its place its words, unless it has them."""
    may_become = _may_become(message, words["status"], words["heard_is_estimated"])
    if not may_become and not _says_more(message, words["status"], words["text"]):
        return message
    for name, value in words.items():
        setattr(message, name, value)
    message.save(update_fields=tuple(words))
    _touch(conversation, message)
    return message


def _touch(conversation: Conversation, message: Message) -> None:
    """Note on the conversation that something was said, and what it is about if nothing says so yet."""
    if not conversation.title and message.role == Message.Role.USER and not message.hidden:
        conversation.title = title_of(message.text)
    conversation.save(update_fields=("message_count", "title", "updated_at"))


def title_of(text: str) -> str:
    """The first sentence, else the first words, in at most 60 characters."""
    line = " ".join(text.split())
    sentence = _FIRST_SENTENCE.match(line)
    if sentence:
        return sentence.group()
    if len(line) <= _TITLE_LENGTH:
        return line
    cut = line[:_TITLE_LENGTH]
    return (cut.rpartition(" ")[0] or cut[:-1]).rstrip(" ,;:-") + "…"


def storable(text: str) -> str:
    """A text as it is kept: without what databases refuse, NUL (PostgreSQL) and lone surrogates (no UTF-8 has them)."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _fitting(external_id: str | None) -> str | None:
    """The id as the column can hold it. Item ids are chosen by clients, so a long one ends in its digest."""
    if external_id is None:
        return None
    stored = storable(external_id)
    if len(stored) <= 200:
        return stored
    return f"{stored[:135]}:{sha256(stored.encode()).hexdigest()}"
