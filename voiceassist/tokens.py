"""Tokens for programs: the one room that knows which library makes them."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import Throttled
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.serializers import (
    TokenBlacklistSerializer,
    TokenObtainPairSerializer,
    TokenRefreshSerializer,
)
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.utils import get_md5_hash_password
from rest_framework_simplejwt.views import TokenViewBase

from voiceassist.accounts import forgive_guesses, wait_before_guess


class SignInSerializer(TokenObtainPairSerializer):
    """A name and a password for an access and a refresh token; guessing is slowed down as on the sign-in page."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        request, username = self.context["request"], attrs[self.username_field]
        wait = wait_before_guess(request, username)
        if wait is not None:
            raise Throttled(wait)
        tokens = super().validate(attrs)
        forgive_guesses(request, username)
        return tokens


class SingleUseRefreshSerializer(TokenRefreshSerializer):
    """Exchanges a refresh token exactly once, however many requests bring it at the same moment.

    The library's own serializer does not look whether it was the one that spent the token, and lets all of them win.
    """

    @transaction.atomic
    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        refresh = RefreshToken(attrs["refresh"])
        user = User.objects.filter(pk=refresh.get(api_settings.USER_ID_CLAIM), is_active=True).first()
        if user is None or not _is_for_password_of(user, refresh):
            raise InvalidToken
        # get_or_create underneath: the database decides who was first. (The library's annotation leaves that out.)
        _, spent_here = cast("tuple[Any, bool]", refresh.blacklist())
        if not spent_here:
            raise InvalidToken
        refresh.set_jti()
        refresh.set_exp()
        refresh.set_iat()
        refresh.outstand()
        return {"access": str(refresh.access_token), "refresh": str(refresh)}


@extend_schema(summary="Sign in: a name and a password for two tokens")
class Obtain(TokenViewBase):
    serializer_class = SignInSerializer


@extend_schema(summary="Exchange a refresh token for new tokens; it is spent by that")
class Refresh(TokenViewBase):
    serializer_class = SingleUseRefreshSerializer


@extend_schema(summary="Sign out: withdraw a refresh token", responses={200: None})
class Blacklist(TokenViewBase):
    serializer_class = TokenBlacklistSerializer


def _is_for_password_of(user: User, token: RefreshToken) -> bool:
    """Whether the token was issued for the password the user has today. A changed one withdraws all tokens."""
    return bool(token.get(api_settings.REVOKE_TOKEN_CLAIM) == get_md5_hash_password(user.password))
