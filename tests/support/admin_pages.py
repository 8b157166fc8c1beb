"""What tests of the admin have in common: somebody who may see all, sessions that are over, the words of a page."""

import re
from typing import Any

from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission, User
from django.test import Client

from realtime import leases, services
from realtime.models import VoiceSession
from tests.support.sessions import opened, put_back

SESSIONS = "/admin/realtime/voicesession/"
USAGE_PAGE = f"{SESSIONS}usage/"
CONVERSATIONS = "/admin/conversations/conversation/"
USERS = "/admin/auth/user/"
MOST_QUERIES = 12
USAGE = {
    "total_tokens": 320,
    "input_tokens": 132,
    "output_tokens": 188,
    "input_token_details": {
        "text_tokens": 59,
        "audio_tokens": 73,
        "cached_tokens": 64,
        "cached_tokens_details": {"audio_tokens": 64},
    },
    "output_token_details": {"text_tokens": 41, "audio_tokens": 147},
    "transcription": {"seconds": 65},
}


def superuser_at(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root", password="gardener-spade"))
    return client


def colleague_at(client: Client, *permissions: str) -> User:
    """Staff with these permissions and no others, signed in."""
    staff = User.objects.create_user("colleague", is_staff=True)
    found = Permission.objects.filter(codename__in=permissions)
    assert len(found) == len(permissions)
    staff.user_permissions.add(*found)
    client.force_login(staff)
    return staff


def ended(
    user: User, reason: Any = "client", usage: dict[str, Any] | None = None, **wanted: Any
) -> VoiceSession:
    """A session that is over, 125 seconds long, of whose usage no cost was written down."""
    session = opened(user, **wanted)
    leases.record_usage(session=session, usage=USAGE if usage is None else usage, prices=())
    services.end_session(session=session, reason=reason)
    put_back(session, 125, "started_at")
    return VoiceSession.objects.get(pk=session.pk)


def words_of(page: Any) -> str:
    """What is read in the main part of a page."""
    assert page.status_code == 200
    body = page.content.decode().partition("<main")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def change_of(session: VoiceSession) -> str:
    """Where a session's own page is, to which its row in the list leads."""
    return f"{SESSIONS}{quote(session.pk)}/change/"


def end_of(session: VoiceSession) -> str:
    """Where the button on that page leads."""
    return f"{SESSIONS}{quote(session.pk)}/end/"
