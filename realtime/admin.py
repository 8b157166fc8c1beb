"""Voice sessions for whoever looks after this server: who spoke, for how long, and what it used. Never a word of it."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from conversations.admin import ConversationAdmin
from conversations.models import Conversation
from realtime.config import RealtimeConfig
from realtime.models import VoiceSession
from realtime.usage import by_modality, transcribed

EMBEDDED = "embedded"
"""The engine of this house has no price."""
SESSIONS_SHOWN = 20
"""How many sessions a conversation's page lists; the rest are one click away."""


@admin.register(VoiceSession)
class VoiceSessionAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # generic in its stubs only
    """Nothing can be added, changed or taken away here: talking time is counted from these rows.

    They go with their account or conversation, and Django asks for the right to delete them then.
    """

    list_display = (
        "created_at",
        "user",
        "conversation_link",
        "end",
        "duration",
        "cost",
        "record",
        "model",
    )
    # Its provider is a filter, its id on its own page, its day above the list: the table has to fit beside the filters.
    list_filter = ("state", "provider", "end_reason")
    list_select_related = ("user",)
    list_per_page = 50
    search_fields = ("id", "user__username")
    search_help_text = "a person's name, or the id of a session"
    date_hierarchy = "created_at"
    show_full_result_count = False
    empty_value_display = "–"
    actions = None
    fields = (
        "id",
        "user",
        "conversation_link",
        "record",
        "state",
        "end_reason",
        "provider",
        "model",
        "transcription_model",
        "voice",
        "language",
        "output",
        "turn_detection",
        "created_at",
        "started_at",
        "ended_at",
        "duration",
        "cost",
    )
    readonly_fields = fields
    change_form_template = "admin/realtime/voicesession/change_form.html"

    @admin.display(description="Conversation", ordering="conversation_id")
    def conversation_link(self, session: VoiceSession) -> SafeString:
        # Not its title: that is made of what was said.
        page = reverse("admin:conversations_conversation_change", args=[session.conversation_id])
        return format_html('<a href="{}">{}</a>', page, str(session.conversation_id)[:8])

    @admin.display(description="Duration")
    def duration(self, session: VoiceSession) -> str:
        return in_words(seconds_of(session)) or "not opened"

    @admin.display(description="Estimated cost")
    def cost(self, session: VoiceSession) -> str:
        return cost_in_words(session)

    @admin.display(description="Words", ordering="save_transcript")
    def record(self, session: VoiceSession) -> str:
        return "kept" if session.save_transcript else "off the record"

    @admin.display(description="State or end", ordering="end_reason")
    def end(self, session: VoiceSession) -> str:
        return session.end_reason or session.state

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: VoiceSession | None = None) -> bool:
        return False

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        raise PermissionDenied

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"show_delete": False} | (extra_context or {})
        session = self.get_object(request, unquote(object_id))
        if session is not None:
            _, seconds = transcribed(session.usage)
            context |= {"usage": by_modality(session.usage), "transcribed": in_words(seconds or None)}
            context["is_estimated"] = estimated_cost_of(session) is not None
        return super().change_view(request, object_id, form_url, context)


admin.site.unregister(Conversation)


@admin.register(Conversation)
class ConversationWithSessionsAdmin(ConversationAdmin):
    """A conversation with the sessions it was held in, for those who may see sessions."""

    change_form_template = "admin/realtime/conversation_change_form.html"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = dict(extra_context or {})
        conversation = self.get_object(request, object_id)
        if conversation is not None and request.user.has_perm("realtime.view_voicesession"):
            context |= _sessions_of(conversation)
        return super().change_view(request, object_id, form_url, context)


def _sessions_of(conversation: Conversation) -> dict[str, Any]:
    rows = VoiceSession.objects.filter(conversation=conversation, started_at__isnull=False)
    newest = list(rows.order_by("-started_at")[: SESSIONS_SHOWN + 1])
    sessions = [
        {
            "row": row,
            "duration": in_words(seconds_of(row)),
            "usage": by_modality(row.usage),
            "cost": cost_in_words(row),
        }
        for row in newest[:SESSIONS_SHOWN]
    ]
    return {"sessions": sessions, "has_more_sessions": len(newest) > SESSIONS_SHOWN}


def seconds_of(session: VoiceSession) -> float | None:
    """How long it was open, so far if it still is; None when it never was."""
    if session.started_at is None:
        return None
    # One that waits for its client to come back ended, if it did, when the client was lost.
    until = session.ended_at or session.client_lost_at or timezone.now()
    return max(0.0, (until - session.started_at).total_seconds())


def cost_in_words(session: VoiceSession) -> str:
    """The estimate as it is shown, small ones with the places that still say something."""
    amount = estimated_cost_of(session)
    if amount is None:
        return "not known" if session.usage and session.provider != EMBEDDED else "–"
    return f"about ${amount:.2f}" if amount >= 1 else f"about ${amount:.4f}"


def estimated_cost_of(session: VoiceSession) -> float | None:
    """None where nothing was used, or no price is known."""
    config: RealtimeConfig = settings.REALTIME
    return session.estimated_cost(config.prices) if session.usage else None


def in_words(seconds: float | None) -> str | None:
    """`1 h 02 min`, `2 min 05 s`, `7 s`."""
    if seconds is None:
        return None
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_left:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
