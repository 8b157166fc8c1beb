"""Where a Realtime server is: addresses as operators give them, made into the one to open. Pure."""

import re
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit, urlunsplit

OPENAI_ADDRESS = "wss://api.openai.com/v1/realtime"
_WEBSOCKET_SCHEMES = {"http": "ws", "https": "wss"}
_SCHEMES = frozenset({"http", "https", "ws", "wss"})
_NAMES_AN_AGENT = frozenset({"agent_id", "agent-id"})
"""Query parameters that say who answers instead of a model, at xAI and at Azure AI Voice Live."""
_AZURE_OPENAI = re.compile(
    r"[^.]+\.(openai\.azure\.(com|us|cn)|cognitiveservices\.azure\.(com|us|cn)|services\.ai\.azure\.com)"
)
_PREVIEW_PATH = re.compile(r"/openai(/deployments/(?P<deployment>[^/]+))?/realtime/?")
_PREVIEW_PARAMETERS = frozenset({"api-version", "deployment"})
"""What only the preview's address had."""


def is_callable(address: str) -> bool:
    """Whether a connection to `address` can be tried at all."""
    try:
        parts = urlsplit(address)
        return parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def host_of(address: str) -> str:
    """The host of an address, empty when it has none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def is_openai(host: str) -> bool:
    """Whether `host` is OpenAI's own, in whatever region."""
    return host == "api.openai.com" or host.endswith(".api.openai.com")


def is_xai(host: str) -> bool:
    """Whether `host` is xAI's own."""
    return host == "x.ai" or host.endswith(".x.ai")


def is_azure_openai(address: str) -> bool:
    """Whether `address` leads to Azure OpenAI. Azure AI Voice Live lives on the same hosts and is another service."""
    return bool(_AZURE_OPENAI.fullmatch(host_of(address))) and not is_voice_live(address)


def is_voice_live(address: str) -> bool:
    """Whether `address` is one of Azure AI Voice Live's."""
    return "/voice-live/" in f"{_split(address).path}/"


def address_of(base_url: str, model: str) -> tuple[str, str]:
    """The WebSocket address to open and the model it asks for. A model named in `base_url` itself wins.

    An address without a path, or one that ends in `/v1` as the SDKs' base addresses do, is completed.
    """
    parts = urlsplit(base_url)
    path = parts.path.rstrip("/")
    if not path:
        path = "/v1/realtime"
    elif path.endswith("/v1"):
        path += "/realtime"
    else:
        path = parts.path
    return _asking_for(model, parts, path)


def azure_address_of(base_url: str, deployment: str) -> tuple[str, str]:
    """The GA address of an Azure OpenAI resource, given as the portal shows it, and the deployment it asks for."""
    parts = urlsplit(base_url)
    path = parts.path.rstrip("/")
    if path.endswith("/openai/v1"):
        path += "/realtime"
    elif path.endswith("/openai"):
        path += "/v1/realtime"
    elif not path.endswith("/realtime"):
        path += "/openai/v1/realtime"
    return _asking_for(deployment, parts, path)


def ga_instead_of_preview(base_url: str, deployment: str) -> str:
    """For an address of Azure OpenAI's retired preview: the GA one of the same resource and deployment, else empty.

    Nothing else of the query is taken over: a key may stand there.
    """
    parts = _split(base_url)
    query = dict(parse_qsl(parts.query))
    preview = _PREVIEW_PATH.fullmatch(parts.path)
    if is_voice_live(base_url) or not (preview or _PREVIEW_PARAMETERS & query.keys()):
        return ""
    named = query.get("deployment") or query.get("model") or (preview and preview["deployment"]) or deployment
    scheme = _WEBSOCKET_SCHEMES.get(parts.scheme, parts.scheme)
    return f"{scheme}://{parts.netloc.rpartition('@')[2]}/openai/v1/realtime?model={quote(named, safe='')}"


def _asking_for(model: str, parts: SplitResult, path: str) -> tuple[str, str]:
    query = parse_qsl(parts.query, keep_blank_values=True)
    given = dict(query)
    model = given.get("model") or model
    if not _NAMES_AN_AGENT & given.keys():
        query = [(name, value) for name, value in query if name != "model"] + [("model", model)]
    scheme = _WEBSOCKET_SCHEMES.get(parts.scheme, parts.scheme)
    return urlunsplit((scheme, parts.netloc, path, urlencode(query), "")), model


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")
