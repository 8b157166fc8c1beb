"""What a site's first start makes and every later one only looks at: made once in a process of its own, then copied.

Gathering and packing the static files is most of a first start. The tests that are about that start do without this.
"""

import os
import shutil
from pathlib import Path

from tests.support.apart import run_apart
from tests.support.kept import kept

_DATABASE = "voiceassist.sqlite3"


def lay_out(var: Path, *, with_tables: bool) -> None:
    """Put the static files into a site's folder and, where they are in a file of its own, the empty tables."""
    left_out = () if with_tables else (_DATABASE,)
    shutil.copytree(_prepared(), var, ignore=shutil.ignore_patterns(*left_out), dirs_exist_ok=True)


def lay_out_tables(var: Path) -> None:
    """Put nothing but the empty tables there."""
    shutil.copy2(_prepared() / _DATABASE, var)


def static_files() -> Path:
    """The gathered static files, to be linked to."""
    return _prepared() / "static"


def _prepared() -> Path:
    return kept("site", _prepare)


def _prepare(var: Path) -> None:
    # Whoever gets a copy makes a key of their own.
    run_apart(__name__, {"VAR_DIR": str(var), "SECRET_KEY": "of-this-step-alone"})


# --- in the process of its own ------------------------------------------------------------------------------------


def _prepare_here() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voiceassist.settings")
    django.setup()
    from django.conf import settings

    from voiceassist.management.preparation import bring_tables_up_to_date, collect_static_files

    bring_tables_up_to_date()
    collect_static_files(settings.STATIC_ROOT, remembered_in=settings.VAR_DIR / "static.sources")


if __name__ == "__main__":
    _prepare_here()
