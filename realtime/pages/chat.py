"""The chat page. What is remembered is rendered here and readable without scripts; the browser adds the speaking."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from conversations import selectors
from conversations.errors import ConversationNotFound
from conversations.models import Conversation, Message
from realtime.pages.wiring import ANY_ID, honest_label, page_config
from realtime.providers.registry import describe

MESSAGES_PER_PAGE = 200
LISTED_CONVERSATIONS = 100

_TO_A_MODEL = (
    gettext_lazy("How do I prepare for a visit to my doctor?"),
    gettext_lazy("What do the two numbers of a blood pressure mean?"),
    gettext_lazy("What helps with falling asleep?"),
)
_TO_THE_RESPONDER = ("What is twelve plus thirty?", "What time is it?", "Say good morning.")
"""It understands English alone, so these stay as they are."""


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
    # One more than is shown tells whether there are more.
    listed = list(selectors.list_conversations(user)[: LISTED_CONVERSATIONS + 1])
    who = describe(settings.REALTIME)
    context = {
        "conversation": conversation,
        "messages_shown": excerpt.messages,
        "earlier": excerpt.earlier,
        # Behind an excerpt from the past nothing can be added: what is said next belongs to the end.
        "is_past": before is not None,
        "groups": _by_age(listed[:LISTED_CONVERSATIONS], timezone.localdate()),
        "has_more_conversations": len(listed) > LISTED_CONVERSATIONS,
        "provider_label": honest_label(who),
        "is_language_model": who.is_language_model,
        "examples": _TO_A_MODEL if who.is_language_model else _TO_THE_RESPONDER,
        "turn_detections": who.turn_detection,
        "voice_problem": who.voice_problem,
        "realtime_enabled": settings.REALTIME.enabled,
        "conversation_pattern": reverse("conversation", args=[ANY_ID]),
        "export_pattern": reverse("conversation-export", args=[ANY_ID]),
        "page_config": {
            **page_config(),
            "enabled": settings.REALTIME.enabled and before is None,
            "conversationId": str(conversation.pk) if conversation else "",
        },
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
            heading = gettext("Today")
        elif today - day < timedelta(days=7):
            heading = gettext("This week")
        else:
            heading = gettext("Earlier")
        groups.setdefault(heading, []).append(conversation)
    return list(groups.items())
