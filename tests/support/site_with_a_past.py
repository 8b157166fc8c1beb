"""Gives a running site a past: lines of every kind for one account, and a month of other people's sessions.

Run as a program of its own, in the environment of that site: `python -m tests.support.site_with_a_past USERNAME`.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import django

from tests.support.project_files import ROOT
from tests.support.running_site import RunningSite


@dataclass(frozen=True, slots=True)
class Past:
    """Ids of what a site remembers."""

    conversation: str
    """Of the account, with lines of every kind."""
    reviewed: str
    """Somebody else's, flagged and with notes."""
    session: str


def past_of(site: RunningSite) -> Past:
    """Write it into the database of the site."""
    environment = {"PATH": os.environ.get("PATH", ""), "VAR_DIR": str(site.home.var)} | site.home.environment
    written = subprocess.run(
        [sys.executable, "-m", __name__, site.username],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    return Past(**json.loads(written.stdout))


def _write(username: str) -> dict[str, Any]:
    from django.contrib.auth.models import User
    from django.utils import timezone

    from conversations.services import append_message, create_conversation
    from docs.screenshots.rows import a_month_reviewed_by
    from docs.screenshots.words import KNEE, asks
    from realtime.models import VoiceSession

    own = create_conversation(user=User.objects.get(username=username), title="Ibuprofen and my knee")
    for turn in (*KNEE, asks("", status="pending")):
        append_message(conversation_id=own.pk, spoken_at=timezone.now(), **turn)
    reviewed = a_month_reviewed_by(username)
    session = VoiceSession.objects.filter(conversation=reviewed).values_list("pk", flat=True)[0]
    return {"conversation": str(own.pk), "reviewed": str(reviewed.pk), "session": session}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voiceassist.settings")
    django.setup()
    sys.stdout.write(json.dumps(_write(sys.argv[1])))
