"""The past of the site in the pictures: conversations, and a month of sessions as a small practice would have them.

Written after Django is set up. The same numbers each time, counted back from today.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any

from django.contrib.auth.models import User

from conversations import reviewing
from conversations.models import Conversation
from conversations.services import append_message, create_conversation
from docs.screenshots.words import (
    EARLIER,
    HEADACHE,
    KNEE,
    KNEE_NOTES,
    KNEE_TITLE,
    ON_THE_PHONE,
    OTHERS,
    PEOPLE,
    Turn,
    answers,
    asks,
)
from realtime.models import VoiceSession
from realtime.prices import PRICES, estimate

DAYS = 30
SICK_DAYS_AGO = 9
"""The day on which the provider had a fault."""
MODEL, TRANSCRIBER = "gpt-realtime-2.1", "gpt-transcribe"


def conversations_of(username: str) -> tuple[Conversation, Conversation]:
    """Some conversations of the person in the chat's picture; the one that is open there, and the one on the phone."""
    user = User.objects.get(username=username)
    now = datetime.now(UTC)
    earlier = {
        title: _said(user, title, said, ends=now - timedelta(days=days))
        for title, (days, said) in EARLIER.items()
    }
    return _said(user, "Headache since Monday", HEADACHE, ends=now), earlier[ON_THE_PHONE]


def a_month_reviewed_by(username: str) -> Conversation:
    """Thirty days of other people's sessions; the conversation that a reviewer flagged and wrote notes on."""
    chance = Random(11)  # noqa: S311 - for pictures
    people = [User.objects.create_user(name) for name in PEOPLE]
    now = datetime.now(UTC)
    for number, (asked, answered) in enumerate(OTHERS.items()):
        ends = now - timedelta(hours=7 + 21 * number)
        _said(people[number % len(people)], "", (asks(asked), answers(answered)), ends=ends)
    knee = _said(people[0], KNEE_TITLE, KNEE, ends=now - timedelta(hours=2))
    reviewer = User.objects.get(username=username)
    reviewing.flag(conversation=knee, by=reviewer)
    reviewing.annotate(conversation=knee, by=reviewer, notes=KNEE_NOTES)
    knee.refresh_from_db()
    held_in = _session(chance, people[0], knee.created_at, minutes=3.2)
    held_in.conversation = knee
    _keep([*_sessions(chance, people), held_in])
    return knee


def _said(user: User, title: str, turns: Iterable[Turn], *, ends: datetime) -> Conversation:
    """A conversation whose turns were said twenty seconds apart, the last one at `ends`."""
    conversation = create_conversation(user=user, title=title)
    said = tuple(turns)
    for left, turn in zip(range(len(said), 0, -1), said, strict=True):
        append_message(conversation_id=conversation.pk, spoken_at=ends - timedelta(seconds=20 * left), **turn)
    begins = ends - timedelta(seconds=20 * len(said) + 2)
    Conversation.objects.filter(pk=conversation.pk).update(created_at=begins, updated_at=ends)
    return conversation


def _keep(sessions: Iterable[VoiceSession]) -> None:
    kept = VoiceSession.objects.bulk_create(sessions)
    for each in kept:
        each.created_at = each.started_at or each.created_at
    VoiceSession.objects.bulk_update(kept, ["created_at"])


def _sessions(chance: Random, people: list[User]) -> Iterator[VoiceSession]:
    """Some a day, fewer on weekends; on one day the provider is slow and fails."""
    now = datetime.now(UTC)
    for ago in range(DAYS - 1, -1, -1):
        day = now.date() - timedelta(days=ago)
        many = chance.randint(2, 5) if day.weekday() > 4 else chance.randint(9, 16)
        for _ in range(many):
            began = datetime.combine(day, time(chance.randint(7, 18), chance.randint(0, 59)), UTC)
            minutes = min(chance.lognormvariate(1.1, 0.6), 15)
            session = _session(chance, chance.choice(people), began, minutes, sick=ago == SICK_DAYS_AGO)
            if session.ended_at and session.ended_at < now:
                yield session


def _session(
    chance: Random, user: User, began: datetime, minutes: float, *, sick: bool = False
) -> VoiceSession:
    fails = chance.random() < (0.6 if sick else 0.03)
    if fails:
        minutes /= 4
    first = round(chance.gauss(1600 if sick else 780, 90))
    usage = _usage(minutes)
    token = f"{chance.getrandbits(96):024x}"
    return VoiceSession(
        id=f"rtc_{user.pk}_{token}",
        user=user,
        state=VoiceSession.State.ENDED,
        end_reason=chance.choice(("provider_failed", "provider_silent"))
        if fails
        else chance.choices(("client", "idle", "client_lost", "replaced"), (88, 7, 3, 2))[0],
        ticket_digest=token,
        expires_at=began + timedelta(minutes=5),
        provider="openai",
        model=MODEL,
        transcription_model=TRANSCRIBER,
        voice="marin",
        usage=usage,
        cost_usd=estimate(usage, PRICES, model=MODEL, transcription_model=TRANSCRIBER),
        answers=max(1, round(minutes * 2.2)),
        first_audio_ms=first,
        slowest_first_audio_ms=round(first * chance.uniform(1.2, 2.4)),
        rating=chance.choices(("", "good", "bad"), (60, 8, 32) if sick else (60, 36, 4))[0],
        started_at=began,
        seen_at=began,
        ended_at=began + timedelta(minutes=minutes),
    )


def _usage(minutes: float) -> dict[str, Any]:
    """What so many minutes of talk come to."""
    text, audio = round(minutes * 1000), round(minutes * 1600)
    cached = {"text_tokens": text // 2, "audio_tokens": audio // 2}
    written = {"text_tokens": round(minutes * 100), "audio_tokens": round(minutes * 420)}
    read = {"text_tokens": text, "audio_tokens": audio, "cached_tokens": sum(cached.values())}
    return {
        "total_tokens": text + audio + sum(written.values()),
        "input_tokens": text + audio,
        "output_tokens": sum(written.values()),
        "input_token_details": read | {"cached_tokens_details": cached},
        "output_token_details": written,
        "transcription": {"seconds": round(minutes * 20, 1)},
    }
