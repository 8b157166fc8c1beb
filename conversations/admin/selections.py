"""What can be done to the conversations that were selected in the admin's list, each for those who may do it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.views.main import SEARCH_VAR
from django.contrib.auth.models import User
from django.contrib.messages import ERROR, SUCCESS
from django.core.exceptions import BadRequest, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from conversations import exports, reviewing, services
from conversations.admin.looks import RecordingAdmin
from conversations.audit import Action
from conversations.downloads import download
from conversations.errors import ConversationNotFound
from conversations.models import Conversation, Message, Review

SELECTED_AT_MOST = 500
"""How many conversations are taken at once: each is written down, and each that goes is named first. No fewer than a
search lists, since whoever selects all that it found means these."""


class SelectingAdmin(RecordingAdmin):
    """Actions for reviewers, for those who may take transcripts out, and for those who may delete them."""

    actions: Any = (
        "flag_selected",
        "mark_selected_reviewed",
        "export_csv",
        "export_json",
        "delete_selected",
    )

    def has_review_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("conversations.review_conversation")

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("conversations.export_conversation")

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Conversation], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        if request.GET.get(SEARCH_VAR):
            # Whether anything was done tells whether anything was found.
            self.record(request, Action.SEARCH, ())
        try:
            return super().response_action(request, queryset, *args, **kwargs)
        except ValidationError as error:
            raise BadRequest("What was selected are no ids of conversations.") from error

    @admin.action(permissions=["review"], description="Flag")
    def flag_selected(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> None:
        self._write_reviews(request, queryset, reviewing.flag, "flagged")

    @admin.action(permissions=["review"], description="Mark reviewed")
    def mark_selected_reviewed(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> None:
        self._write_reviews(request, queryset, reviewing.mark_reviewed, "marked reviewed")

    @admin.action(permissions=["export"], description="Export as CSV")
    def export_csv(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> HttpResponseBase | None:
        return self._export(request, queryset, exports.as_csv, "csv", "text/csv; charset=utf-8")

    @admin.action(permissions=["export"], description="Export as JSON")
    def export_json(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> HttpResponseBase | None:
        return self._export(request, queryset, exports.as_json, "json", "application/json")

    @admin.action(permissions=["delete"], description="Delete")
    def delete_selected(
        self, request: HttpRequest, queryset: QuerySet[Conversation]
    ) -> HttpResponseBase | None:
        taken = self._taken(request, queryset)
        if not taken:
            return None
        if not request.POST.get("post"):
            self.record(request, Action.LIST, taken)
        # All of them go, or none.
        with transaction.atomic():
            return delete_selected(self, request, queryset)

    def delete_model(self, request: HttpRequest, obj: Conversation) -> None:
        services.delete_conversation(conversation=obj)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        """Lead back to the list. Django does so for those who may change what is in it, and here nobody may."""
        response = super().response_delete(request, obj_display, obj_id)
        if not self.has_view_permission(request):
            return response
        page = reverse("admin:conversations_conversation_changelist")
        kept: dict[str, Any] = {"preserved_filters": self.get_preserved_filters(request), "opts": self.opts}
        return HttpResponseRedirect(add_preserved_filters(kept, page))

    def delete_queryset(self, request: HttpRequest, queryset: Iterable[Conversation]) -> None:
        for conversation in queryset:
            services.delete_conversation(conversation=conversation)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[Any, int], set[Any], list[Any]]:
        """Name the conversations alone. Django would load and list every message, and all it has is a number."""
        conversations: list[Conversation] = list(objs)
        messages = Message.objects.filter(conversation__in=conversations).order_by().count()
        counted = {
            Conversation._meta.verbose_name_plural: len(conversations),
            Message._meta.verbose_name_plural: messages,
        }
        return [_named(each) for each in conversations], counted, set(), []

    def _taken(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> list[Conversation]:
        """What was selected; nothing, and the person told so, when that is too much at once."""
        taken = list(queryset[: SELECTED_AT_MOST + 1])
        if len(taken) <= SELECTED_AT_MOST:
            return taken
        told = f"More than {SELECTED_AT_MOST} conversations are selected. Narrow them down by the filters."
        self.message_user(request, told, ERROR)
        return []

    def _write_reviews(
        self,
        request: HttpRequest,
        queryset: QuerySet[Conversation],
        write: Callable[..., Review],
        done: str,
    ) -> None:
        reviewer = cast(User, request.user)
        written = list(_each_still_there(self._taken(request, queryset), write, by=reviewer))
        if not written:
            return
        LogEntry.objects.log_actions(
            user_id=reviewer.pk, queryset=written, action_flag=CHANGE, change_message=f"{done.capitalize()}."
        )
        many = "1 conversation was" if len(written) == 1 else f"{len(written)} conversations were"
        self.message_user(request, f"{many} {done}.", SUCCESS)

    def _export(
        self,
        request: HttpRequest,
        queryset: QuerySet[Conversation],
        write: Callable[[Iterable[Conversation]], Iterator[str]],
        extension: str,
        content_type: str,
    ) -> HttpResponseBase | None:
        taken = self._taken(request, queryset)
        if not taken:
            return None
        self.record(request, Action.EXPORT, taken)
        name = f"conversations-{timezone.localdate():%Y-%m-%d}.{extension}"
        return download(request, write(taken), filename=name, content_type=content_type)


def _each_still_there(
    conversations: Iterable[Conversation], write: Callable[..., Review], *, by: User
) -> Iterator[Conversation]:
    """Write on each, and give those that nobody deleted meanwhile."""
    for conversation in conversations:
        try:
            write(conversation=conversation, by=by)
        except ConversationNotFound:
            continue
        yield conversation


def _named(conversation: Conversation) -> SafeString:
    return format_html(
        "“<bdi>{}</bdi>” of {}, {}",
        conversation.title or "Untitled",
        conversation.user.get_username(),
        conversation,
    )
