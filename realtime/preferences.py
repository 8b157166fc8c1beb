"""What a person chose for all their sessions: read, and written."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from django.contrib.auth.models import User

from realtime.models import Preferences
from realtime.providers.base import Description


@dataclass(frozen=True, slots=True)
class Preferred:
    """The choices that count here. Empty, or None: the server's own."""

    voice: str = ""
    speed: float | None = None
    language: str = ""
    output: str = ""
    turn_detection: str = ""


_NOTHING = Preferred()
NAMES = tuple(field.name for field in fields(Preferred))


def preferences_of(user: User, description: Description) -> Preferred:
    """What the person chose, as far as this provider has it. One query.

    What it does not have stays stored: another provider must not break sessions, and the first one may come back.
    """
    row = Preferences.objects.filter(user=user).first()
    if row is None:
        return _NOTHING
    has_voice = not description.voices or row.voice in description.voices
    has_detection = row.turn_detection in description.turn_detection
    return Preferred(
        voice=row.voice if has_voice else "",
        speed=row.speed,
        language=row.language,
        output=row.output,
        turn_detection=row.turn_detection if has_detection else "",
    )


def choose(user: User, changes: Mapping[str, Any]) -> None:
    """Write down checked choices by name; None takes one back. What is not named stays as it is."""
    columns = {name: getattr(_NOTHING, name) if value is None else value for name, value in changes.items()}
    if any(value is not None for value in changes.values()):
        Preferences.objects.update_or_create(user=user, defaults=columns)
    elif columns:
        Preferences.objects.filter(user=user).update(**columns)
