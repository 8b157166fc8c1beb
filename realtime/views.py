"""The chat pages. What is remembered is rendered here and readable without scripts; the browser adds the speaking."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from conversations import selectors
from conversations.errors import ConversationNotFound
from conversations.models import Conversation, Message
from realtime.providers.base import Description
from realtime.providers.registry import describe

MESSAGES_PER_PAGE = 200
LISTED_CONVERSATIONS = 100
_ANY_ID = UUID(int=0)
"""Stands for an id in addresses that the browser completes."""


@dataclass(frozen=True, slots=True)
class _Excerpt:
    """The part of a conversation that one page shows, in spoken order."""

    messages: list[Message]
    earlier: int | None
    """The position before which there is more; None when this is the beginning."""


@login_required
@require_safe
@ensure_csrf_cookie
def chat(request: HttpRequest, conversation_id: UUID | None = None) -> HttpResponse:
    """The chat page: a new conversation, or the one with this id if it is the caller's own."""
    user = request.user
    if not isinstance(user, User):
        raise Http404
    conversation = _own_conversation(user, conversation_id) if conversation_id else None
    before = _position(request.GET.get("before"))
    excerpt = _excerpt(conversation, before) if conversation else _Excerpt([], None)
    listed = list(selectors.list_conversations(user)[:LISTED_CONVERSATIONS])
    who = describe(settings.REALTIME)
    context = {
        "conversation": conversation,
        "messages_shown": excerpt.messages,
        "earlier": excerpt.earlier,
        # Behind an excerpt from the past nothing can be added: what is said next belongs to the end.
        "is_past": before is not None,
        "groups": _by_age(listed, timezone.localdate()),
        "provider_label": _honest_label(who),
        "is_language_model": who.is_language_model,
        "voice_problem": who.voice_problem,
        "realtime_enabled": settings.REALTIME.enabled,
        "conversation_pattern": reverse("conversation", args=[_ANY_ID]),
        "page_config": _page_config(conversation, live=settings.REALTIME.enabled and before is None),
    }
    return render(request, "chat.html", context)


def _own_conversation(user: User, conversation_id: UUID) -> Conversation:
    try:
        return selectors.get_conversation(user, conversation_id)
    except ConversationNotFound as error:
        raise Http404(error.detail) from error


def _excerpt(conversation: Conversation, before: int | None) -> _Excerpt:
    """The last messages, or the last ones before a position."""
    messages = selectors.messages_of(conversation)
    if before is not None:
        messages = messages.filter(position__lt=before)
    newest_first = list(messages.order_by("-position")[: MESSAGES_PER_PAGE + 1])
    shown = newest_first[:MESSAGES_PER_PAGE][::-1]
    return _Excerpt(shown, shown[0].position if len(newest_first) > MESSAGES_PER_PAGE else None)


def _position(value: str | None) -> int | None:
    # Ten digits are more turns than anybody says, and fewer than the database can compare.
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 10 else None


def _by_age(conversations: Iterable[Conversation], today: date) -> list[tuple[str, list[Conversation]]]:
    """Conversations under "Today", "This week" and "Earlier", in the order they come in."""
    groups: dict[str, list[Conversation]] = {}
    for conversation in conversations:
        day = timezone.localdate(conversation.updated_at)
        if day >= today:
            heading = "Today"
        elif today - day < timedelta(days=7):
            heading = "This week"
        else:
            heading = "Earlier"
        groups.setdefault(heading, []).append(conversation)
    return list(groups.items())


def _honest_label(who: Description) -> str:
    if who.is_language_model or "no language model" in who.label.lower():
        return who.label
    return f"{who.label} (no language model)"


def _page_config(conversation: Conversation | None, *, live: bool) -> dict[str, Any]:
    """What the page's scripts need to know, as data."""
    return {
        "enabled": live,
        "conversationId": str(conversation.pk) if conversation else "",
        "conversationUrl": reverse("conversation", args=[_ANY_ID]),
        "sessionUrl": reverse("realtime-session").rstrip("/"),
        "conversationsUrl": reverse("conversation-list").rstrip("/") + "/",
        "loginUrl": reverse("login"),
        "csrfCookie": settings.CSRF_COOKIE_NAME,
        "worklets": {
            "capture": static("js/voice/worklets/capture-processor.js"),
            "playback": static("js/voice/worklets/playback-processor.js"),
        },
    }
