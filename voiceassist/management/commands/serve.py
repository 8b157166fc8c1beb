"""The server of `make run` and of production: `manage.py serve [--prepare]`."""

import argparse
import gc
import logging
import os
import socket
import sys
import threading
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError, connections

from realtime.live import THIS_PROCESS
from realtime.providers.registry import describe
from voiceassist import staticfiles, tables
from voiceassist.management.allocator import share_one_heap
from voiceassist.management.greeting import Place, greeting
from voiceassist.management.preparation import SignIn, prepare
from voiceassist.management.server import AddressRefused, AddressTaken, Server, configuration, listen

log = logging.getLogger(__name__)

LEAVING_SECONDS = 5.0
"""How long the process may take to go once its server has ended. A thread that waits for a database that hangs would
keep it for as long as that does."""
SWITCH_SECONDS = 0.0005
"""How long a thread may compute while another one waits for its turn."""
NEW_OBJECTS = 10_000
"""How many more there have to be before the youngest are looked through for garbage; Python 3.11 begins at 700."""
YOUNGER = 5
"""How often the younger objects are looked through before the older ones are: half as often as Python does, since it
begins ten times later."""
STOPPED_AT_ONCE = 3
"""The exit status of a server that was told to stop a second time and put nothing down any more."""


class Command(BaseCommand):
    """Serve the site on HOST and PORT until Ctrl-C or SIGTERM."""

    help = "Serves the site on HOST and PORT with uvicorn."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--prepare",
            action="store_true",
            help="first bring the tables, the first account and the static files into place",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        share_one_heap()
        # Uvicorn raises Ctrl-C again after it has ended every session.
        with suppress(KeyboardInterrupt):
            self._serve(with_preparation=options["prepare"])
        if _is_watched_by_a_program(options["prepare"]):
            log.info("Stopped")
        else:
            self._say("Stopped.")

    def _serve(self, *, with_preparation: bool) -> None:
        # The port first: nobody should wait for a migration to hear that it is taken.
        listener = _listen(settings.HOST, settings.PORT)
        sign_in: SignIn | None = None
        if with_preparation:
            sign_in = prepare(var=settings.VAR_DIR, static_root=settings.STATIC_ROOT)
        else:
            _look_at_tables()
        _look_at_static_files()
        place = Place(settings.HOST, settings.PORT, settings.PUBLIC_URL, tuple(settings.TRUSTED_PROXIES))
        words = greeting(place, settings.REALTIME, sign_in, answering=describe(settings.REALTIME))
        is_watched = _is_watched_by_a_program(with_preparation)
        server = Server(
            configuration("voiceassist.asgi:application", trusted_proxies=settings.TRUSTED_PROXIES),
            when_listening=lambda: (
                log.info("Ready at %s", place.public_url) if is_watched else self._say(words)
            ),
            drain=THIS_PROCESS.drain,
            drain_seconds=settings.DRAIN_SECONDS,
            when_over=_leave,
        )
        _give_way_sooner()
        _collect_less_garbage()
        server.run(sockets=[listener])

    def _say(self, words: str) -> None:
        # A full disk under the log is no reason not to serve.
        with suppress(OSError):
            self.stdout.write(words)
            self.stdout.flush()


def _is_watched_by_a_program(with_preparation: bool) -> bool:
    """Whether a supervisor started this and nobody reads a greeting: one line of the log is enough, in its form."""
    return settings.LOG_FORMAT == "json" and not with_preparation


def _look_at_tables() -> None:
    """Raise CommandError rather than serve with tables of another version: each request would fail at some point.

    A database that is away may come back; then /health/ready says what there is to say.
    """
    try:
        waiting = tables.waiting()
    except (OperationalError, InterfaceError) as error:
        log.warning("The database is away, and requests are answered so until it is back: %s", error)
        return
    finally:
        connections.close_all()
    if waiting:
        raise CommandError(tables.in_words(waiting))


def _look_at_static_files() -> None:
    missing = staticfiles.missing()
    if missing:
        log.warning(
            "%d static files are missing, so no page can be shown. Run `manage.py collectstatic --no-input`"
            " and start the server again.",
            len(missing),
        )


def _leave(at_once: bool) -> None:
    """See to it that the process goes: now, or if it has not gone by itself a moment later."""
    if at_once:
        os._exit(STOPPED_AT_ONCE)
    late = threading.Timer(LEAVING_SECONDS, os._exit, [1])
    late.daemon = True
    late.start()


def _give_way_sooner() -> None:
    """A thread that handles a request holds the interpreter for Python's five milliseconds otherwise, and whoever talks
    hears that."""
    sys.setswitchinterval(SWITCH_SECONDS)


def _collect_less_garbage() -> None:
    """Whoever talks waits meanwhile: do not look through what stays, nor after every few frames that are kept."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, YOUNGER, YOUNGER)


def _listen(host: str, port: int) -> socket.socket:
    try:
        return listen(host, port)
    except AddressTaken:
        raise CommandError(
            f"Another program listens on {host}:{port}, perhaps VoiceAssist itself in another window. "
            f"Stop it, or choose another port: PORT={port + 1} make run"
        ) from None
    except AddressRefused as error:
        raise CommandError(f"Cannot listen on {host}:{port}: {error}. Check HOST and PORT.") from None
