"""Who has looked at whose words: a list that is read, and to which nobody adds, superusers included."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from conversations.admin.discretion import DiscreetAdmin
from conversations.admin.filters import ActorFilter, LookedFilter
from conversations.models import AccessedTranscript, Conversation, TranscriptAccess

TRANSCRIPTS_PER_PAGE = 200


@admin.register(TranscriptAccess)
class TranscriptAccessAdmin(DiscreetAdmin):
    """Each look at transcripts: by whom, at which, when and from where. Ids and lengths, and no word of any."""

    list_display = ("when", "who", "action", "transcripts_shown", "via", "address")
    list_filter = (ActorFilter, LookedFilter, "action", "via")
    list_per_page = 50
    search_fields = ("actor__username",)
    search_help_text = "the name of who looked, or the whole id of a conversation"
    show_full_result_count = False
    empty_value_display = "–"
    show_facets = admin.ShowFacets.NEVER
    actions = None
    fields = ("when", "who", "action", "transcripts_shown", "searched_for", "via", "address")
    readonly_fields = fields
    change_form_template = "admin/conversations/transcriptaccess/change_form.html"

    class Media:
        css = {"all": ("css/admin-transcript.css",)}  # noqa: RUF012 - Django reads a plain dict here

    @admin.display(description="When", ordering="at")
    def when(self, access: TranscriptAccess) -> str:
        return f"{timezone.localtime(access.at):%Y-%m-%d %H:%M:%S}"

    @admin.display(description="Who looked", ordering="actor_id")
    def who(self, access: TranscriptAccess) -> str:
        return named(access.actor_id, access.actor)

    @admin.display(description="Conversations")
    def transcripts_shown(self, access: Any) -> int:
        shown: int = access.shown
        return shown

    @admin.display(description="Characters searched for")
    def searched_for(self, access: TranscriptAccess) -> int | str:
        return access.query_length or self.get_empty_value_display()

    def get_queryset(self, request: HttpRequest) -> QuerySet[TranscriptAccess]:
        of_one = AccessedTranscript.objects.filter(access=OuterRef("pk")).order_by().values("access")
        # Not by a join, which a filter by actor would turn into one that leaves out what deleted accounts did.
        looks: QuerySet[TranscriptAccess] = super().get_queryset(request).prefetch_related("actor")
        return looks.annotate(shown=Coalesce(Subquery(of_one.values(n=Count("pk"))), 0))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[TranscriptAccess], search_term: str
    ) -> tuple[QuerySet[TranscriptAccess], bool]:
        try:
            key = UUID(search_term.strip())
        except ValueError:
            return super().get_search_results(request, queryset, search_term)
        looks = AccessedTranscript.objects.filter(conversation_id=key)
        return queryset.filter(pk__in=looks.values("access")), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: TranscriptAccess | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: TranscriptAccess | None = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(
            request, {"title": "Who has looked at transcripts"} | (extra_context or {})
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        access: TranscriptAccess = context["original"]
        page = Paginator(access.transcripts.all(), TRANSCRIPTS_PER_PAGE).get_page(request.GET.get("page"))
        context |= {
            "title": f"{access.get_action_display()} by {named(access.actor_id, access.actor)}",
            "subtitle": None,
            "page": page,
            "transcripts": _with_names(list(page)),
        }
        return super().render_change_form(request, context, *args, **kwargs)


def named(account_id: int | None, account: User | None) -> str:
    """Rows of this record outlive the accounts that they name."""
    return account.get_username() if account else f"account {account_id}, deleted"


def _with_names(accessed: list[AccessedTranscript]) -> list[dict[str, Any]]:
    """Which conversations, whose they were, and whether they are still there."""
    owners = User.objects.in_bulk({each.owner_id for each in accessed})
    kept = set(
        Conversation.objects.filter(pk__in=[each.conversation_id for each in accessed])
        .order_by()
        .values_list("pk", flat=True)
    )
    return [
        {
            "id": each.conversation_id,
            "owner": named(each.owner_id, owners.get(each.owner_id)),
            "is_kept": each.conversation_id in kept,
        }
        for each in accessed
    ]
