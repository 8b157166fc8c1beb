"""The server of `make run` and of production: `manage.py serve [--prepare]`."""

import argparse
import socket
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from realtime.providers.registry import describe
from voiceassist.management.greeting import Place, greeting
from voiceassist.management.preparation import SignIn, prepare
from voiceassist.management.server import AddressRefused, AddressTaken, Server, configuration, listen


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
        try:
            self._serve(with_preparation=options["prepare"])
        except KeyboardInterrupt:
            self._say("Stopped.")  # uvicorn raises Ctrl-C again after it has ended every session

    def _serve(self, *, with_preparation: bool) -> None:
        # The port first: nobody should wait for a migration to hear that it is taken.
        listener = _listen(settings.HOST, settings.PORT)
        sign_in: SignIn | None = None
        if with_preparation:
            sign_in = prepare(var=settings.VAR_DIR, static_root=settings.STATIC_ROOT)
        place = Place(settings.HOST, settings.PORT, settings.PUBLIC_URL, tuple(settings.TRUSTED_PROXIES))
        words = greeting(place, settings.REALTIME, sign_in, answering=describe(settings.REALTIME))
        server = Server(
            configuration("voiceassist.asgi:application", trusted_proxies=settings.TRUSTED_PROXIES),
            when_listening=lambda: self._say(words),
        )
        server.run(sockets=[listener])

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()


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
