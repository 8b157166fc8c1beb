"""What becomes of somebody's sessions when their account is switched off or their password is changed.

They end at once where they live, and elsewhere when the order arrives. A change that passes by the model (a query's
`update`) is found by the lease within half a minute.
"""

import logging
from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import User

from realtime import services
from realtime.errors import EndReason
from realtime.models import VoiceSession

log = logging.getLogger(__name__)

_BEFORE = "_before_it_was_saved"
_WATCHED = {"password", "is_active"}


def note(
    sender: type[User], instance: User, update_fields: Collection[str] | None, raw: bool, **_: Any
) -> None:
    """Remember how the account was (pre_save). Signing in saves accounts too; that asks for nothing."""
    may_change = update_fields is None or _WATCHED & set(update_fields)
    before = None
    if may_change and not raw and not instance._state.adding:
        before = User.objects.filter(pk=instance.pk).values_list("password", "is_active").first()
    setattr(instance, _BEFORE, before)


def follow(sender: type[User], instance: User, **_: Any) -> None:
    """End what was opened before the change (post_save)."""
    before = getattr(instance, _BEFORE, None)
    if before is None:
        return
    password, was_active = before
    if was_active and not instance.is_active:
        _end(instance, "account_disabled", "switched off")
    elif password != instance.password:
        # Signing in renews the hash when a better one is to be had; that ends other sign-ins all the same.
        was_typed = getattr(instance, "_password", None) is not None
        _end(instance, "signed_out", "given another password" if was_typed else "given another password hash")


def _end(user: User, reason: EndReason, change: str) -> None:
    ended = services.end_now(sessions=VoiceSession.objects.filter(user=user), reason=reason)
    log.warning("account %s was %s: %d sessions end", user.pk, change, ended)
