"""Tokens for programs: the one room that knows which library makes them."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.db import transaction
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
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

from conversations.doors import BoundedJSON, require_length
from conversations.refusals import RETRY_AFTER, refused, usual
from voiceassist.accounts import forgive_guesses, signed_in, wait_before_guess


class SignInSerializer(TokenObtainPairSerializer):
    """A name and a password for an access and a refresh token; guessing is slowed down as on the sign-in page."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[self.username_field] = serializers.CharField(
            write_only=True, min_length=1, max_length=150
        )
        # As typed on the sign-in page: a password may begin and end with a space.
        self.fields["password"] = serializers.CharField(write_only=True, min_length=1, trim_whitespace=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        request, username = self.context["request"], attrs[self.username_field]
        wait = wait_before_guess(request, username)
        if wait is not None:
            raise Throttled(wait)
        tokens = super().validate(attrs)
        forgive_guesses(request, username)
        # Somebody: the library has raised already where there is nobody. (Its annotation leaves that open.)
        signed_in(cast(User, self.user), request, "token")
        return tokens


class SingleUseRefreshSerializer(TokenRefreshSerializer):
    """Exchanges a refresh token exactly once, however many requests bring it at the same moment."""

    # The library's own serializer does not look whether it was the one that spent the token, and lets all of them win.

    refresh = serializers.CharField(min_length=1, trim_whitespace=False)

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


class WithdrawalSerializer(TokenBlacklistSerializer):
    """The refresh token to withdraw."""

    refresh = serializers.CharField(write_only=True, min_length=1, trim_whitespace=False)


class TokensSerializer(serializers.Serializer[Any]):
    """What a program signs its requests with."""

    access = serializers.CharField(help_text="for `Authorization: Bearer …`; lives for minutes")
    refresh = serializers.CharField(help_text="for new tokens, once; lives for a day")


_TAGS = ["tokens"]
_NOT_TAKEN = usual(400, 406, 411, 413, 415, 500)
_NOT_VALID = refused({401: "`token_not_valid`: it has expired, was withdrawn, or was used before"})


class _Door(TokenViewBase):
    http_method_names = ("post",)
    parser_classes = (BoundedJSON,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        require_length(request)


@extend_schema_view(
    post=extend_schema(
        operation_id="obtain_tokens",
        summary="Sign in: a name and a password for two tokens",
        tags=_TAGS,
        parameters=[RETRY_AFTER],
        responses={200: TokensSerializer}
        | _NOT_TAKEN
        | refused(
            {
                401: "`no_active_account`: the name or the password is wrong, or the account is switched off",
                429: "`throttled`: too many guesses",
                503: "`limits_unavailable`: guesses cannot be counted for a moment; try again shortly",
            }
        ),
    )
)
class Obtain(_Door):
    serializer_class = SignInSerializer


@extend_schema_view(
    post=extend_schema(
        operation_id="refresh_tokens",
        summary="Exchange a refresh token for new tokens; it is spent by that",
        description="Of several requests that bring the same one, one wins.",
        tags=_TAGS,
        responses={200: TokensSerializer} | _NOT_TAKEN | _NOT_VALID,
    )
)
class Refresh(_Door):
    serializer_class = SingleUseRefreshSerializer


@extend_schema_view(
    post=extend_schema(
        operation_id="withdraw_token",
        summary="Sign out: withdraw a refresh token",
        tags=_TAGS,
        responses={200: OpenApiResponse(OpenApiTypes.OBJECT, "an empty object: it is withdrawn")}
        | _NOT_TAKEN
        | _NOT_VALID,
    )
)
class Blacklist(_Door):
    serializer_class = WithdrawalSerializer


def _is_for_password_of(user: User, token: RefreshToken) -> bool:
    """Whether the token was issued for the password the user has today. A changed one withdraws all tokens."""
    return bool(token.get(api_settings.REVOKE_TOKEN_CLAIM) == get_md5_hash_password(user.password))
