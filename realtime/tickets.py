"""One-time tickets and session ids: random text, and the digest that is all we keep of a ticket."""

import re
import secrets
from dataclasses import dataclass, field
from hashlib import sha256

_SESSION_ID = re.compile(r"rtc_[A-Za-z0-9-]{1,40}_[A-Za-z0-9-]{20,40}")


@dataclass(frozen=True, slots=True)
class Ticket:
    """What opens one session. `secret` is shown once, to its holder; the database knows only the digest."""

    secret: str = field(repr=False)

    @property
    def digest(self) -> str:
        return digest(self.secret)


def new_ticket() -> Ticket:
    """A ticket of 256 random bits, in characters that a WebSocket subprotocol may hold."""
    return Ticket("ek_" + secrets.token_urlsafe(32))


def is_ticket(credential: str) -> bool:
    """Whether a bearer credential is one of our tickets rather than an access token."""
    return credential.startswith("ek_")


def digest(secret: str) -> str:
    """SHA-256 in hex. Enough for 256 random bits: there is nothing to guess."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


def new_session_id(user_id: object) -> str:
    """`rtc_<user id>_<random token>`"""
    return f"rtc_{user_id}_{secrets.token_hex(12)}"


def is_session_id(text: str) -> bool:
    """Whether `text` has the form of a session id."""
    return bool(_SESSION_ID.fullmatch(text))
