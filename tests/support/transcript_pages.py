"""Conversations in the admin as tests meet them: who looks, what is read there, and the buttons that are pressed."""

import re
from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client

from conversations.models import Conversation, Review

CONVERSATIONS = "/admin/conversations/conversation/"


def superuser_at(client: Client) -> Client:
    """Somebody who may do everything, signed in."""
    client.force_login(User.objects.create_superuser("root"))
    return client


def staff_at(client: Client, *permissions: str) -> Client:
    """Staff with these permissions of conversations and no others, signed in."""
    staff = User.objects.create_user("staff", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(staff)
    return client


def page_of(reader: Client, conversation: Conversation, query: str = "") -> str:
    """The page of a conversation."""
    response = reader.get(f"{CONVERSATIONS}{conversation.pk}/change/{query}")
    assert response.status_code == 200
    return response.content.decode()


def words_of(page: str, part: str = "<main") -> str:
    """What is read on a page from there on."""
    return " ".join(re.sub(r"^[^>]*>|<[^>]+>", " ", page.partition(part)[2]).split())


def listed(reader: Client, query: str = "") -> str:
    """What is read in the table of the list."""
    response = reader.get(f"{CONVERSATIONS}{query}")
    assert response.status_code == 200
    return words_of_the_list(response.content.decode())


def words_of_the_list(page: str) -> str:
    """What is read in a list's table; its filters stand before or after it, as the Django at hand has it."""
    begins, ends = 'id="result_list"', "</table>"
    return words_of(begins + page.partition(begins)[2].partition(ends)[0], begins)


def review(reader: Client, conversation: Conversation, do: str, query: str = "", **form: Any) -> Any:
    """Press a button of the review panel, as it is sent by a page that shows what is kept now."""
    kept = Review.objects.filter(conversation=conversation).first()
    notes = kept.notes if kept else ""
    turns = Conversation.objects.get(pk=conversation.pk).message_count
    sent = {"do": do, "turns": turns, "notes": notes, "notes_shown": notes} | form
    return reader.post(f"{CONVERSATIONS}{conversation.pk}/review/{query}", sent)


def act(reader: Client, action: str, *conversations: Conversation, query: str = "", **form: Any) -> Any:
    """Do something to those that were selected in the list."""
    chosen = [str(each.pk) for each in conversations]
    sent = {"action": action, "_selected_action": chosen, "index": 0} | form
    return reader.post(f"{CONVERSATIONS}{query}", sent)
