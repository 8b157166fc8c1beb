"""Takes the pictures of the papers: `make screenshots`.

The site is the one of `make run` with the embedded engine. What the pictures show of the past are rows of its database
(`rows`); in the picture of the chat, the question into the microphone and the answer being spoken are real.
"""

import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import django
from playwright.sync_api import Playwright, sync_playwright

from tests.support.chat_browser import SESSION, ChatBrowser, browser_with, microphone_file
from tests.support.project_files import ROOT
from tests.support.running_site import RunningSite, running_site
from tests.support.site_home import SiteHome

IMAGES = ROOT / "docs" / "images"
WELL_INTO_THE_ANSWER = f"() => {SESSION}.player.stats.audibleSamples > 80000"
"""Less than two seconds: the waveform then still shows the question, below the answer."""


def main() -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory() as folder, running_site(SiteHome(Path(folder), {})) as site:
        os.environ |= {"VAR_DIR": str(site.home.var), "DJANGO_SETTINGS_MODULE": "voiceassist.settings"}
        django.setup()
        from docs.screenshots import rows

        shown = rows.conversations_of(site.username)
        reviewed = rows.a_month_reviewed_by(site.username)
        with sync_playwright() as playwright:
            _take_the_rest(playwright, site, f"/admin/conversations/conversation/{reviewed.pk}/change/")
            # Last, since its session is a real one and would be in the charts.
            _take_the_chat(playwright, site, f"/chat/{shown.pk}")


def _take_the_chat(playwright: Playwright, site: RunningSite, path: str) -> None:
    """Ask what was said so far, and take the picture while the answer is spoken."""
    question = microphone_file(site.home.var / "question.wav", [1.0, "slt-what-did-i-say.wav", 60.0])
    # Where it is eleven in the morning: the list then has a "Today" with something in it.
    zone = f"Etc/GMT{datetime.now(UTC).hour - 11:+d}"
    with browser_with(playwright, _chromium(), question) as browser:
        size = {"width": 1280, "height": 800}
        chat = ChatBrowser(browser, site, viewport=size, locale="en-GB", timezone_id=zone)
        chat.page.goto(path)
        chat.start_voice()
        chat.page.wait_for_function(WELL_INTO_THE_ANSWER)
        chat.page.screenshot(path=IMAGES / "chat.png")


def _take_the_rest(playwright: Playwright, site: RunningSite, conversation: str) -> None:
    """The pages that reviewers and developers read."""
    with browser_with(playwright, _chromium()) as browser:
        page = ChatBrowser(browser, site, viewport={"width": 1120, "height": 800}, locale="en-GB").page
        page.evaluate("() => localStorage.setItem('django.admin.navSidebarIsOpen', 'false')")
        page.goto(conversation)
        page.screenshot(path=IMAGES / "admin-conversation.png", full_page=True)
        page.goto("/admin/realtime/voicesession/usage/")
        page.screenshot(path=IMAGES / "usage.png", full_page=True)
        page.goto("/api/docs/")
        page.get_by_text("/api/conversations/", exact=True).first.wait_for()
        page.screenshot(path=IMAGES / "api-docs.png")


def _chromium() -> Path:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        raise SystemExit("There is no Chromium here. Name yours: CHROMIUM=/path/to/chrome")
    return Path(found)


if __name__ == "__main__":
    main()
