"""The packages of tests/js: locked without their addresses, and fit for the Node.js that `make` accepts."""

import json
import re
from typing import Any

from tests.support.project_files import ROOT

LOCK: dict[str, Any] = json.loads((ROOT / "tests" / "js" / "package-lock.json").read_text(encoding="utf-8"))
PACKAGES: dict[str, dict[str, Any]] = LOCK["packages"]


def oldest_node() -> int:
    found = re.search(r"^OLDEST = (\d+)$", (ROOT / ".ci" / "node.py").read_text(encoding="utf-8"), re.M)
    assert found
    return int(found[1])


def test_no_package_names_where_it_was_downloaded_and_each_is_held_to_its_contents() -> None:
    for name, package in PACKAGES.items():
        assert "resolved" not in package, name
        assert not name or package["integrity"].startswith("sha512-"), name


def test_no_package_asks_for_a_newer_node_than_make_accepts() -> None:
    asked = {name: package.get("engines", {}).get("node", ">=0") for name, package in PACKAGES.items()}
    oldest = {name: int(found[1]) for name, text in asked.items() if (found := re.match(r">=\s*(\d+)", text))}
    assert oldest[""] == oldest_node()
    assert {name: version for name, version in oldest.items() if version > oldest_node()} == {}
