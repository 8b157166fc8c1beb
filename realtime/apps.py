"""Django's handle on this floor, and what it listens to of Django's own signals."""

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_out
from django.core.checks import register
from django.db.models import Model
from django.db.models.signals import post_save, pre_delete, pre_save
from django.http import HttpRequest

from realtime.checks import check_realtime


class RealtimeAppConfig(AppConfig):
    name = "realtime"

    def ready(self) -> None:
        register(check_realtime)
        user_logged_out.connect(_end_what_was_opened_there, dispatch_uid="realtime.signed_out")
        # Before: afterwards no row says any more which conversation a session belonged to.
        pre_delete.connect(
            _end_what_is_said_there,
            sender="conversations.Conversation",
            dispatch_uid="realtime.conversation_deleted",
        )
        # It needs the models, which are not loaded yet when this module is.
        from realtime import account_changes

        pre_save.connect(account_changes.note, sender="auth.User", dispatch_uid="realtime.account_before")
        post_save.connect(account_changes.follow, sender="auth.User", dispatch_uid="realtime.account_after")


def _end_what_was_opened_there(request: HttpRequest | None, **_: Any) -> None:
    """Signing out of a web session ends the sockets opened from it; other processes learn of it by their leases."""
    # These need the models, which are not loaded yet when this module is.
    from realtime import services

    key = getattr(getattr(request, "session", None), "session_key", None)
    if key:
        services.end_web_session(key)


def _end_what_is_said_there(instance: Model, **_: Any) -> None:
    """A deleted conversation ends its sessions; other processes learn of it by their leases."""
    from realtime import services

    services.end_conversation(instance.pk)
