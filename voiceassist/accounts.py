"""Signing in, out and up on pages, and the brake on guessing passwords that pages, admin and tokens share.

Who signs in and out, and who is refused, is logged by account and address. What was typed as a name is not: now and
then it is a password.
"""

import logging
from typing import Any, TypeVar

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.contrib.auth.views import LoginView, LogoutView, RedirectURLMixin
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from rest_framework.request import Request

from realtime.telemetry import THIS_PROCESS, Event
from voiceassist.forms import SignUpForm, lead_to_mistake
from voiceassist.limits import Limiter, LimitsAway, Rate, address_of, in_words

log = logging.getLogger(__name__)
R = TypeVar("R", bound=HttpResponseBase)
_GUESSES = Limiter("sign-in", Rate(requests=10, seconds=300))
_GUESSES_OF_ADDRESS = Limiter("sign-in:address", Rate(requests=60, seconds=300))
_SIGN_UPS = Limiter("sign-up", Rate(requests=20, seconds=3600))
_NEAR = "this machine"
"""Where somebody is who comes from no address: a socket file, a command."""
_STATUS_OF = {"throttled": 429, LimitsAway.default_code: 503}
_AFTER_SIGNING_OUT = '"cache"'
"""What browsers forget then: copies and pages they kept to go back to. The devices somebody chose are not their words;
they stay."""


def wait_before_guess(request: HttpRequest | Request, username: str) -> int | None:
    """Count an attempt to sign in. None when it may go on, else the seconds to wait. Raises LimitsAway.

    Counted per name and address together, so that nobody can lock out somebody else from elsewhere.
    """
    address = address_of(request)
    wait = _GUESSES.take(f"{address} {username}")
    if wait is None and address:
        wait = _GUESSES_OF_ADDRESS.take(address)
    if wait is not None:
        _note(logging.WARNING, "throttled", "sign-in throttled from %s", address=address or _NEAR)
    return wait


def forgive_guesses(request: HttpRequest | Request, username: str) -> None:
    """The right password was given: the wrong ones before it count no longer."""
    address = address_of(request)
    _GUESSES.forget(f"{address} {username}")
    if address:
        _GUESSES_OF_ADDRESS.give_back(address)


class _BrakedForm(AuthenticationForm):
    """Asks the brake before it looks at the password."""

    def clean(self) -> dict[str, Any]:
        username = self.cleaned_data.get("username")
        if self.request is None or not username:
            return super().clean()
        try:
            wait = wait_before_guess(self.request, username)
        except LimitsAway as error:
            raise _nobody_for_now(error) from error
        if wait is not None:
            raise ValidationError(
                _("Too many attempts to sign in. Wait %(words)s, then try again."),
                code="throttled",
                params={"words": in_words(wait), "seconds": wait},
            )
        cleaned = super().clean()
        forgive_guesses(self.request, username)
        return cleaned


def _nobody_for_now(error: LimitsAway) -> ValidationError:
    """What a form says while guesses cannot be counted."""
    return ValidationError(
        _("Signing in is not possible for a moment: a part of this server is away. Try again shortly."),
        code=error.default_code,
        params={"seconds": error.wait},
    )


class SignInForm(_BrakedForm):
    """The form of the sign-in page."""

    error_messages = AuthenticationForm.error_messages | {
        "invalid_login": _("This username and password do not belong together. Check both; capitals count."),
    }


class AdminSignInForm(_BrakedForm, AdminAuthenticationForm):
    """The form of the admin's own sign-in page."""


class SignIn(LoginView):
    """The sign-in page. `next` is followed only within this site."""

    authentication_form = SignInForm
    template_name = "login.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(signup_enabled=settings.SIGNUP_ENABLED, **kwargs)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        lead_to_mistake(form, otherwise="password")
        return _told_to_wait(super().form_invalid(form), form)


