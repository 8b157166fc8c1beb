"""What all servers elsewhere have in common: a WebSocket for every session, opened with the operator's key."""

from dataclasses import dataclass

from realtime.breaker import Breaker
from realtime.config import RealtimeConfig
from realtime.errors import RealtimeNotConfigured
from realtime.protocol.dialects import Door
from realtime.providers.base import Description, UpstreamConnection
from realtime.providers.connection import Patience
from realtime.providers.translated import TranslatedConnection
from realtime.providers.websocket import open_websocket
from realtime.telemetry import THIS_PROCESS, Telemetry

_NOT_FINISHED = (
    "The way to this server's speech provider is not set up to the end. "
    "Ask whoever runs it what `manage.py check` says."
)


@dataclass(frozen=True, slots=True)
class Destination:
    """What tells one server elsewhere from another."""

    url: str
    description: Description
    is_usable: bool = True
    """False: the address can be seen, without calling it, to be no place where sessions are held."""
    key_header: str = "Authorization"
    """Unless the operator names another one."""
    needs_key: bool = True
    names_people: bool = False
    """Whether it is told, by a stable stranger's name, which person a session is for."""
    is_translated: bool = False
    """Whether it may speak another dialect than GA."""
    asks_for_beta: bool = False
    """Whether it has to be asked for the dialect before GA."""


class RemoteProvider:
    """A provider that differs from others of its kind in its destination alone."""

    def __init__(
        self,
        config: RealtimeConfig,
        destination: Destination,
        *,
        patience: Patience | None = None,
        telemetry: Telemetry = THIS_PROCESS,
    ) -> None:
        self._config = config
        self._destination = destination
        self._patience = patience or Patience()
        self._telemetry = telemetry
        self.breaker = Breaker(telemetry=telemetry)

    @property
    def url(self) -> str:
        """The address that is opened, model included."""
        return self._destination.url

    @property
    def description(self) -> Description:
        return self._destination.description

    def check(self) -> None:
        self._check_configuration()
        self.breaker.check()

    def _check_configuration(self) -> None:
        variable, key = self._config.api_key_variable, self._config.api_key
        if not self._destination.is_usable:
            raise RealtimeNotConfigured(_NOT_FINISHED)
        if not key and self._destination.needs_key:
            raise RealtimeNotConfigured(
                f"This server has no key for its speech provider yet. Ask whoever runs it to set {variable}."
            )
        if key and (not (key.isascii() and key.isprintable()) or " " in key):
            raise RealtimeNotConfigured(
                f"The key in {variable} holds characters that no key has. "
                "Ask whoever runs this server to copy it again."
            )

    async def connect(self, *, safety_identifier: str) -> UpstreamConnection:
        self._check_configuration()
        with self.breaker.attempt():
            connection = await open_websocket(
                self.url,
                headers=self._headers(safety_identifier),
                patience=self._patience,
                telemetry=self._telemetry,
            )
        if not self._destination.is_translated:
            return connection
        # A door for each connection: it remembers what was said through it.
        door = Door(self._config.dialect, transcription_model=self._config.transcription_model)
        return TranslatedConnection(connection, door)

    async def warm_up(self) -> None:
        """Nothing to prepare: connections are opened one by one."""

    async def close(self) -> None:
        """Nothing to let go of: connections belong to their sessions."""

    def _headers(self, safety_identifier: str) -> dict[str, str]:
        headers: dict[str, str] = {}
        name, key = self._config.api_key_header or self._destination.key_header, self._config.api_key
        if key:
            headers[name] = f"Bearer {key}" if name.lower() == "authorization" else key
        if safety_identifier and self._destination.names_people:
            headers["OpenAI-Safety-Identifier"] = safety_identifier
        if self._destination.asks_for_beta:
            headers["OpenAI-Beta"] = "realtime=v1"
        return headers
