"""A second try for a pytest run of which few tests failed: with the rest of their files, once, and told in the open.

Tests that watch a browser or a clock can fail because other tests had the machine. Whoever hides that has tests that
nobody believes; whoever does not try again has a red run in which nothing is wrong. The whole file is run, since a test
can also fail of what another one in its file has left, and would pass alone.
"""

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from xml.etree import ElementTree

from obstacle import tell

MOST = 3
"""More failed tests than these are no accident."""
_TESTS_FAILED = 1
"""What pytest ends with when all was tried and some failed; after anything else nobody knows what was not tried."""
_FAILED = Path("v", "cache", "lastfailed")
_ALL = Path("v", "cache", "nodeids")
"""What pytest notes in its cache: the tests that failed, and all that were picked."""
_REPORT = "again.xml"


class SecondTry:
    """Of one pytest run. Its memory is a folder of its own: two runs at once would forget each other's failures."""

    def __init__(self, command: Sequence[object], memory: Path) -> None:
        self._memory = memory
        self.first: Sequence[object] = (*command, "-o", f"cache_dir={memory}")
        self.again: Sequence[object] = (
            *self.first,
            *("--last-failed", "--last-failed-no-failures", "none"),
            f"--junitxml={memory / _REPORT}",
        )
        self._failed: list[str] = []
        self.passed: list[str] = []
        """The tests that failed first and passed now, for which nothing is taken that was skipped or never run."""

    def is_due(self, outcome: int) -> bool:
        """Whether the first run, which ended with `outcome`, deserves another one; if so it is planned and told."""
        self._failed = self._noted(_FAILED)
        if outcome != _TESTS_FAILED or not 0 < len(self._failed) <= MOST:
            return False
        files = {_file_of(test) for test in self._failed}
        beside = (test for test in self._noted(_ALL) if _file_of(test) in files)
        # What pytest takes for failed is what it runs again.
        noted = json.dumps(dict.fromkeys([*self._failed, *beside], True))
        (self._memory / _FAILED).write_text(noted, encoding="utf-8")
        _tell_tests("Failed first, and tried once more with the rest of their files:", self._failed)
        return True

    def conclude(self, outcome: int) -> int:
        """Say what became of the tests in the second run, which ended with `outcome`; 0 when all passed, else 1."""
        came_to_its_end = outcome in {0, _TESTS_FAILED}
        became = _outcomes(self._memory / _REPORT) if came_to_its_end else {}
        failed_now = set(self._noted(_FAILED)) if came_to_its_end else set(self._failed)
        self.passed = [test for test in self._failed if became.get(_name_in_report(test)) == set()]
        not_passed = [test for test in self._failed if test not in self.passed]
        _tell_tests("Failed first, and passed at the second try:", self.passed)
        _tell_tests("Failed twice:", [test for test in not_passed if test in failed_now])
        _tell_tests("Failed first, and neither passed nor failed then:", set(not_passed) - failed_now)
        _tell_tests("Passed first, and failed at the second try:", failed_now - set(self._failed))
        return 1 if outcome or not_passed else 0

    def _noted(self, which: Path) -> list[str]:
        """The tests that pytest has noted there."""
        try:
            noted: dict[str, bool] | list[str] = json.loads(
                (self._memory / which).read_text(encoding="utf-8")
            )
        except FileNotFoundError:
            return []
        return list(noted)


def _file_of(test: str) -> str:
    return test.partition("::")[0]


def _name_in_report(test: str) -> tuple[str, str]:
    """The class and the name by which pytest's report in XML has a test: only the last part may contain `::`."""
    path, bracket, parameters = test.partition("[")
    file, *groups, name = path.split("::")
    return ".".join([file.removesuffix(".py").replace("/", "."), *groups]), name + bracket + parameters


def _outcomes(report: Path) -> dict[tuple[str, str], set[str]]:
    """What a report in XML has of each test: failure, error, skipped, or nothing of these where it passed."""
    became: dict[tuple[str, str], set[str]] = {}
    # pytest has written it a moment ago, so it is no stranger's.
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314
        name = (case.get("classname", ""), case.get("name", ""))
        became.setdefault(name, set()).update({each.tag for each in case} & {"failure", "error", "skipped"})
    return became


def _tell_tests(words: str, tests: Collection[str]) -> None:
    if tests:
        tell("\n".join(["", words, *(f"  {test}" for test in sorted(tests))]))
