"""OpenAI, and whoever speaks the Realtime API's GA dialect the way OpenAI does."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from realtime.config import RealtimeConfig
from realtime.errors import RealtimeNotConfigured
from realtime.providers.base import GA_VOICES, Description
from realtime.providers.websocket import Patience, WebSocketConnection, open_websocket
from realtime.telemetry import THIS_PROCESS, Telemetry

_WEBSOCKET_SCHEMES = {"http": "ws", "https": "wss"}


class OpenAIProvider:
    """A connection of its own for every session, opened with the operator's key."""

    def __init__(
        self, config: RealtimeConfig, *, patience: Patience | None = None, telemetry: Telemetry = THIS_PROCESS
    ) -> None:
        self._config = config
        self._patience = patience or Patience()
        self._telemetry = telemetry
        self.url, model = _address(config.base_url, config.model)
        host = urlsplit(self.url).hostname or ""
        self._description = Description(
            name="openai",
            label=f"OpenAI {model}" if is_openai(host) else f"{host} {model}",
            model=model,
            is_language_model=True,
            voices=GA_VOICES,
            default_voice="marin",
        )

    @property
    def description(self) -> Description:
        return self._description

    def check(self) -> None:
        key = self._config.api_key
        if not key:
            raise RealtimeNotConfigured
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise RealtimeNotConfigured(
                "The key in OPENAI_API_KEY holds characters that no key has. "
                "Ask whoever runs this server to copy it again."
            )

    async def connect(self, *, safety_identifier: str) -> WebSocketConnection:
        self.check()
        return await open_websocket(
            self.url,
            headers=self._headers(safety_identifier),
            patience=self._patience,
            telemetry=self._telemetry,
        )

    async def warm_up(self) -> None:
        """Nothing to prepare: connections are opened one by one."""

    async def close(self) -> None:
        """Nothing to let go of: connections belong to their sessions."""

    def _headers(self, safety_identifier: str) -> dict[str, str]:
        # Never OpenAI-Beta: it asks for a dialect that was switched off and is answered with close 4000.
        name, key = self._config.api_key_header, self._config.api_key
        headers = {name: f"Bearer {key}" if name.lower() == "authorization" else key}
        if safety_identifier:
            headers["OpenAI-Safety-Identifier"] = safety_identifier
        return headers


def _address(base_url: str, model: str) -> tuple[str, str]:
    """The WebSocket URL to open and the model it asks for. A model named in `base_url` itself wins."""
    parts = urlsplit(base_url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    model = dict(query).get("model") or model
    query = [(name, value) for name, value in query if name != "model"] + [("model", model)]
    scheme = _WEBSOCKET_SCHEMES.get(parts.scheme, parts.scheme)
    return urlunsplit((scheme, parts.netloc, parts.path, urlencode(query), "")), model


def is_openai(host: str) -> bool:
    """Whether `host` is OpenAI's own, in whatever region."""
    return host == "api.openai.com" or host.endswith(".api.openai.com")
