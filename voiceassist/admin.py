"""The admin site's name, the brake on guessing at its door, what it does not show, and how accounts are deleted."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from conversations import audit
from conversations.models import Conversation, Message
from realtime import personal_data
from realtime.models import VoiceSession
from voiceassist.accounts import AdminSignInForm

NAMES_SHOWN = 20
"""How many of the accounts to be deleted are named before the question; the others are counted."""

admin.site.site_header = "VoiceAssist"
admin.site.site_title = "VoiceAssist admin"
admin.site.index_title = "Conversations and accounts"
admin.site.login_form = AdminSignInForm

# The library's own pages show everybody's refresh tokens, which open everybody's account.
admin.site.unregister((OutstandingToken, BlacklistedToken))
admin.site.unregister(User)


@admin.register(User)
class AccountAdmin(UserAdmin):  # type: ignore[type-arg] # generic in its stubs only
    """Django's own, but for the end of an account: all that is held on the person goes, and that is written down.

    Its log names accounts by number, so that nobody's name outlives the account there.
    """

    # --- before the question ---

    def get_deleted_objects(
        self, objs: Sequence[Any] | QuerySet[Any, Any], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """What goes with the accounts, counted: to list it would take as long as they talked."""
        accounts: list[User] = list(objs)
        going = {
            User: len(accounts),
            Conversation: Conversation.objects.filter(user__in=accounts).count(),
            Message: Message.objects.filter(conversation__user__in=accounts).count(),
            VoiceSession: VoiceSession.objects.filter(user__in=accounts).count(),
        }
        names = [account.get_username() for account in accounts[:NAMES_SHOWN]]
        if len(accounts) > NAMES_SHOWN:
            names.append(f"and {len(accounts) - NAMES_SHOWN} more")
        found = [model for model, count in going.items() if count]
        forbidden = {str(model._meta.verbose_name) for model in found if not self._may_delete(model, request)}
        return (
            names,
            {str(model._meta.verbose_name_plural): going[model] for model in found},
            forbidden,
            _last_superusers(accounts),
        )

    def _may_delete(self, model: type[Any], request: HttpRequest) -> bool:
        """What has no page here goes with what has one."""
        if not self.admin_site.is_registered(model):
            return True
        return self.admin_site.get_model_admin(model).has_delete_permission(request)

    # --- after it ---

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # Without Django's transaction around it: live sessions learn that they end before anything is erased.
        page: HttpResponse = self._delete_view(  # type: ignore[attr-defined] # not in the stubs
            request, object_id, extra_context
        )
        return page

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        self._erase(request, [obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._erase(request, queryset)

    def _erase(self, request: HttpRequest, accounts: Iterable[User]) -> None:
        looker = audit.Looker.of(request, audit.Via.ADMIN)
        # One's own goes last: the log has nobody to name once it is gone.
        for account in sorted(accounts, key=lambda account: account.pk == looker.actor_id):
            try:
                personal_data.erase(account, with_account=True, looker=looker)
            except personal_data.LastSuperuser as error:
                raise PermissionDenied from error
            if account.pk != looker.actor_id:
                LogEntry.objects.log_actions(looker.actor_id, [_nameless(account)], DELETION)

    # --- the log ---

    def log_deletions(self, request: HttpRequest, queryset: Iterable[User]) -> list[LogEntry]:
        """Nothing yet: what the log says of an account is erased with it."""
        return []

    def log_addition(self, request: HttpRequest, obj: User, message: Any) -> LogEntry:
        return super().log_addition(request, _nameless(obj), message)

    def log_change(self, request: HttpRequest, obj: User, message: Any) -> LogEntry:
        return super().log_change(request, _nameless(obj), message)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # Django looks first, and tells who may not look whether there is something.
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)


def _last_superusers(accounts: list[User]) -> list[str]:
    """The superusers among the accounts, if no other one would be left to sign in."""
    going = [account for account in accounts if account.is_superuser and account.is_active]
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(
        pk__in=[each.pk for each in going]
    )
    return [account.get_username() for account in going] if going and not others.exists() else []


def _nameless(account: User) -> User:
    """The same account to the log, which writes down what it calls itself."""
    return User(pk=account.pk, username=f"account {account.pk}")
