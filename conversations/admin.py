"""Conversations for whoever looks after this server: to be read, not written."""

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse

from conversations import selectors
from conversations.models import Conversation


@admin.register(Conversation)
class ConversationAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # generic in its stubs only
    """Shows who said what and when. Nothing can be added or changed.

    Deleting follows Django's own permission: without it nobody could delete an account that has conversations.
    """

    list_display = ("heading", "user", "message_count", "updated_at", "created_at")
    list_filter = ("updated_at",)
    list_select_related = ("user",)
    list_per_page = 50
    search_fields = ("title", "user__username")
    date_hierarchy = "updated_at"
    show_full_result_count = False
    # No deleting of a whole page by two clicks.
    actions = None
    fields = ("user", "title", "created_at", "updated_at", "message_count")
    messages_per_page = 200

    class Media:
        css = {"all": ("css/admin-transcript.css",)}  # noqa: RUF012 - Django reads a plain dict here

    @admin.display(description="Conversation", ordering="title")
    def heading(self, conversation: Conversation) -> str:
        return conversation.title or "Untitled"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Conversation | None = None) -> bool:
        return False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        conversation = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if conversation is not None:
            turns = Paginator(selectors.record_of(conversation), self.messages_per_page)
            context |= {"turns": turns.get_page(request.GET.get("page")), "title": self.heading(conversation)}
        return super().change_view(request, object_id, form_url, context)
