"""The settings page: what a person prefers, and what becomes of what is held on them. Works without scripts."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, gettext_noop
from django.views import View
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.debug import sensitive_post_parameters

from realtime.options import options_for
from realtime.pages import settings_choices as choices
from realtime.pages.erasure import ACCOUNT, Refusal, erased
from realtime.pages.wiring import FREE_PROVIDER, honest_label, is_charged, page_config
from realtime.preferences import NAMES, choose, preferences_of
from realtime.providers.base import Description
from realtime.providers.registry import describe
from realtime.serializers import PreferencesSerializer

_DONE: dict[str, str | Promise] = {
    "saved": gettext_lazy("Saved."),
    "erased": gettext_lazy("Everything you said here is erased, and so are your settings."),
}
_SAMPLE = gettext_noop("Please repeat after me: Hello. This is how I sound when we talk with each other.")


@method_decorator(
    (sensitive_post_parameters("password"), login_required, ensure_csrf_cookie), name="dispatch"
)
class Settings(View):
    """One form per section. Each is answered with a redirect here, or with the page and why nothing was done."""

    http_method_names = ("get", "head", "post")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not isinstance(request.user, User):
            raise Http404
        self.user = request.user
        self.description = describe(settings.REALTIME)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page()

    def post(self, request: HttpRequest) -> HttpResponse:
        return self._erase() if request.POST.get("action") == "erase" else self._save()

    def _save(self) -> HttpResponse:
        wishes = {name: self.request.POST[name] or None for name in NAMES if name in self.request.POST}
        checked = PreferencesSerializer(data=wishes, partial=True, context={"description": self.description})
        if not checked.is_valid():
            # Only what this page did not offer is refused, such as a voice of before another provider came.
            stale = gettext(
                "Nothing was saved: something of it cannot be chosen here any more. Look at what there is now, then "
                "choose again."
            )
            return self._page(problem=stale, status=400)
        choose(self.user, self._changed(checked.validated_data))
        return _back("saved")

    def _changed(self, wishes: Mapping[str, Any]) -> dict[str, Any]:
        """What differs from what the page shows: a form sends all its fields, also those that were left alone."""
        shown = choices.shown(preferences_of(self.user, self.description))
        return {name: wish for name, wish in wishes.items() if (wish or "") != getattr(shown, name)}

    def _erase(self) -> HttpResponse:
        refusal = erased(self.request, self.user)
        if refusal is not None:
            page = self._page(refusal=refusal, status=refusal.status)
            if refusal.retry_after is not None:
                page["Retry-After"] = str(refusal.retry_after)
            return page
        if self.request.POST.get("what") != ACCOUNT:
            return _back("erased")
        logout(self.request)
        return render(self.request, "settings_gone.html")

    def _page(self, *, problem: str = "", refusal: Refusal | None = None, status: int = 200) -> HttpResponse:
        preferred = preferences_of(self.user, self.description)
        options = options_for(self.user, settings.REALTIME)
        left = options["limits"]["seconds_left_today"]
        context = {
            "options": options,
            "provider_label": honest_label(self.description),
            "is_charged": is_charged(self.description),
            "can_listen": options["enabled"] and not self.description.voice_problem,
            "voices": choices.voices(self.description, preferred, settings.REALTIME),
            "any_voice": preferred.voice,
            "speed": choices.shown(preferred).speed,
            "languages": choices.languages(preferred, settings.REALTIME),
            "understood": [choices.language_name(each) for each in options["language"]["understood"] or ()],
            "turn_taking": choices.turn_taking(self.description, preferred),
            "answers": choices.answers(preferred),
            "retention_days": settings.TRANSCRIPT_RETENTION_DAYS,
            "minutes_left": None if left is None else left // 60,
            "problem": problem,
            "refusal": refusal,
            "done": _DONE.get(self.request.GET.get("done", ""), ""),
            "page_config": {**page_config(), "sample": _sample(self.description)},
        }
        return render(self.request, "settings.html", context, status=status)


def _back(done: str) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('settings')}?done={done}")


def _sample(description: Description) -> str:
    """What a voice is asked to say, so that it can be judged. The embedded engine understands English alone."""
    return _SAMPLE if description.name == FREE_PROVIDER else gettext(_SAMPLE)
