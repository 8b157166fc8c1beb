"""Programs that use the API for somebody."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

Ask = Callable[..., Any]


def program_of(user: User) -> APIClient:
    """A program that is let in as a person, by whatever credentials."""
    client = APIClient()
    client.force_authenticate(user)
    return client


def asking(own_path: str, user: User, client: Client) -> Ask:
    """Post JSON as a person's program does, with an access token; to `own_path` unless another one is given."""
    bearer = f"Bearer {AccessToken.for_user(user)}"

    def post(body: Any = None, path: str = own_path, **extra: Any) -> Any:
        given: dict[str, Any] = {"content_type": "application/json", "headers": {"Authorization": bearer}}
        return client.post(path, {} if body is None else body, **(given | extra))

    return post
