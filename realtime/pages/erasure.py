"""Erasing one's own data on a page: only with the password, and not as often as one could guess it.

The password is there for the person, who may have left the page open, and against a slip. The API (`realtime.me_api`)
does not ask for it: programs hold tokens and no password, and whoever has the site's cookie can do all its owner can.
"""

import math
from dataclasses import dataclass
from typing import Any, cast

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from conversations import audit
from realtime import personal_data

WORDS, ACCOUNT = "words", "account"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing was erased: what was asked for, the sentence for people, the status for programs."""

    what: str
    sentence: str
    status: int
    retry_after: int | None = None
    """Seconds."""


class _Throttled:
    """Counts together with the API: whoever is stopped there is stopped here."""

    throttle_scope = "erasure"


def erased(request: HttpRequest, user: User) -> Refusal | None:
    """Erase what the form asks for: all words, or the account as well. None when that is done."""
    what = ACCOUNT if request.POST.get("what") == ACCOUNT else WORDS
    wait = _seconds_to_wait(request)
    if wait is not None:
        minutes = math.ceil(wait / 60)
        sentence = ngettext(
            "Nothing was erased: that was tried too often. Wait %(minutes)d minute, then try again.",
            "Nothing was erased: that was tried too often. Wait %(minutes)d minutes, then try again.",
            minutes,
        )
        return Refusal(what, sentence % {"minutes": minutes}, 429, wait)
    if not user.check_password(request.POST.get("password", "")):
        wrong = gettext("Nothing was erased: this is not your password. Check it; capitals count.")
        return Refusal(what, wrong, 200)  # as the sign-in page says it
    try:
        looker = audit.Looker.of(request, audit.Via.PAGE)
        personal_data.erase(user, with_account=what == ACCOUNT, looker=looker)
    except personal_data.LastSuperuser:
        alone = gettext(
            "Nothing was erased: nobody else can administer this server. Make another account a superuser first, or "
            "erase your data and keep the account."
        )
        return Refusal(what, alone, 409)
    return None


def _seconds_to_wait(request: HttpRequest) -> int | None:
    """Count this attempt. None when it may go on, else the seconds to wait."""
    for throttle in api_settings.DEFAULT_THROTTLE_CLASSES:
        brake = cast(type[BaseThrottle], throttle)()
        # It asks for the caller and the address, which both kinds of request have.
        if not brake.allow_request(cast(Request, request), cast(Any, _Throttled)):
            return math.ceil(brake.wait() or 1)
    return None
