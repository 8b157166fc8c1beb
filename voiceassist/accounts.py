"""Signing in, out and up on pages, and the brake on guessing passwords that pages, admin and tokens share."""

from typing import Any, TypeVar

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm, UserCreationForm
from django.contrib.auth.views import LoginView, LogoutView, RedirectURLMixin
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from rest_framework.request import Request

from voiceassist.limits import Limiter, Rate, address_of, in_words

R = TypeVar("R", bound=HttpResponseBase)
_GUESSES = Limiter("sign-in", Rate(requests=10, seconds=300))
_GUESSES_OF_ADDRESS = Limiter("sign-in:address", Rate(requests=60, seconds=300))
_SIGN_UPS = Limiter("sign-up", Rate(requests=20, seconds=3600))


def wait_before_guess(request: HttpRequest | Request, username: str) -> int | None:
    """Count an attempt to sign in. None when it may go on, else the seconds to wait.

    Counted per name and address together, so that nobody can lock out somebody else from elsewhere.
    """
    address = address_of(request)
    wait = _GUESSES.take(f"{address} {username}")
    if wait is None and address:
        wait = _GUESSES_OF_ADDRESS.take(address)
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
        wait = wait_before_guess(self.request, username)
        if wait is not None:
            raise ValidationError(
                "Too many attempts to sign in. Wait %(words)s, then try again.",
                code="throttled",
                params={"words": in_words(wait), "seconds": wait},
            )
        cleaned = super().clean()
        forgive_guesses(self.request, username)
        return cleaned


class SignInForm(_BrakedForm):
    """The form of the sign-in page."""

    error_messages = AuthenticationForm.error_messages | {
        "invalid_login": "This username and password do not belong together. Check both; capitals count.",
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
        return _told_to_wait(super().form_invalid(form), form)


def admin_sign_in(request: HttpRequest) -> HttpResponseBase:
    """The admin's own sign-in page, with the status that tells programs to wait."""
    response = admin.site.login(request)
    context = getattr(response, "context_data", None) or {}
    return _told_to_wait(response, context["form"]) if "form" in context else response


def _told_to_wait(response: R, form: BaseForm) -> R:
    """A page with this form on it; 429 with Retry-After when the brake stopped it."""
    for error in form.errors.as_data().get(NON_FIELD_ERRORS, []):
        if error.code == "throttled" and error.params:
            response.status_code = 429
            response["Retry-After"] = str(error.params["seconds"])
    return response


class SignOut(LogoutView):
    """Signs out on POST and leads to the sign-in page. A GET is refused: a link elsewhere could trigger it."""


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
        return self._page(UserCreationForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form: UserCreationForm[Any] = UserCreationForm(request.POST)
        if not form.is_valid():
            return self._page(form)
        address = address_of(request)
        wait = _SIGN_UPS.take(address) if address else None
        if wait is not None:
            form.add_error(None, f"Too many new accounts from here. Wait {in_words(wait)}, then try again.")
            response = self._page(form)
            response.status_code = 429
            response["Retry-After"] = str(wait)
            return response
        login(request, form.save())
        return HttpResponseRedirect(self.get_success_url())

    def _page(self, form: BaseForm) -> HttpResponse:
        context = {"form": form, "signup_enabled": True, "next": self.get_redirect_url()}
        return render(self.request, "signup.html", context)
