"""The systemd units and the nginx configuration, read by systemd's and nginx's own programs where they are there."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.manage_program import free_port
from tests.support.nginx_front import DEPLOYMENT, Front, nginx, write_configuration
from voiceassist import env

UNIT = (DEPLOYMENT / "voiceassist@.service").read_text(encoding="utf-8")
ENVIRONMENT = (DEPLOYMENT / "environment").read_text(encoding="utf-8")
PLACE = "/opt/voiceassist"
AT_WORST = 30
"""Seconds after the drain in which a worker is gone, whatever hangs (docs/deployment.md: half a minute)."""
EXPOSURE = 30
"""What `systemd-analyze security` may find at most, of 100."""


def directive(name: str) -> str:
    (value,) = re.findall(rf"^{name}=(.*)$", UNIT, re.M)
    return str(value)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units as they would lie in /etc/systemd/system, with a folder that exists."""
    there = UNIT.replace("WorkingDirectory=/opt/voiceassist", f"WorkingDirectory={tmp_path}")
    (tmp_path / "voiceassist@8001.service").write_text(there, encoding="utf-8")
    shutil.copy(DEPLOYMENT / "voiceassist.target", tmp_path)
    return tmp_path


def systemd_analyze(*arguments: object) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd is not installed here: systemd-analyze was looked for.")
    command = [program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_systemd_understands_every_line_of_the_units(units: Path) -> None:
    told = systemd_analyze(
        "verify", "--man=no", units / "voiceassist@8001.service", units / "voiceassist.target"
    )
    assert (told.returncode, told.stdout + told.stderr) == (0, "")


def test_a_worker_may_do_little_beside_its_work(units: Path) -> None:
    told = systemd_analyze(
        "security", "--offline=yes", f"--threshold={EXPOSURE}", units / "voiceassist@8001.service"
    )
    if "unrecognized option" in told.stderr:
        pytest.skip("This systemd cannot judge a unit that is not loaded.")
    assert told.returncode == 0, told.stdout + told.stderr


def test_a_worker_is_started_from_the_folder_behind_the_link_and_stays_there(tmp_path: Path) -> None:
    release, link = tmp_path / "release one", tmp_path / "current"
    (release / ".venv" / "bin").mkdir(parents=True)
    link.symlink_to(release)
    python = release / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\necho "$0 $*"\n', encoding="utf-8")
    python.chmod(0o755)
    # systemd's own quoting is that of a shell here, but for the dollar sign, which it wants twice.
    command = shlex.split(directive("ExecStart").replace("$$", "$"))
    told = subprocess.run(command, cwd=link, capture_output=True, text=True, timeout=10)
    assert told.stdout == f"{python} manage.py serve\n", told.stderr


def asked_of_systemd(tmp_path: Path, *arguments: str, **environment: str) -> list[str]:
    """What voiceassist-manage gives systemd-run, by one that says what it was asked for."""
    (tmp_path / "systemd-run").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    (tmp_path / "systemd-run").chmod(0o755)
    asked = subprocess.run(
        [DEPLOYMENT / "voiceassist-manage", *arguments],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=10,
    )
    return asked.stdout.splitlines()


def test_the_program_for_commands_runs_them_as_the_workers_run(tmp_path: Path) -> None:
    given = asked_of_systemd(tmp_path, "createsuperuser", "--username", "a b")
    assert given[-5:] == [f"{PLACE}/.venv/bin/python", "manage.py", "createsuperuser", "--username", "a b"]
    assert f"--uid={directive('User')}" in given
    assert f"--working-directory={directive('WorkingDirectory')}" in given
    assert f"--property=EnvironmentFile={directive('EnvironmentFile')}" in given
    for name in ("StateDirectory", "StateDirectoryMode", "UMask", "LimitNOFILE"):
        assert f"--property={name}={directive(name)}" in given
    (environment,) = re.findall(r"^Environment=(.*)$", UNIT, re.M)
    for named in environment.replace("%i", "8001").split():
        assert f"--setenv={named}" in given or named == "PYTHONUNBUFFERED=1"


def test_a_new_release_is_asked_before_the_link_points_to_it(tmp_path: Path) -> None:
    given = asked_of_systemd(tmp_path, "migrate", RELEASE="/opt/voiceassist-0.2.0", PORT="8002")
    assert given[-3:] == ["/opt/voiceassist-0.2.0/.venv/bin/python", "manage.py", "migrate"]
    assert "--working-directory=/opt/voiceassist-0.2.0" in given
    assert "--setenv=PORT=8002" in given


def test_systemd_waits_longer_than_a_worker_takes_to_stop() -> None:
    (drain,) = re.findall(
        r"^#DRAIN_SECONDS=(\d+)$", (DEPLOYMENT.parent.parent / ".env.example").read_text("utf-8"), re.M
    )
    assert int(directive("TimeoutStopSec")) >= int(drain) + AT_WORST


def test_the_unit_and_its_environment_name_only_what_the_settings_read() -> None:
    in_the_unit = {
        name for line in re.findall(r"^Environment=(.*)$", UNIT, re.M) for name in re.findall(r"(\w+)=", line)
    }
    in_the_file = set(re.findall(r"^(\w+)=", ENVIRONMENT, re.M))
    assert in_the_unit - {"PYTHONUNBUFFERED"} - env.names_read() == set()
    assert in_the_file - env.names_read() == set()
    assert in_the_unit & in_the_file == set()


def test_nginx_understands_its_configuration(tmp_path: Path) -> None:
    write_configuration(Front(free_port(), free_port(), tmp_path), [8001, 8002])
    told = subprocess.run(
        [nginx(), "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert told.returncode == 0, told.stderr
    assert "[warn]" not in told.stderr or "http2" in told.stderr, told.stderr


@pytest.mark.parametrize("workers", ["voiceassist-workers.conf", "compose-workers.conf"])
def test_a_list_of_workers_is_one_that_nginx_takes(tmp_path: Path, workers: str) -> None:
    write_configuration(Front(free_port(), free_port(), tmp_path), [8001])
    shutil.copy(DEPLOYMENT / workers, tmp_path / "voiceassist-workers.conf")
    told = subprocess.run(
        [nginx(), "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert told.returncode == 0, told.stderr
