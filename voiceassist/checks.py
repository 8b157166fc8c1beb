"""System checks of the address: settings that would otherwise fail at the first request, or let somebody in.

`check_*` with arguments of their own look at values and nothing else; `check_address` and `check_deployment` are what
Django runs. docs/checks.md lists what each id means.
"""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from rest_framework.settings import api_settings

from voiceassist import staticfiles
from voiceassist.limits import Rate

_BLACKLIST = "rest_framework_simplejwt.token_blacklist"
_OF_ONE_PROCESS = ("django.core.cache.backends.locmem.LocMemCache", "channels.layers.InMemoryChannelLayer")
_NOT_COUNTING = "django.core.cache.backends.dummy.DummyCache"
STATIC_FILES = "voiceassist.W106"
"""Which the doctor leaves out: that is a part of its own there."""
_SHORTEST_TOKEN = 16
_EVERYBODY = {"*", "0.0.0.0/0", "::/0"}


def check_rates(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Every rate can be read."""
    found: list[CheckMessage] = []
    for scope, rate in api_settings.DEFAULT_THROTTLE_RATES.items():
        try:
            if rate is not None:
                Rate.parse(str(rate))
        except ImproperlyConfigured as error:
            found.append(
                Error(
                    f"The rate of {scope!r} cannot be used. {error}",
                    hint="Write how many in what time, for example 20/min or 5/hour.",
                    id="voiceassist.E101",
                )
            )
    return found


def check_address(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What every command is told of the settings in force."""
    backends = [
        str(entry.get("BACKEND", ""))
        for entry in (*settings.CACHES.values(), *settings.CHANNEL_LAYERS.values())
    ]
    return [
        *check_public_url(settings.PUBLIC_URL),
        *check_origins(settings.ALLOWED_ORIGINS, settings.ALLOWED_HOSTS),
        *check_tokens(is_blacklist_there=apps.is_installed(_BLACKLIST)),
        *check_counting(backends, os.environ.get("WEB_CONCURRENCY", "")),
        *check_database(settings.DATABASES["default"]),
        *check_metrics_token(settings.METRICS_TOKEN),
    ]


def check_deployment(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What `check --deploy` is told besides."""
    return [
        *check_encryption(settings.PUBLIC_URL),
        *check_proxies(settings.PUBLIC_URL, settings.TRUSTED_PROXIES),
        *check_static_files(staticfiles.missing()),
    ]


def check_static_files(missing: Sequence[str]) -> Iterator[CheckMessage]:
    """What pages look like was gathered, all of it."""
    if missing:
        yield Warning(
            f"Static files are missing, so no page can be shown: {missing[0]} and {len(missing) - 1} more.",
            hint="Run `manage.py collectstatic --no-input`, and start the server again.",
            id=STATIC_FILES,
        )


def check_public_url(public_url: str) -> Iterator[CheckMessage]:
    """The address people type is one: a scheme, a host, perhaps a port, and no path."""
    try:
        parts = urlsplit(public_url)
        _ = parts.port  # raises ValueError for what is no number
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        is_one = False
    if not is_one or parts.path or parts.query or parts.fragment:
        yield Error(
            "PUBLIC_URL is not the address of a site.",
            hint="Write scheme, host and nothing behind them, for example https://voice.example.org.",
            id="voiceassist.E106",
        )


def check_origins(origins: Collection[str], hosts: Collection[str]) -> Iterator[CheckMessage]:
    """Nobody's page but ours may open the socket, and no host but ours is answered."""
    if any("*" in origin or "://" not in origin for origin in origins):
        yield Error(
            "ALLOWED_ORIGINS names more than our own pages: pages of other sites could speak for who is signed in.",
            hint="Set PUBLIC_URL and leave ALLOWED_ORIGINS as it follows: scheme, host and port, without *.",
            id="voiceassist.E103",
        )
    if any(host == "*" or host.startswith(".") for host in hosts):
        yield Error(
            "ALLOWED_HOSTS answers to hosts that are not ours: links in our answers could lead to somebody else.",
            hint="Set PUBLIC_URL and leave ALLOWED_HOSTS as it follows.",
            id="voiceassist.E107",
        )


def check_tokens(*, is_blacklist_there: bool) -> Iterator[CheckMessage]:
    """A refresh token that was used or withdrawn opens nothing. The library says nothing when it cannot see to that."""
    if not is_blacklist_there:
        yield Error(
            f"{_BLACKLIST} is not in INSTALLED_APPS: used and withdrawn refresh tokens would go on opening accounts.",
            hint=f"Add {_BLACKLIST} and run `manage.py migrate`.",
            id="voiceassist.E102",
        )


def check_counting(backends: Sequence[str], web_concurrency: str) -> Iterator[CheckMessage]:
    """What is limited is counted, and by all workers together."""
    if _NOT_COUNTING in backends:
        yield Error(
            "The cache keeps nothing, so nothing can be limited: passwords could be guessed without end.",
            hint="Set REDIS_URL, or leave the cache as it comes.",
            id="voiceassist.E105",
        )
    workers = int(web_concurrency) if web_concurrency.strip().isdecimal() else 1
    if workers > 1 and any(backend in _OF_ONE_PROCESS for backend in backends):
        yield Error(
            f"WEB_CONCURRENCY asks for {workers} workers and each would count limits for itself.",
            hint="Set REDIS_URL, so that they count together and can tell each other when a session has to end; or "
            "take WEB_CONCURRENCY out, as `manage.py serve` is one worker whatever it says.",
            id="voiceassist.E104",
        )


def check_database(database: Mapping[str, Any]) -> Iterator[CheckMessage]:
    """SQLite writes as it has to when several sessions are saved at once."""
    if database["ENGINE"] != "django.db.backends.sqlite3":
        return
    options = database.get("OPTIONS", {})
    is_immediate = options.get("transaction_mode") == "IMMEDIATE"
    has_log = "journal_mode=wal" in str(options.get("init_command", "")).replace(" ", "").lower()
    if not (is_immediate and has_log):
        yield Warning(
            "SQLite is used without immediate transactions or without its write-ahead log: words of sessions that "
            'are saved at the same moment would be lost to "database is locked".',
            hint='Set transaction_mode to "IMMEDIATE" and begin init_command with "PRAGMA journal_mode=WAL;".',
            id="voiceassist.W101",
        )


def check_metrics_token(token: str) -> Iterator[CheckMessage]:
    """What opens /metrics cannot be guessed. Nobody slows down guessing there."""
    if token and len(token) < _SHORTEST_TOKEN:
        yield Warning(
            f"METRICS_TOKEN has {len(token)} characters and could be guessed.",
            hint=f"Use at least {_SHORTEST_TOKEN} random ones, for example from `openssl rand -hex 32`.",
            id="voiceassist.W105",
        )


def check_encryption(public_url: str) -> Iterator[CheckMessage]:
    """Words and passwords travel encrypted."""
    if urlsplit(public_url).scheme != "https":
        yield Warning(
            f"PUBLIC_URL is {public_url}: words and passwords would travel unencrypted, and browsers give no "
            "microphone to such a page on another machine.",
            hint="Put TLS in front and set PUBLIC_URL=https://… ; docs/deployment.md shows how.",
            id="voiceassist.W102",
        )


def check_proxies(public_url: str, trusted: Collection[str]) -> Iterator[CheckMessage]:
    """Whoever puts TLS in front is believed, and nobody else."""
    if urlsplit(public_url).scheme == "https" and not trusted:
        yield Warning(
            "PUBLIC_URL begins with https and TRUSTED_PROXIES names nobody: every page would be sent to https again, "
            "and all visitors would share one limit.",
            hint="Set TRUSTED_PROXIES to the address of the proxy that holds the certificate, for example 127.0.0.1.",
            id="voiceassist.W103",
        )
    if _EVERYBODY & set(trusted):
        yield Warning(
            "TRUSTED_PROXIES believes everybody: whoever reaches this server can pretend to come from anywhere.",
            hint="Name the addresses of your proxies.",
            id="voiceassist.W104",
        )
