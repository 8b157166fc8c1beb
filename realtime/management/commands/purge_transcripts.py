"""Deletes what was said too long ago: `manage.py purge_transcripts [--days N] [--dry-run]`."""

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from conversations.retention import Purged
from realtime import housekeeping


class Command(BaseCommand):
    """Purge once, and say in words what came of it. The server itself does so once a day."""

    help = (
        "Deletes messages older than TRANSCRIPT_RETENTION_DAYS, and conversations in which nothing is left. "
        "Safe to run at any time."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--days", type=_days, metavar="N", help="instead of TRANSCRIPT_RETENTION_DAYS; 1 or more"
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["days"] or settings.TRANSCRIPT_RETENTION_DAYS
        if days is None:
            self.stdout.write(
                "TRANSCRIPT_RETENTION_DAYS is not set, so messages are kept until their owners delete them."
            )
        purged = housekeeping.purge(days=days, dry_run=options["dry_run"])
        self.stdout.write(_told(purged, days, is_dry_run=options["dry_run"]))


def _told(purged: Purged, days: int | None, *, is_dry_run: bool) -> str:
    messages = (
        f"{_counted(purged.messages, 'message')} older than {_counted(days, 'day')} and " if days else ""
    )
    conversations = _counted(purged.conversations, "empty conversation")
    return f"{'Would delete' if is_dry_run else 'Deleted'} {messages}{conversations}."


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _days(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or int(text) < 1:
        raise argparse.ArgumentTypeError("give a whole number of days, 1 or more")
    return int(text)
