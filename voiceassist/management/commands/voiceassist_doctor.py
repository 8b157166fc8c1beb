"""What is wrong with this server, and what to do about it: `manage.py voiceassist_doctor`."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from voiceassist.logs import one_line, redact
from voiceassist.management.doctor.configuration import examine_address, examine_settings
from voiceassist.management.doctor.database import examine_database
from voiceassist.management.doctor.engine import examine_engine
from voiceassist.management.doctor.examination import examined
from voiceassist.management.doctor.finding import Finding, Part
from voiceassist.management.doctor.machine import examine_clock, examine_disk, examine_files
from voiceassist.management.doctor.pages import examine_static_files
from voiceassist.management.doctor.shared import examine_cache, examine_layer
from voiceassist.management.doctor.upstream import examine_upstream

_NOT_REACHED = (
    "Something takes the connection and does not answer: see whether it runs, and the firewall between."
)
PARTS = (
    Part("settings", examine_settings, "See what `manage.py check` says."),
    Part("address", examine_address, "Check HOST and PUBLIC_URL."),
    Part("database", examine_database, f"Check DATABASE_URL. {_NOT_REACHED}"),
    Part("cache", examine_cache, f"Check REDIS_URL. {_NOT_REACHED}"),
    Part("channel layer", examine_layer, f"Check REDIS_URL. {_NOT_REACHED}"),
    Part("static files", examine_static_files, "The disk they lie on does not answer: see the system's log."),
    Part("upstream", examine_upstream, f"Check REALTIME_BASE_URL. {_NOT_REACHED}"),
    Part("engine", examine_engine, "This machine is busy with something else; try again when it is not."),
    Part("disk", examine_disk, "The disk under VAR_DIR does not answer: see what the system's log says."),
    Part("files", examine_files, "See `ulimit -n`."),
    Part("clock", examine_clock, "See `date`."),
)


class Command(BaseCommand):
    """One line for each thing that was tried; exit status 1 when there is a problem."""

    help = "Examines settings, database, cache, channel layer, static files, speech provider, engine, disk and clock."
    requires_system_checks = ()
    """They are a part of the examination, which goes on after them."""

    def handle(self, *args: Any, **options: Any) -> None:
        with _logging(in_full=options["verbosity"] > 1):
            found = [self._tell(name, finding) for name, finding in examined(PARTS)]
        problems = sum(finding.condition == "problem" for finding in found)
        if problems:
            raise CommandError(
                f"{problems} things to put right." if problems > 1 else "One thing to put right."
            )
        self.stdout.write("Nothing to put right.")

    def _tell(self, name: str, finding: Finding) -> Finding:
        told = finding.told if not finding.advice else f"{finding.told} {finding.advice}"
        self.stdout.write(f"{finding.condition:<8} {name:<14} {_without_secrets(told)}")
        self.stdout.flush()
        return finding


@contextmanager
def _logging(*, in_full: bool) -> Iterator[None]:
    """With all of the log, or with none: each finding says in a sentence what it would say in a traceback."""
    doctor = logging.getLogger("voiceassist.management.doctor")
    level = doctor.level
    if in_full:
        doctor.setLevel(logging.DEBUG)
    else:
        logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        doctor.setLevel(level)


def _without_secrets(told: str) -> str:
    """The sentence on one line, without anything that this server has to keep to itself."""
    config = settings.REALTIME
    database = settings.DATABASES["default"].get("PASSWORD", "")
    for secret in (
        settings.SECRET_KEY,
        settings.METRICS_TOKEN,
        config.api_key,
        config.engine.chat_api_key,
        database,
    ):
        if secret:
            told = told.replace(secret, "[hidden]")
    return one_line(redact(told))
