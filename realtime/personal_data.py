"""What is held on one person: all of it to take out, and all of it to erase."""

import json
from collections.abc import Collection, Iterator, Mapping
from itertools import groupby
from typing import Any, TypeVar

from django.contrib.admin.models import LogEntry
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from conversations import audit, search, selectors
from conversations.models import AccessedTranscript, Conversation, Review, TranscriptAccess
from realtime import allowance, services
from realtime.live import THIS_PROCESS
from realtime.models import Preferences, TalkingTime, VoiceSession

SCHEMA_VERSION = 1
"""Raised when a program that reads the export has to learn something; what is added alone does not count."""
LAST_WORDS_SECONDS = 2.0
"""How long erasing waits for sessions that live here. A slower one, or one elsewhere, finds no row to write to."""

Row = Mapping[str, Any]
_Model = TypeVar("_Model", bound=Model)
_PAGE = 500


class LastSuperuser(Exception):
    """Without this account nobody could administer the server."""


# --- taking out -----------------------------------------------------------------------------------------------------


def export_of(user: User) -> Iterator[str]:
    """Everything that is held on a person as one JSON document, piece by piece. Nothing of anybody else.

    Who looked at their words is told as what they are to them, themselves or staff; keys and password stay here.
    """
    yield from _written(
        {
            "schema_version": SCHEMA_VERSION,
            "exported_at": timezone.now(),
            "account": _account(user),
            "preferences": _preferences(user),
            "conversations": _conversations(user),
            "voice_sessions": _sessions(user),
            "talking_time": _talking_time(user),
            "refresh_tokens": _refresh_tokens(user),
            "looks_at_transcripts": _looks(user),
        }
    )
    yield "\n"


def _written(row: Row) -> Iterator[str]:
    """It in JSON. What it has to iterate over comes last, and row by row."""
    lists = {name: value for name, value in row.items() if isinstance(value, Iterator)}
    plain = {name: value for name, value in row.items() if name not in lists}
    yield json.dumps(plain, cls=DjangoJSONEncoder, ensure_ascii=False)[:-1]
    for name, rows in lists.items():
        yield f', "{name}": ['
        for number, each in enumerate(rows):
            yield ",\n" if number else "\n"
            yield from _written(each)
        yield "]"
    yield "}"


def _account(user: User) -> Row:
    groups = list(user.groups.values_list("name", flat=True))
    return {**_columns(User.objects.get(pk=user.pk), "password"), "groups": groups}


def _preferences(user: User) -> Row | None:
    chosen = Preferences.objects.filter(user=user).first()
    return None if chosen is None else _columns(chosen, "user_id")


def _conversations(user: User) -> Iterator[Row]:
    own = Conversation.objects.filter(user=user).select_related("review").order_by("created_at", "pk")
    for conversation in _paged(own):
        review = getattr(conversation, "review", None)
        messages = selectors.one_by_one(selectors.record_of(conversation))
        yield {
            **_columns(conversation, "user_id"),
            "review": review and _review(review),
            "messages": (_columns(message, "conversation_id") for message in messages),
        }


def _review(review: Review) -> Row:
    """Without who wrote it, which is not the person's to know."""
    reviewer = None if review.reviewer_id is None else "a reviewer"
    return {**_columns(review, "conversation_id", "reviewer_id"), "reviewer": reviewer}


def _sessions(user: User) -> Iterator[Row]:
    for session in _paged(VoiceSession.objects.filter(user=user).order_by("created_at", "pk")):
        yield _columns(session, "user_id", "ticket_digest", "web_session_key")


def _talking_time(user: User) -> Iterator[Row]:
    for talked in _paged(TalkingTime.objects.filter(user=user).order_by("day")):
        yield {"day": talked.day, "seconds": talked.seconds}


def _refresh_tokens(user: User) -> Iterator[Row]:
    for token in _paged(OutstandingToken.objects.filter(user=user).order_by("created_at", "pk")):
        yield {"created_at": token.created_at, "expires_at": token.expires_at}


def _looks(user: User) -> Iterator[Row]:
    """Who looked at their words: other people's words that the same look showed are not theirs to know of."""
    shown = AccessedTranscript.objects.filter(owner_id=user.pk).select_related("access")
    for access, transcripts in groupby(_paged(shown.order_by("access_id", "pk")), lambda each: each.access):
        yield {
            "at": access.at,
            "action": access.action,
            "via": access.via,
            "by": "yourself" if access.actor_id == user.pk else "staff",
            "conversations": [each.conversation_id for each in transcripts],
        }


