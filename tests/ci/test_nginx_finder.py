"""The search for nginx: what is named, what is there, what was unpacked, and nothing that does not start."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.project_files import ROOT

ASK = """
import sys
from pathlib import Path
import nginx
nginx._PLACES, nginx._UNPACKED = (), Path(sys.argv[1])
print(nginx.find_nginx())
"""


def found(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {"PATH": str(folder / "bin"), "PYTHONPATH": str(ROOT / ".ci")}
    command = [sys.executable, "-c", ASK, str(folder / "unpacked")]
    return subprocess.run(command, env=own | environment, capture_output=True, text=True, timeout=30)


def put(place: Path, script: str) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    place.chmod(0o755)
    return place


def test_there_is_none(tmp_path: Path) -> None:
    assert found(tmp_path).stdout == "None\n"


def test_one_that_is_named_comes_first_and_has_to_be_there(tmp_path: Path) -> None:
    put(tmp_path / "bin" / "nginx", "exit 0")
    named = put(tmp_path / "elsewhere" / "nginx", "exit 0")
    assert found(tmp_path, NGINX=str(named)).stdout == f"{named}\n"
    named.unlink()
    assert f"NGINX names {named}, and there is no such file." in found(tmp_path, NGINX=str(named)).stderr


def test_one_that_was_unpacked_is_taken_if_it_finds_its_libraries(tmp_path: Path) -> None:
    unpacked = put(tmp_path / "unpacked" / "usr" / "sbin" / "nginx", "exit 0")
    assert found(tmp_path).stdout == f"{unpacked}\n"
    put(unpacked, "exit 127")
    assert found(tmp_path).stdout == "None\n"
    assert os.access(unpacked, os.X_OK)
