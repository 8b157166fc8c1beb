"""The admin of conversations with what sessions know of them: the sessions themselves, and filters by them."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse

from conversations.admin import ConversationAdmin
from conversations.models import Conversation
from realtime.admin.figures import cost_in_words, in_words, tokens_in_words
from realtime.models import VoiceSession
from realtime.selectors import seconds_of

SESSIONS_SHOWN = 20
"""How many sessions a conversation's page lists; the rest are one click away."""
FILTERED_BY = ("provider", "model", "end_reason")


class SessionFilter(admin.SimpleListFilter):
    """Conversations with a session that has this value in `column`, and what the filters beside it ask for as well."""

    column: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        column = FILTERED_BY.index(self.column)
        return [(value, value) for value in sorted({row[column] for row in _seen(request)}) if value]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Conversation]
    ) -> QuerySet[Conversation] | None:
        if self.value() is None:
            return None
        # What is not among the choices, no session has; and some of it no database takes.
        if self.value() not in dict(self.lookup_choices):
            return queryset.none()
        wanted = {
            name: request.GET[f"session_{name}"] for name in FILTERED_BY if f"session_{name}" in request.GET
        }
        return queryset.filter(Exists(VoiceSession.objects.filter(conversation=OuterRef("pk"), **wanted)))


def _seen(request: HttpRequest) -> list[tuple[str, str, str]]:
    """What sessions there are by provider, model and end, asked once for the three filters of a page."""
    kept = vars(request)
    if "sessions_seen" not in kept:
        kept["sessions_seen"] = list(VoiceSession.objects.order_by().values_list(*FILTERED_BY).distinct())
    found: list[tuple[str, str, str]] = kept["sessions_seen"]
    return found


class ProviderFilter(SessionFilter):
    title, parameter_name, column = "provider", "session_provider", "provider"


class ModelFilter(SessionFilter):
    title, parameter_name, column = "model", "session_model", "model"


class EndReasonFilter(SessionFilter):
    title, parameter_name, column = "end of a session", "session_end_reason", "end_reason"


admin.site.unregister(Conversation)


@admin.register(Conversation)
class ConversationWithSessionsAdmin(ConversationAdmin):
    """A conversation with the sessions it was held in, for those who may see sessions."""

    change_form_template = "admin/realtime/conversation_change_form.html"

    class Media:
        css = {"all": ("css/admin-usage.css",)}  # noqa: RUF012 - Django reads a plain dict here

    def get_list_filter(self, request: HttpRequest) -> Any:
        filters = (*super().get_list_filter(request),)
        if request.user.has_perm("realtime.view_voicesession"):
            filters += (ProviderFilter, ModelFilter, EndReasonFilter)
        return filters

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if request.user.has_perm("realtime.view_voicesession"):
            context |= _sessions_of(context["original"])
        return super().render_change_form(request, context, *args, **kwargs)


def _sessions_of(conversation: Conversation) -> dict[str, Any]:
    rows = VoiceSession.objects.filter(conversation=conversation, started_at__isnull=False)
    newest = list(rows.order_by("-started_at")[: SESSIONS_SHOWN + 1])
    sessions = [
        {
            "row": row,
            "duration": in_words(seconds_of(row)),
            "cost": cost_in_words(row),
            "tokens": tokens_in_words(row),
        }
        for row in newest[:SESSIONS_SHOWN]
    ]
    return {"sessions": sessions, "has_more_sessions": len(newest) > SESSIONS_SHOWN}
