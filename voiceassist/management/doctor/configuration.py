"""Settings: what Django's system checks say, and whether HOST, PUBLIC_URL and the proxy belong together."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import ERROR, WARNING, CheckMessage, run_checks

from voiceassist.checks import STATIC_FILES
from voiceassist.management.doctor.finding import Finding, ok, problem, warning


def examine_settings() -> Iterator[Finding]:
    """Every system check, those for a deployment included where the site is served over TLS."""
    messages = run_checks(include_deployment_checks=settings.SERVED_OVER_TLS)
    told = [
        message
        for message in messages
        if message.level >= WARNING and not message.is_silenced() and message.id != STATIC_FILES
    ]
    if not told:
        yield ok("Every system check passes.")
    yield from map(_as_finding, told)
    if settings.DEBUG:
        tell = problem if settings.SERVED_OVER_TLS else warning
        yield tell("DEBUG is on: error pages show the insides of this server.", "Take DEBUG out.")


def examine_address() -> Iterator[Finding]:
    """Whether people reach the address they are given."""
    public = urlsplit(settings.PUBLIC_URL)
    found = [*_public_url(public.scheme, public.hostname or ""), *_listening(public.hostname or "")]
    yield from found or [ok(f"People come to {settings.PUBLIC_URL}; this process listens on {_place()}.")]


def _as_finding(message: CheckMessage) -> Finding:
    tell = problem if message.level >= ERROR else warning
    return tell(f"{message.msg} ({message.id})", message.hint or "See docs/troubleshooting.md.")


def _public_url(scheme: str, host: str) -> Iterator[Finding]:
    if scheme not in ("http", "https") or not host:
        yield problem(
            "PUBLIC_URL is no address that a browser can open.",
            "Write it in full, for example https://voice.example.org.",
        )
    elif scheme == "http" and not _is_loopback(host):
        yield warning(
            f"PUBLIC_URL is http://{host}: browsers let nobody use a microphone there, and passwords can be read.",
            "Put a proxy with a certificate in front and set PUBLIC_URL to https (docs/deployment.md).",
        )
    elif scheme == "https" and not settings.TRUSTED_PROXIES:
        yield problem(
            "PUBLIC_URL is https and no proxy is trusted: every page would lead to itself for ever.",
            "Set TRUSTED_PROXIES to the address from which your proxy calls, for example 127.0.0.1.",
        )


def _listening(public_host: str) -> Iterator[Finding]:
    if "*" in settings.TRUSTED_PROXIES:
        yield warning(
            "TRUSTED_PROXIES is *: whoever reaches this port can make up the address that limits count by.",
            "Name the addresses of your proxies.",
        )
    if _is_loopback(public_host) and not _is_loopback(settings.HOST):
        yield warning(
            f"This process listens on {_place()} and PUBLIC_URL is for this machine alone: others get status 400.",
            "Set PUBLIC_URL to the address that others type, or HOST to 127.0.0.1.",
        )
    own_port = urlsplit(settings.PUBLIC_URL).port or 80
    if _is_loopback(public_host) and not settings.TRUSTED_PROXIES and own_port != settings.PORT:
        yield warning(
            f"PUBLIC_URL leads to port {own_port} and this process listens on {settings.PORT}.",
            "Leave PUBLIC_URL out, or make the two the same.",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _place() -> str:
    return f"{settings.HOST}:{settings.PORT}"
