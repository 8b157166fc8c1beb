"""An admin of conversations that writes each look down before it is shown."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin.views.main import SEARCH_VAR
from django.http import HttpRequest, HttpResponse

from conversations import audit
from conversations.admin.discretion import DiscreetAdmin
from conversations.audit import Action, Looker, Via
from conversations.models import Conversation


class RecordingAdmin(DiscreetAdmin):
    """Whoever cannot be written down sees nothing, superusers included; what shows nothing is no look.

    HEAD is one: the length of an answer tells whether a search found something.
    """

    def record(self, request: HttpRequest, action: Action, conversations: Iterable[Conversation]) -> None:
        """Write down that these are about to be shown, taken out or deleted."""
        searched = len(request.GET.get(SEARCH_VAR, ""))
        if action == Action.LIST and searched:
            action = Action.SEARCH
        audit.record(Looker.of(request, Via.ADMIN), action, conversations, query_length=searched)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A list shows titles, and these are made of what was said."""
        response = super().changelist_view(request, extra_context)
        # A redirect and a question before an action have no list.
        shown = getattr(response, "context_data", None) or {}
        if "cl" in shown:
            self.record(request, Action.LIST, shown["cl"].result_list)
        return response

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        conversation: Conversation = context["original"]
        self.record(request, Action.VIEW, [conversation])
        context |= self.contents_of(request, conversation)
        return super().render_change_form(request, context, *args, **kwargs)

    def contents_of(self, request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
        """What the page of a conversation shows, read once the look is written down."""
        raise NotImplementedError

    def render_delete_form(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        """Whoever is asked whether to delete a conversation reads its title."""
        self.record(request, Action.LIST, [context["object"]])
        return super().render_delete_form(request, context)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Django calls this before it deletes anything, one or many."""
        self.record(request, Action.DELETE, queryset)
        return super().log_deletions(request, queryset)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Titles are asked for in the search box alone: any other way in would look like a mere list."""
        return not lookup.startswith("title") and super().lookup_allowed(lookup, value, request)

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """No form of the admin picks a conversation: what is searched for in its menu would go unrecorded."""
        return False
