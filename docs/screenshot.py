"""Takes the picture of the README: `.venv/bin/python docs/screenshot.py`. Needs what `make test` installs.

The site is the one of `make run` with the embedded engine. The earlier turns are rows of its database; the question
into the microphone and the answer being spoken are real.
"""

import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import django
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.chat_browser import SESSION, ChatBrowser, browser_with, microphone_file  # noqa: E402
from tests.support.running_site import RunningSite, running_site  # noqa: E402
from tests.support.site_home import SiteHome  # noqa: E402

PICTURE = ROOT / "docs" / "images" / "chat.png"
WELL_INTO_THE_ANSWER = f"() => {SESSION}.player.stats.audibleSamples > 80000"
"""Less than two seconds: the waveform then still shows the question, below the answer."""

EARLIER = {
    "Ibuprofen and coffee": 0.1,
    "Questions for the visit": 2,
    "Sleep diary": 3,
    "Blood pressure log": 5,
}
"""The other conversations in the list, and how many days ago they were."""
TURNS: tuple[dict[str, Any], ...] = (
    {
        "role": "user",
        "modality": "text",
        "status": "final",
        "text": "My head has ached since Monday, mostly in the afternoon, and light bothers me a little.",
    },
    {
        "role": "assistant",
        "modality": "audio",
        "status": "interrupted",
        "text": "That sounds tiring. Is the pain on one side of your head or on both?",
        "unheard_text": "Please also tell me whether you have had a fever.",
    },
)


def main() -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory() as folder:
        var = Path(folder)
        with running_site(SiteHome(var, {})) as site:
            _take(site, _seed(site), var)


def _seed(site: RunningSite) -> str:
    """Write the earlier conversations into the site's database; the path of the one to show."""
    os.environ |= {"VAR_DIR": str(site.home.var), "DJANGO_SETTINGS_MODULE": "voiceassist.settings"}
    django.setup()
    from django.contrib.auth.models import User

    from conversations.models import Conversation
    from conversations.services import append_message, create_conversation

    user = User.objects.get(username=site.username)
    now = datetime.now(UTC)
    for title, days in EARLIER.items():
        then = now - timedelta(days=days)
        earlier = create_conversation(user=user, title=title)
        append_message(conversation_id=earlier.id, spoken_at=then, **TURNS[0])
        Conversation.objects.filter(id=earlier.id).update(updated_at=then)
    shown = create_conversation(user=user, title="Headache since Monday")
    for number, turn in enumerate(TURNS):
        spoken_at = now - timedelta(seconds=20 * (len(TURNS) - number))
        append_message(conversation_id=shown.id, spoken_at=spoken_at, **turn)
    return f"/chat/{shown.id}"


def _take(site: RunningSite, path: str, folder: Path) -> None:
    """Ask what was said so far, and take the picture while the answer is spoken."""
    question = microphone_file(folder / "question.wav", [1.0, "slt-what-did-i-say.wav", 60.0])
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        raise SystemExit("There is no Chromium here. Name yours: CHROMIUM=/path/to/chrome")
    # Where it is eleven in the morning: the list then has a "Today" with something in it.
    zone = f"Etc/GMT{datetime.now(UTC).hour - 11:+d}"
    with sync_playwright() as playwright, browser_with(playwright, Path(found), question) as browser:
        size = {"width": 1280, "height": 800}
        chat = ChatBrowser(browser, site, viewport=size, locale="en-GB", timezone_id=zone)
        chat.page.goto(path)
        chat.start_voice()
        chat.page.wait_for_function(WELL_INTO_THE_ANSWER)
        chat.page.screenshot(path=PICTURE)


if __name__ == "__main__":
    main()
