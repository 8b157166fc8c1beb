"""Conversations for reviewers, to be read like conversations; nothing that was said is changed."""

from contextlib import suppress
from typing import Any, ClassVar, cast
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.utils import quote, unquote
from django.contrib.admin.views.main import SEARCH_VAR
from django.contrib.auth.models import User
from django.contrib.messages import ERROR, SUCCESS
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from conversations import search, services
from conversations.admin.filters import FlaggedFilter, OwnerFilter, ReviewedFilter, SpokenFilter
from conversations.admin.finds import Finds
from conversations.admin.review_panel import ReviewForm
from conversations.admin.selections import SelectingAdmin
from conversations.admin.transcript import Numbers, Standing, page_of, turns_of
from conversations.errors import ConversationNotFound
from conversations.models import Conversation
from conversations.reviewing import NOTES_LENGTH


@admin.register(Conversation)
class ConversationAdmin(SelectingAdmin):
    """Shows who said what and when, and what reviewers made of it. Nothing can be added or changed.

    Deleting follows Django's own permission: without it nobody could delete an account that has conversations.
    """

    list_display = ("person", "heading", "turns", "last_spoken", "standing")
    list_display_links = ("heading",)
    list_filter: ClassVar[Any] = (OwnerFilter, SpokenFilter, FlaggedFilter, ReviewedFilter)
    list_select_related = ("user", "review__reviewer")
    list_per_page = 50
    # What makes the box appear; get_search_results says what is searched.
    search_fields = ("title", "user__username")
    search_help_text = "words of what was said or of a title, a person's name, or the id of a conversation"
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    # The template shows everything, and no field of a form.
    fields = ("title",)
    change_form_template = "admin/conversations/conversation/change_form.html"

    class Media:
        css = {"all": ("css/admin-transcript.css",)}  # noqa: RUF012 - Django reads a plain dict here

    @admin.display(description="Person", ordering="user__username")
    def person(self, conversation: Conversation) -> str:
        return conversation.user.get_username()

    @admin.display(description="Title", ordering="title")
    def heading(self, conversation: Conversation) -> str:
        return format_html("<bdi>{}</bdi>", conversation.title or "Untitled")

    @admin.display(description="Turns so far", ordering="message_count")
    def turns(self, conversation: Conversation) -> int:
        return conversation.message_count

    @admin.display(description="Last spoken", ordering="updated_at")
    def last_spoken(self, conversation: Conversation) -> SafeString:
        spoken = timezone.localtime(conversation.updated_at)
        return format_html('<time datetime="{}">{}</time>', spoken.isoformat(), f"{spoken:%Y-%m-%d %H:%M}")

    @admin.display(description="Review", empty_value="–")
    def standing(self, conversation: Conversation) -> SafeString | None:
        told = Standing.of(conversation)
        chips = [("flagged", "Flagged")] * told.is_flagged
        if told.reviewed_at:
            newer = ("newer", f"{told.turns_since} since review")
            chips.append(newer if told.turns_since else ("reviewed", "Reviewed"))
        return format_html_join(" ", '<span class="chip chip--{}">{}</span>', chips) or None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Conversation | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        shown: QuerySet[Conversation] = (
            super().get_queryset(request).select_related("user", "review__reviewer")
        )
        return shown

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Conversation], search_term: str
    ) -> tuple[QuerySet[Conversation], bool]:
        words = services.storable(search_term).strip()
        if not words:
            return queryset, False
        others = Q(user__username__icontains=words)
        with suppress(ValueError):
            others |= Q(pk=UUID(words))
        return search.matching(queryset, words) | queryset.filter(others), False

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> "Paginator[Any]":
        pages = Finds if request.GET.get(SEARCH_VAR) else Paginator
        return pages(*args, **kwargs)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {"title": "Conversations"} | (extra_context or {}))

    def contents_of(self, request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
        standing = Standing.of(conversation)
        numbers = Numbers.of(conversation, turn=request.GET.get("turn", ""))
        page = page_of(conversation, numbers, page=request.GET.get("page", ""))
        may_audit = request.user.has_perm("conversations.view_transcriptaccess")
        return {
            "title": conversation.title or "Untitled",
            "subtitle": None,
            "page": page,
            "turns": turns_of(page, first_since=standing.first_since),
            "standing": standing,
            "may_review": self.has_review_permission(request),
            "notes_length": NOTES_LENGTH,
            "looks": numbers.looks if may_audit else None,
        }

    def get_urls(self) -> list[URLPattern]:
        review = self.admin_site.admin_view(self.review_view)
        return [
            path("<path:object_id>/review/", review, name="conversations_conversation_review"),
            *super().get_urls(),
        ]

    def review_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Do what a button of the review panel says, and go back to where it was pressed."""
        if not (self.has_view_permission(request) and self.has_review_permission(request)):
            raise PermissionDenied
        conversation = self.get_object(request, unquote(object_id))
        if conversation is None:
            raise Http404
        if request.method == "POST":
            self._review(request, conversation)
        page = reverse("admin:conversations_conversation_change", args=[quote(conversation.pk)])
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        return HttpResponseRedirect(f"{page}{query}#review")

    def _review(self, request: HttpRequest, conversation: Conversation) -> None:
        form = ReviewForm(request.POST)
        try:
            done = form.apply(conversation, by=cast(User, request.user))
        except ValueError as error:
            self.message_user(request, f"Nothing was written. {error}", ERROR)
            return
        except ConversationNotFound as error:
            raise Http404 from error
        if done:
            self.log_change(request, conversation, done)
        self.message_user(request, done or "Nothing was changed.", SUCCESS)
