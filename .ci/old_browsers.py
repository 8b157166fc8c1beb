"""Checks that the oldest browsers the page is for understand its scripts and styles: tests/js/old-browsers."""

import subprocess
import sys

from node import TESTS_JS, node
from obstacle import ROOT, Obstacle

sys.path.insert(0, str(ROOT))
from voiceassist.worklets import together

if __name__ == "__main__":
    try:
        worklets = together(ROOT / "static" / "js" / "voice" / "worklets")
        check = [str(node()), str(TESTS_JS / "old-browsers" / "check.js")]
        sys.exit(subprocess.run(check, cwd=ROOT, input=worklets, text=True).returncode)
    except Obstacle as obstacle:
        sys.exit(str(obstacle))
