"""The nginx of docs/deployment in front of servers on this machine, with a test's own addresses and certificate."""

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.manage_program import free_port
from tests.support.project_files import ROOT

DEPLOYMENT = ROOT / "docs" / "deployment"
HERE = "127.0.0.1"
PATIENCE = 10.0
_ELSEWHERE = ("/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/local/bin/nginx", "/opt/homebrew/bin/nginx")
_UNPACKED = ROOT / "var" / "nginx" / "usr" / "sbin" / "nginx"
_MAIN = """
daemon off;
worker_processes 1;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/voiceassist.conf;
}}
"""


@dataclass(frozen=True, slots=True)
class Front:
    """A running nginx."""

    port: int
    plain_port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"https://{HERE}:{self.port}"

    @property
    def tls(self) -> ssl.SSLContext:
        """What a client has to trust."""
        return ssl.create_default_context(cafile=str(self.folder / "voiceassist.crt"))

    @property
    def access_log(self) -> list[str]:
        """A line for each request that is over."""
        return (self.folder / "access.log").read_text(encoding="utf-8").splitlines()

    def next_line(self, after: int = 0) -> str:
        """The line that follows so many others; nginx writes it once the answer is out."""
        deadline = time.monotonic() + PATIENCE
        while len(self.access_log) <= after:
            assert time.monotonic() < deadline, "nginx wrote nothing into its log"
            time.sleep(0.01)
        return self.access_log[after]


def nginx() -> str:
    """The program; skips the test in words where there is none."""
    places = [os.environ.get("NGINX"), shutil.which("nginx"), *_ELSEWHERE, str(_UNPACKED)]
    for place in places:
        if place and Path(place).is_file():
            return place
    pytest.skip("nginx is not installed here, and `make` could not fetch it.")


@contextmanager
def nginx_front(folder: Path, worker_ports: Sequence[int], *, port: int = 0) -> Iterator[Front]:
    """The deployment's nginx in front of workers on these ports, listening with TLS."""
    front = Front(port or free_port(), free_port(), folder)
    write_configuration(front, worker_ports)
    process = subprocess.Popen(
        [nginx(), "-p", str(folder), "-c", str(folder / "nginx.conf")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(front, process)
        yield front
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def write_configuration(front: Front, worker_ports: Sequence[int]) -> None:
    """What the papers have people copy, with nothing changed but names, addresses and places."""
    folder = front.folder
    _make_certificate(folder)
    workers = DEPLOYMENT.joinpath("voiceassist-workers.conf").read_text(encoding="utf-8")
    like = next(line for line in workers.splitlines() if line.startswith("server "))
    listed = (like.replace("127.0.0.1:8001", f"{HERE}:{port}") for port in worker_ports)
    (folder / "voiceassist-workers.conf").write_text("\n".join(listed) + "\n", encoding="utf-8")
    told = DEPLOYMENT.joinpath("nginx.conf").read_text(encoding="utf-8")
    for theirs, ours in {
        "/etc/nginx/voiceassist-workers.conf": f"{folder}/voiceassist-workers.conf",
        "/etc/nginx/tls": str(folder),
        "/var/log/nginx": str(folder),
        "/var/www/html": f"{folder}/html",
        "server_name voice.example": f"server_name {HERE}",
        "listen [::]:80;": "",
        "listen [::]:443 ssl http2;": "",
        "listen 80;": f"listen {HERE}:{front.plain_port};",
        "listen 443 ssl http2;": f"listen {HERE}:{front.port} ssl http2;",
    }.items():
        assert theirs in told, f"docs/deployment/nginx.conf has no {theirs!r} any more"
        told = told.replace(theirs, ours)
    (folder / "voiceassist.conf").write_text(told, encoding="utf-8")
    # Started by root, it would serve as a user who may not see a test's folder.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_MAIN.format(folder=folder, user=user), encoding="utf-8")


def _wait_for(front: Front, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection((HERE, front.port), timeout=1).close()
            return
        except OSError:
            log = front.folder / "error.log"
            told = log.read_text(encoding="utf-8") if log.exists() else "nothing"
            assert process.poll() is None, f"nginx ended: {told}"
            assert time.monotonic() < deadline, f"nginx does not listen: {told}"
            time.sleep(0.02)


def _make_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "VoiceAssist's tests")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HERE))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "voiceassist.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "voiceassist.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
