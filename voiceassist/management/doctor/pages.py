"""The pages: what they look like was gathered, all of it."""

from collections.abc import Iterator

from voiceassist import staticfiles
from voiceassist.management.doctor.finding import Finding, ok, problem


def examine_static_files() -> Iterator[Finding]:
    """Every style, script and picture is where a page looks for it."""
    missing = staticfiles.missing()
    if missing:
        told = "One is missing" if len(missing) == 1 else f"{len(missing)} are missing"
        yield problem(
            f"{told} ({missing[0]}): pages cannot be shown.",
            "Run `manage.py collectstatic --no-input` and start the server again, or start with `serve --prepare`.",
        )
    else:
        yield ok("All are gathered.")