def _paged(rows: QuerySet[_Model]) -> Iterator[_Model]:
    """The rows there are now, in their order. Between pages nothing of the database is held, as in `one_by_one`."""
    keys = list(rows.values_list("pk", flat=True))
    for start in range(0, len(keys), _PAGE):
        yield from rows.filter(pk__in=keys[start : start + _PAGE])


def _columns(row: Model, *leaving_out: str) -> Row:
    """A column that is added to a table is in the export without anybody thinking of it."""
    names = (each.attname for each in row._meta.concrete_fields)
    return {name: getattr(row, name) for name in names if name not in leaving_out}


# --- erasing --------------------------------------------------------------------------------------------------------


def erase(user: User, *, with_account: bool, looker: audit.Looker | None = None) -> None:
    """Delete every word of a person, what was used for them and what they chose, and with the account the account.

    Live sessions are ended first. What stays is the record of who looked at what, by ids; how long was talked today,
    which the daily limit counts; and, unlinked, the numbers of tokens that must stay withdrawn. Raises LastSuperuser,
    and has done nothing then. `looker`: who asks and through which door; by default the person, by a program.
    """
    if with_account:
        with transaction.atomic():
            _refuse_last_superuser(user)
    _end_sessions(user)
    # To find these all web sessions are read, and nobody should wait at a lock for that.
    web_sessions = _web_sessions(user) if with_account else []
    with transaction.atomic():
        if with_account:
            _refuse_last_superuser(user)
        # Sessions are redeemed under this lock, and turns are written under those of their conversations: whoever
        # comes later finds neither.
        User.objects.select_for_update(no_key=not with_account).filter(pk=user.pk).first()
        conversations = list(Conversation.objects.select_for_update().filter(user=user).order_by("pk"))
        audit.record(
            looker or audit.Looker(user.pk, audit.Via.API), TranscriptAccess.Action.DELETE, conversations
        )
        if not with_account:
            allowance.keep_todays_seconds(user)
        sessions = VoiceSession.objects.filter(user=user)
        list(sessions.select_for_update().order_by("pk"))  # in the order in which everybody locks them
        sessions.delete()
        Conversation.objects.filter(user=user).delete()
        Preferences.objects.filter(user=user).delete()
        if with_account:
            _delete_account(user, web_sessions)
        else:
            _unlink_tokens(user)
        transaction.on_commit(search.forget)


def _refuse_last_superuser(user: User) -> None:
    """Locks those who could take over, so that of two who leave at once one is refused."""
    able = User.objects.select_for_update().filter(is_superuser=True, is_active=True).order_by("pk")
    if user.is_superuser and [each.pk for each in able] == [user.pk]:
        raise LastSuperuser


def _end_sessions(user: User) -> None:
    sessions = VoiceSession.objects.filter(user=user)
    live = list(sessions.exclude(state=VoiceSession.State.ENDED).values_list("pk", flat=True))
    services.end_now(sessions=sessions, reason="erased")
    THIS_PROCESS.wait(live, LAST_WORDS_SECONDS)


def _unlink_tokens(user: User) -> None:
    """A token that was withdrawn is good again when nobody remembers its number. The others are good without a row."""
    tokens = OutstandingToken.objects.filter(user=user)
    withdrawn = Q(blacklistedtoken__isnull=False, expires_at__gt=timezone.now())
    tokens.exclude(withdrawn).delete()
    tokens.update(user=None, token="")


def _web_sessions(user: User) -> list[str]:
    signed_in = ((each.pk, each.get_decoded().get(SESSION_KEY)) for each in Session.objects.iterator())
    return [key for key, user_id in signed_in if user_id == str(user.pk)]


def _delete_account(user: User, web_sessions: Collection[str]) -> None:
    """With every row that names it, but for the record of looks."""
    OutstandingToken.objects.filter(user=user).delete()
    about_them = Q(content_type__app_label="auth", content_type__model="user", object_id=str(user.pk))
    their_sessions = Q(object_id__startswith=f"rtc_{user.pk}_")
    LogEntry.objects.filter(about_them | their_sessions).delete()
    Session.objects.filter(pk__in=web_sessions).delete()
    User.objects.filter(pk=user.pk).delete()
