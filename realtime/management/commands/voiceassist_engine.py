"""Serve the embedded engine as a Realtime server (GA) for any client."""

import asyncio
import os
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from realtime.engine.server import Engine
from realtime.engine.serving import serving

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Command(BaseCommand):
    help = "Serve the embedded engine on a port, as a Realtime API server (GA) for any client."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--port", type=int, required=True, help="the port to listen on; 0 takes a free one"
        )
        parser.add_argument(
            "--host", default="127.0.0.1", help="the address to listen on (default: this machine only)"
        )
        parser.add_argument(
            "--api-key-env",
            default="",
            metavar="NAME",
            help="the environment variable that holds the key clients have to show; without it any key is good",
        )

    def handle(self, *args: Any, host: str, port: int, api_key_env: str, **options: Any) -> None:
        api_key = os.environ.get(api_key_env, "") if api_key_env else ""
        if api_key_env and not api_key:
            raise CommandError(
                f"The environment variable {api_key_env} is not set: it should hold the clients' key."
            )
        if not api_key and host not in LOOPBACK:
            self.stderr.write(
                "Anybody who reaches this port may use it. Give --api-key-env NAME to ask for a key."
            )
        asyncio.run(self._serve(host, port, api_key))

    async def _serve(self, host: str, port: int, api_key: str) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        engine = Engine(settings.REALTIME.engine)
        try:
            async with serving(engine, host=host, port=port, api_key=api_key) as address:
                await engine.start()
                self._introduce(engine, address, asks_for_key=bool(api_key))
                await stop.wait()
        except OSError as error:
            raise CommandError(f"Cannot listen on {host}:{port}: {error.strerror or error}.") from error
        self.stdout.write("Ended.")

    def _introduce(self, engine: Engine, address: str, *, asks_for_key: bool) -> None:
        key = "the key from the environment" if asks_for_key else "any text as the key"
        base = address.removesuffix("/realtime")
        self.stdout.write(f"Serving the Realtime API at {address}")
        self.stdout.write(f"Answers: {engine.label}")
        if engine.voice_problem:
            self.stdout.write(f"Voice: {engine.voice_problem}")
        self.stdout.write(f"Connect with {key}, for example in Python:")
        self.stdout.write(
            f'  AsyncOpenAI(api_key="...", websocket_base_url="{base}").realtime.connect(model="{engine.model}")'
        )
        self.stdout.write("Ctrl-C ends it.")
        self.stdout.flush()
