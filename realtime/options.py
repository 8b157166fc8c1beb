"""What a caller may choose for a session on this server, and how much they may still talk."""

from typing import Any

from django.contrib.auth.models import User
from rest_framework.settings import api_settings

from realtime.allowance import seconds_left_today
from realtime.config import RealtimeConfig
from realtime.errors import ProviderUnavailable, RealtimeDisabled, RealtimeError, RealtimeNotConfigured
from realtime.models import VoiceSession
from realtime.providers.base import Description
from realtime.providers.registry import describe, provider_for

OUTPUTS = ("audio", "text")
TURN_DETECTION = ("server_vad", "semantic_vad", "push_to_talk")
SLOWEST, FASTEST = 0.25, 1.5
DEFAULT_SPEED = 1.0
LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$"
SESSION_RATE = "realtime-session"
"""The scope under which asking for sessions is throttled."""

_HEARD_HERE = ("en",)
"""The languages of the embedded engine. What others understand, they alone know."""
_ENGLISH_ALONE = (
    "This server hears and speaks English. Another language may be asked for and changes nothing."
)
_A_HINT = (
    "Any code is taken. It tells the speech provider which language to expect when it writes down what is said; which "
    "ones it understands is not known here."
)


def options_for(user: User, config: RealtimeConfig) -> dict[str, Any]:
    """Everything there is to choose and what bounds it, also where no session can be had."""
    description, problem = describe(config), _problem(config)
    return {
        "enabled": problem is None,
        "problem": problem and {"code": problem.code, "detail": problem.detail},
        "voice_problem": description.voice_problem,
        "provider": description,
        "model": description.model,
        "voices": description.voices,
        "default_voice": config.voice or description.default_voice,
        "speed": {"slowest": SLOWEST, "fastest": FASTEST, "default": DEFAULT_SPEED},
        "pitch": None,
        "output": OUTPUTS,
        "default_output": OUTPUTS[0],
        "turn_detection": description.turn_detection,
        "default_turn_detection": TURN_DETECTION[0],
        "language": _language(config, description),
        "limits": _limits(user, config),
    }


def _problem(config: RealtimeConfig) -> RealtimeError | None:
    """Why no session can be had; None when it can."""
    if not config.enabled:
        return RealtimeDisabled()
    try:
        provider_for(config).check()
    except RealtimeNotConfigured as problem:
        return problem
    except ProviderUnavailable:
        # Over before anybody has read of it here; whoever asks for a session meanwhile is told for how long.
        return None
    return None


def _language(config: RealtimeConfig, description: Description) -> dict[str, Any]:
    is_embedded = description.name == "embedded"
    return {
        "default": config.language,
        "pattern": LANGUAGE,
        "understood": _HEARD_HERE if is_embedded else None,
        "note": _ENGLISH_ALONE if is_embedded else _A_HINT,
    }


def _limits(user: User, config: RealtimeConfig) -> dict[str, Any]:
    live = VoiceSession.objects.filter(user=user, state=VoiceSession.State.LIVE).count()
    return {
        "sessions_at_once": config.sessions_per_user,
        "sessions_left": max(0, config.sessions_per_user - live),
        "minutes_per_day": config.minutes_per_day,
        "seconds_left_today": seconds_left_today(user, config),
        "idle_minutes": config.idle_minutes,
        "ticket_seconds": config.token_expiry_sec,
        "session_rate": api_settings.DEFAULT_THROTTLE_RATES[SESSION_RATE],
    }
