"""What the server says on the screen once it listens: where it is, who answers, how to sign in, what is still open."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from realtime.config import RealtimeConfig
from realtime.providers.base import Description
from voiceassist.management.preparation import SignIn


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server listens and where people find it."""

    host: str
    port: int
    public_url: str
    trusted_proxies: tuple[str, ...]

    @property
    def is_private(self) -> bool:
        """Whether only this machine can reach the server."""
        try:
            return ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def has_tls(self) -> bool:
        return self.public_url.startswith("https://")


def greeting(place: Place, config: RealtimeConfig, sign_in: SignIn | None, *, answering: Description) -> str:
    """The lines for the person who started the server."""
    lines = ["", f"VoiceAssist is ready at {place.public_url}", ""]
    lines += _who_answers(config, answering)
    lines += _how_to_sign_in(sign_in)
    lines += _what_others_need(place)
    return "\n".join([*lines, "  Ctrl-C stops it.", ""])


def _who_answers(config: RealtimeConfig, answering: Description) -> Iterator[str]:
    if not config.enabled:
        yield "  Sessions are switched off (REALTIME_ENABLED=false); conversations can be read."
    elif config.provider == "embedded":
        yield f"  Answers come from the embedded engine: {answering.label}."
        if not config.engine.chat_base_url:
            yield "  For a language model: OPENAI_API_KEY=... make run, or your own server in ENGINE_CHAT_BASE_URL."
    else:
        yield f"  Answers come from {answering.label}."
    if config.enabled and answering.voice_problem:
        yield f"  {answering.voice_problem}"


def _how_to_sign_in(sign_in: SignIn | None) -> Iterator[str]:
    manage = ".venv/bin/python manage.py"
    if sign_in is None:
        yield f"  Sign in with your account; a forgotten password: {manage} changepassword NAME"
    elif sign_in.is_new:
        yield f"  Sign in as {sign_in.username} with the password {sign_in.password}"
        yield f"  (kept in {sign_in.kept_in}; it is shown this once)"
    elif sign_in.password:
        yield f"  Sign in as {sign_in.username}; the password is in {sign_in.kept_in}"
    else:
        yield f"  Sign in as {sign_in.username}; a forgotten password: {manage} changepassword {sign_in.username}"


def _what_others_need(place: Place) -> Iterator[str]:
    if place.has_tls and not place.trusted_proxies:
        yield ""
        yield f"  PUBLIC_URL is {place.public_url}, so something in front has to speak TLS. Name its address in"
        yield "  TRUSTED_PROXIES (for example 127.0.0.1); until then every page redirects to itself."
    if place.is_private or place.has_tls:
        return
    yield ""
    yield f"  Others can reach this server ({place.host}:{place.port}), but browsers give a page the microphone"
    yield "  only over https or on the machine itself. Put a proxy with TLS in front, then start with"
    yield "  PUBLIC_URL=https://your.host TRUSTED_PROXIES=<the proxy's address> make run"
    yield f"  Until then only requests for {place.public_url} are answered."
