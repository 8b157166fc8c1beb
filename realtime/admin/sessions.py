"""Voice sessions for whoever looks after this server: who spoke, for how long, and what it used. Never a word of it."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.db.models import Case, QuerySet, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import date as dated
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from conversations.admin import DiscreetAdmin
from realtime import rows, services
from realtime.admin import usage_page
from realtime.admin.figures import (
    cost_in_words,
    cost_of,
    in_words,
    soon_in_words,
    tokens_in_words,
)
from realtime.models import VoiceSession
from realtime.selectors import seconds_of
from realtime.usage import by_modality, transcribed

END = "realtime.end_voicesession"


class ValueFilter(admin.AllValuesFieldListFilter):
    """The values that there are; what is not said is no choice."""

    def choices(self, changelist: Any) -> Any:
        return (choice for choice in super().choices(changelist) if choice["display"])


@admin.register(VoiceSession)
class VoiceSessionAdmin(DiscreetAdmin):
    """Nothing can be added, changed or taken away here: talking time is counted from these rows.

    They go with their account, and Django asks for the right to delete them then. Live ones can be ended.
    """

    # Two things to a column, so that the table fits beside the filters.
    list_display = ("opened", "condition", "engine", "spent", "held_in", "rated")
    list_filter = (
        "state",
        ("provider", ValueFilter),
        ("model", ValueFilter),
        ("end_reason", ValueFilter),
        "rating",
        "created_at",
    )
    list_select_related = ("user",)
    list_per_page = 50
    # The live ones first.
    ordering = (Case(When(state=VoiceSession.State.ENDED, then=1), default=0), "-created_at")
    search_fields = ("id", "user__username")
    search_help_text = "a person's name, or the id of a session"
    date_hierarchy = "created_at"
    show_full_result_count = False
    empty_value_display = "–"
    actions = ("end_live_sessions",)
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
        "answers",
        "first_audio",
        "cost",
        "rating",
    )
    readonly_fields = fields
    change_list_template = "admin/realtime/voicesession/change_list.html"
    change_form_template = "admin/realtime/voicesession/change_form.html"

    class Media:
        css = {"all": ("css/admin-usage.css",)}  # noqa: RUF012 - Django reads a plain dict here

    # --- columns and fields ---

    @admin.display(description="Created", ordering="created_at")
    def opened(self, session: VoiceSession) -> SafeString:
        return _two_lines(dated(session.created_at, "Y-m-d H:i"), session.user.get_username())

    @admin.display(description="State", ordering="end_reason")
    def condition(self, session: VoiceSession) -> SafeString:
        return _two_lines(session.end_reason or session.state, self.duration(session))

    @admin.display(description="Provider", ordering="provider")
    def engine(self, session: VoiceSession) -> SafeString:
        return _two_lines(session.provider, session.model)

    @admin.display(description="Cost", ordering="cost_usd")
    def spent(self, session: VoiceSession) -> SafeString:
        return _two_lines(self.cost(session), tokens_in_words(session))

    @admin.display(description="Conversation", ordering="conversation_id")
    def held_in(self, session: VoiceSession) -> SafeString:
        return _two_lines(
            self.conversation_link(session), "" if session.save_transcript else self.record(session)
        )

    @admin.display(description="Rating", ordering="rating")
    def rated(self, session: VoiceSession) -> str:
        return session.rating

    @admin.display(description="Conversation")
    def conversation_link(self, session: VoiceSession) -> SafeString | str:
        if session.conversation_id is None:
            return "deleted"
        # Not its title: that is made of what was said.
        page = reverse("admin:conversations_conversation_change", args=[session.conversation_id])
        return format_html('<a href="{}">{}</a>', page, str(session.conversation_id)[:8])

    @admin.display(description="Duration")
    def duration(self, session: VoiceSession) -> str:
        return in_words(seconds_of(session)) or "not opened"

    @admin.display(description="First sound of an answer")
    def first_audio(self, session: VoiceSession) -> str:
        usual, slowest = soon_in_words(session.first_audio_ms), soon_in_words(session.slowest_first_audio_ms)
        return f"after {usual} (median), {slowest or usual} at the slowest" if usual else "–"

    @admin.display(description="Estimated cost")
    def cost(self, session: VoiceSession) -> str:
        return cost_in_words(session)

    @admin.display(description="Words")
    def record(self, session: VoiceSession) -> str:
        return "kept" if session.save_transcript else "off the record"

    # --- who may what ---

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: VoiceSession | None = None) -> bool:
        return False

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Whether sessions may be ended; Django asks it of the action."""
        return request.user.has_perm(END)

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:
        # Django 5.2 knows one place for actions and does not ask for which of them.
        where = {} if action_location is None else {"action_location": action_location}
        actions: dict[str, Any] = super().get_actions(request, **where)
        return {name: action for name, action in actions.items() if name != "delete_selected"}

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        raise PermissionDenied

    # --- ending ---

    @admin.action(permissions=["end"], description="End live sessions")
    def end_live_sessions(self, request: HttpRequest, sessions: QuerySet[VoiceSession]) -> None:
        """End those of the chosen sessions that are not over, and say how many."""
        ended = _end(sessions, cast(User, request.user))
        if ended:
            what = "1 session was" if ended == 1 else f"{ended} sessions were"
            self.message_user(request, f"{what} told to end.", messages.SUCCESS)
        else:
            self.message_user(request, "Nothing to end: that was over already.", messages.WARNING)

    def end_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The button on a session's page."""
        self.check_view_permission(request)
        if not self.has_end_permission(request):
            raise PermissionDenied
        session = self.get_object(request, unquote(object_id))
        if session is None:
            raise Http404
        self.end_live_sessions(request, VoiceSession.objects.filter(pk=session.pk))
        return HttpResponseRedirect(reverse("admin:realtime_voicesession_change", args=[object_id]))

    # --- pages ---

    def get_urls(self) -> list[URLPattern]:
        enter = self.admin_site.admin_view
        return [
            path("usage/", enter(self.usage_view), name="realtime_voicesession_usage"),
            path(
                "<path:object_id>/end/",
                enter(require_POST(self.end_view)),
                name="realtime_voicesession_end",
            ),
            *super().get_urls(),
        ]

    def usage_view(self, request: HttpRequest) -> HttpResponse:
        """What the last days came to."""
        self.check_view_permission(request)
        context = self.admin_site.each_context(request) | {
            "title": "Usage",
            "opts": self.opts,
            "media": self.media,
        }
        return TemplateResponse(
            request,
            "admin/realtime/voicesession/usage.html",
            context | usage_page.contents(request.GET.dict()),
        )

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> VoiceSession | None:
        # What no id looks like may hold characters that a database refuses.
        return super().get_object(request, object_id, from_field) if object_id.isprintable() else None

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if "%00" in request.GET.urlencode() + request.POST.urlencode():
            raise BadRequest("No session has a NUL character in it.")
        return super().changelist_view(request, {"title": "Voice sessions"} | (extra_context or {}))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        self.check_view_permission(request)
        context = {"show_delete": False} | (extra_context or {})
        session = self.get_object(request, unquote(object_id))
        if session is not None:
            _, seconds = transcribed(session.usage)
            context |= {
                "usage": by_modality(session.usage),
                "transcribed": in_words(seconds or None),
                "is_estimated": cost_of(session) is not None,
                "can_be_ended": session.state != VoiceSession.State.ENDED
                and self.has_end_permission(request),
            }
        return super().change_view(request, object_id, form_url, context)


@transaction.atomic
def _end(sessions: QuerySet[VoiceSession], staff: User) -> int:
    """End those that are not over, and log who did; how many there were."""
    chosen = VoiceSession.objects.filter(pk__in=sessions.values("pk"))
    # Locked first, so that what is logged is what is ended here, and not what somebody else ends meanwhile.
    not_over = rows.locked(chosen.exclude(state=VoiceSession.State.ENDED))
    living = VoiceSession.objects.filter(pk__in=not_over)
    ended = services.end_now(sessions=living, reason="ended_by_admin")
    LogEntry.objects.log_actions(staff.pk, living, CHANGE, "Ended.")
    return ended


def _two_lines(first: str, second: str) -> SafeString:
    return format_html('{}<span class="second quiet">{}</span>', first, second)
