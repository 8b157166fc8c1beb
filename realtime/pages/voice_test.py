"""The voice test page: what is checked is listed here and readable without scripts; the browser makes the checks."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from realtime.pages.wiring import honest_label, is_charged, page_config
from realtime.providers.registry import describe


@dataclass(frozen=True, slots=True)
class _Check:
    """One row of the list. The scripts know it by its name."""

    name: str
    title: Promise
    about: Promise
    """What it looks at, until something was measured."""


@dataclass(frozen=True, slots=True)
class _Group:
    title: Promise
    checks: tuple[_Check, ...]


GROUPS = (
    _Group(
        _("This browser"),
        (
            _Check("secure", _("Secure page"), _("Whether the browser gives this page a microphone.")),
            _Check(
                "browser", _("What the browser can do"), _("Sound, microphone and socket of the browser.")
            ),
        ),
    ),
    _Group(
        _("Your microphone"),
        (
            _Check("microphone", _("Permission"), _("Whether this page may hear you.")),
            _Check("level", _("How loud you are"), _("You will be asked to say something.")),
        ),
    ),
    _Group(
        _("Your speaker"),
        (
            _Check("rate", _("Sample rates"), _("How finely this device hears and plays.")),
            _Check("tone", _("Two notes"), _("You will be asked whether you heard them.")),
        ),
    ),
    _Group(
        _("The server"),
        (
            _Check("ticket", _("A session's ticket"), _("Whether this server opens a session for you.")),
            _Check("expiry", _("How long it is good"), _("The time in which the ticket has to be used.")),
            _Check("socket", _("The socket"), _("The connection that carries the sound.")),
            _Check("roundtrip", _("There and back"), _("How long a word is under way.")),
        ),
    ),
    _Group(
        _("The assistant"),
        (
            _Check("who", _("Who answers"), _("And whether they can speak.")),
            _Check("answer", _("First sound of an answer"), _("One sentence is asked for and played.")),
            _Check("playback", _("The whole of it"), _("Whether its sound comes without holes.")),
        ),
    ),
)


@login_required
@require_safe
@ensure_csrf_cookie
def voice_test(request: HttpRequest) -> HttpResponse:
    """The page for whoever is signed in, also where no session can be had: then the check says why."""
    who = describe(settings.REALTIME)
    context = {
        "groups": GROUPS,
        "provider_label": honest_label(who),
        "is_charged": is_charged(who),
        "turn_detections": who.turn_detection,
        "realtime_enabled": settings.REALTIME.enabled,
        "voice_problem": who.voice_problem,
        "page_config": {
            **page_config(),
            "enabled": settings.REALTIME.enabled and not who.voice_problem,
            "ticketSeconds": settings.REALTIME.token_expiry_sec,
        },
    }
    return render(request, "voice_test.html", context)
