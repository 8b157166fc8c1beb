"""LiteLLM's proxy with one model: the upstream, as a server that speaks as OpenAI's does."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from bench.relay.environments import python_with
from bench.relay.listening import listening
from tests.support.manage_program import free_port

_QUIET = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
"""It would fetch its list of prices from elsewhere, and log each session."""


@contextmanager
def litellm_in_front(upstream_url: str, tmp: Path) -> Iterator[tuple[int, str, str]]:
    """The process, the address and the key of a proxy without a database or a callback. It starts with no door open."""
    folder, port = tmp / "litellm", free_port()
    folder.mkdir()
    base = upstream_url.replace("ws", "http", 1).removesuffix("/v1/realtime")
    model = {
        "model_name": "any",
        "litellm_params": {"model": "openai/any", "api_base": base, "api_key": "sk-of-nobody"},
        "model_info": {"mode": "realtime"},
    }
    key = f"sk-{token_hex()}"
    # What is JSON is YAML too.
    (folder / "config.yaml").write_text(json.dumps({"model_list": [model]}), encoding="utf-8")
    python = python_with("litellm")
    command = [
        str(python),
        str(python.with_name("litellm")),
        "--config",
        str(folder / "config.yaml"),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with listening(command, port, folder / "printed", _QUIET | {"LITELLM_MASTER_KEY": key}) as pid:
        yield pid, f"ws://127.0.0.1:{port}/v1/realtime?model=any", key
