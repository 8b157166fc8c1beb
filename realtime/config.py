"""What the rooms of `realtime` are configured with: frozen values, built once by the settings and handed down."""

import json
from dataclasses import dataclass, field, fields
from typing import Any

from realtime.prices import PRICES, Price, PriceTable

MEDICAL_PERSONA = """\
You are a helpful medical AI assistant. You speak with people about their health in plain, kind words.
You are not a doctor and you do not diagnose. Say so when it matters, and say when something should be seen by a
clinician. If what you hear could be an emergency (chest pain, trouble breathing, signs of a stroke, heavy bleeding,
thoughts of suicide), say at once that the local emergency number should be called, before anything else.
Do not invent facts, doses or sources; say when you do not know. Ask one question at a time.
Your answers are spoken aloud: keep them short, without lists, headings or markup."""


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """The embedded engine: where its answers come from and how many may speak with it at once."""

    chat_base_url: str = ""
    chat_model: str = ""
    chat_api_key: str = field(default="", repr=False)
    speech_sessions: int = 4
    """How many sessions may hold a speech worker at once; a further one is refused with `engine_busy`."""


@dataclass(frozen=True, slots=True)
class RealtimeConfig:
    """Everything that decides how sessions are issued, where they lead and what bounds them."""

    enabled: bool = True
    provider: str = "embedded"
    model: str = "gpt-realtime-2.1"
    base_url: str = "wss://api.openai.com/v1/realtime"
    dialect: str = "auto"
    """`ga`, `beta` or `auto`: as `session.created` shows it."""
    api_key_header: str = ""
    """Empty for the provider's own: Authorization, or api-key at Azure."""
    api_key: str = field(default="", repr=False)
    api_key_variable: str = "OPENAI_API_KEY"
    """The variable that the key came from, or would have to: people are told to look there."""
    token_expiry_sec: int = 300
    voice: str = ""
    """Empty for the provider's own default."""
    transcription_model: str = ""
    """Empty for the provider's own default."""
    language: str = ""
    instructions: str = MEDICAL_PERSONA
    history_tokens: int = 6000
    sessions_per_user: int = 2
    minutes_per_day: int | None = None
    idle_minutes: int = 10
    session_hours: int = 12
    """How long one session may last at most, whoever goes on speaking."""
    prices: PriceTable = PRICES
    """What models cost, for the estimate that a session's owner and reviewers are shown."""
    public_url: str = "http://127.0.0.1:8000"
    identifier_salt: str = field(default="", repr=False)
    """Keys the hash that names a user to the provider (OpenAI-Safety-Identifier)."""
    engine: EngineConfig = field(default_factory=EngineConfig)


_MOST_EXPENSIVE = 1_000_000


def price_table(text: str) -> PriceTable:
    """The prices that an operator wrote down as a JSON list of objects. Raises ValueError in words for the operator."""
    try:
        entries: Any = json.loads(text)
    except ValueError as error:
        raise ValueError(f"it is not JSON ({error}).") from error
    if not isinstance(entries, list):
        raise ValueError('write a JSON list, for example [{"model": "my-deployment", "audio_in": 32}].')
    return tuple(_price(number, entry) for number, entry in enumerate(entries, 1))


def _price(number: int, entry: Any) -> Price:
    where = f"entry {number}"
    if not isinstance(entry, dict) or not isinstance(entry.get("model"), str) or not entry["model"].strip():
        raise ValueError(f'{where} has no model; write {{"model": "its name", ...}}.')
    known = [field.name for field in fields(Price)]
    for name, amount in entry.items():
        if name not in known:
            raise ValueError(f"{where} has {name!r}, which is none of {', '.join(known)}.")
        is_number = isinstance(amount, int | float) and not isinstance(amount, bool)
        if name != "model" and not (is_number and 0 <= amount < _MOST_EXPENSIVE):
            raise ValueError(f"{name} of {where} is {amount!r}; write a price in US dollars.")
    return Price(**entry)
