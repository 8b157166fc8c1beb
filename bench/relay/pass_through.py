"""nginx in front of the upstream: what it costs to pass a socket through without understanding a word of it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.relay.listening import listening
from tests.support.manage_program import free_port
from tests.support.nginx_front import nginx

_CONFIGURATION = """
daemon off;
worker_processes 1;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass {upstream};
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
            proxy_read_timeout 1h;
        }}
    }}
}}
"""


@contextmanager
def nginx_in_front(upstream_url: str, tmp: Path) -> Iterator[tuple[int, str]]:
    """The process and the address of an nginx that passes everything on. Skips where there is no nginx."""
    folder, port = tmp / "nginx", free_port()
    folder.mkdir()
    # Started by root, it would serve as a user who may not see this folder.
    user = "user root;" if os.geteuid() == 0 else ""
    address, path = upstream_url.replace("ws", "http", 1), "/v1/realtime"
    configuration = _CONFIGURATION.format(
        folder=folder, user=user, port=port, upstream=address.removesuffix(path)
    )
    (folder / "nginx.conf").write_text(configuration, encoding="utf-8")
    command = [nginx(), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with listening(command, port, folder / "printed") as pid:
        yield pid, f"ws://127.0.0.1:{port}{path}"
