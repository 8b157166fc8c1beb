"""What the scripts of every page need to know of this server, as data."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from realtime.providers.base import Description

ANY_ID = UUID(int=0)
"""Stands for an id in addresses that the browser completes."""
NAMED_BY_US = gettext_noop("Built-in responder (no language model)")
"""The one among those who answer whose name has a meaning in every language; the others are products."""

FREE_PROVIDER = "embedded"
"""The engine of the house, which also understands English alone."""


def page_config() -> dict[str, Any]:
    """Addresses and names. A page adds what is its own, and hands all to its scripts as JSON."""
    return {
        "chatUrl": reverse("chat"),
        "conversationUrl": reverse("conversation", args=[ANY_ID]),
        "sessionUrl": reverse("realtime-session").rstrip("/"),
        "sessionsUrl": reverse("session-list").rstrip("/") + "/",
        "optionsUrl": reverse("voice-options").rstrip("/"),
        "preferencesUrl": reverse("my-preferences").rstrip("/"),
        "conversationsUrl": reverse("conversation-list").rstrip("/") + "/",
        "loginUrl": reverse("login"),
        "settingsUrl": reverse("settings"),
        "voiceTestUrl": reverse("voice-test"),
        "csrfCookie": settings.CSRF_COOKIE_NAME,
        "worklets": static("js/voice/worklets.js"),
    }


def is_charged(who: Description) -> bool:
    """Whether what is used costs anybody anything; the engine of the house does not."""
    return who.name != FREE_PROVIDER


def honest_label(who: Description) -> str:
    """Who answers; where that is no language model, it is said."""
    if who.is_language_model or "no language model" in who.label.lower():
        return gettext(who.label)
    return gettext("%(label)s (no language model)") % {"label": who.label}