def admin_sign_in(request: HttpRequest) -> HttpResponseBase:
    """The admin's own sign-in page, with the status that tells programs to wait."""
    response = admin.site.login(request)
    context = getattr(response, "context_data", None) or {}
    return _told_to_wait(response, context["form"]) if "form" in context else response


def _told_to_wait(response: R, form: BaseForm) -> R:
    """A page with this form on it; with Retry-After, and 429 or 503, when the brake stopped it or could not count."""
    for error in form.errors.as_data().get(NON_FIELD_ERRORS, []):
        if error.code in _STATUS_OF and error.params:
            response.status_code = _STATUS_OF[error.code]
            response["Retry-After"] = str(error.params["seconds"])
    return response


class SignOut(LogoutView):
    """Signs out on POST and leads to the sign-in page. A GET is refused: a link elsewhere could trigger it."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().post(request, *args, **kwargs)
        response["Clear-Site-Data"] = _AFTER_SIGNING_OUT
        return response


@method_decorator((never_cache, sensitive_post_parameters()), name="dispatch")
class SignUp(RedirectURLMixin, View):
    """Makes an account and signs it in, where SIGNUP_ENABLED allows it; else there is no such page."""

    next_page = settings.LOGIN_REDIRECT_URL

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.SIGNUP_ENABLED:
            raise Http404
        if request.user.is_authenticated:
            return HttpResponseRedirect(self.get_success_url())
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(SignUpForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SignUpForm(request.POST)
        if not form.is_valid():
            return self._page(form)
        stopped = self._stopped(address_of(request))
        if stopped is not None:
            form.add_error(None, stopped)
            return _told_to_wait(self._page(form), form)
        login(request, form.save())
        return HttpResponseRedirect(self.get_success_url())

    def _stopped(self, address: str) -> ValidationError | None:
        """Why no further account is made from there for now."""
        try:
            wait = _SIGN_UPS.take(address) if address else None
        except LimitsAway as error:
            return _nobody_for_now(error)
        if wait is None:
            return None
        return ValidationError(
            _("Too many new accounts from here. Wait %(words)s, then try again."),
            code="throttled",
            params={"words": in_words(wait), "seconds": wait},
        )

    def _page(self, form: BaseForm) -> HttpResponse:
        lead_to_mistake(form, otherwise="password1")
        context = {"form": form, "signup_enabled": True, "next": self.get_redirect_url()}
        return render(self.request, "signup.html", context)


def signed_in(user: AbstractBaseUser, request: HttpRequest | Request | None, way: str) -> None:
    """Put on record that somebody was let in, by a page or for tokens."""
    _note(
        logging.INFO,
        "ok",
        "signed in: account %s from %s by " + way,
        user_id=user.pk,
        address=_whence(request),
    )


def _page_signed_in(sender: Any, request: HttpRequest | None, user: AbstractBaseUser, **_: Any) -> None:
    signed_in(user, request, "password")


def _signed_out(sender: Any, user: AbstractBaseUser | None, **_: Any) -> None:
    if user is not None:
        log.info("signed out: account %s", user.pk, extra={"user_id": user.pk})


def _refused(sender: Any, request: HttpRequest | None = None, **_: Any) -> None:
    _note(logging.WARNING, "failed", "sign-in refused from %s", address=_whence(request))


def _note(level: int, outcome: str, sentence: str, **known: Any) -> None:
    """A line for whoever runs the server, the same as fields for programs, and a count."""
    THIS_PROCESS.count(Event.SIGN_IN, label=outcome)
    log.log(level, sentence, *known.values(), extra=known)


def _whence(request: HttpRequest | Request | None) -> str:
    return (address_of(request) if request is not None else "") or _NEAR


user_logged_in.connect(_page_signed_in, dispatch_uid="voiceassist.signed_in")
user_logged_out.connect(_signed_out, dispatch_uid="voiceassist.signed_out")
user_login_failed.connect(_refused, dispatch_uid="voiceassist.refused")
