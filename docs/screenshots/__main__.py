"""Takes the pictures of the papers: `make screenshots`.

The site is the one of `make run` with the embedded engine. What the pictures show of the past are rows of its database
(`rows`); the questions into the microphone, the answers being spoken and what the voice test measures are real.
"""

import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django
from playwright.sync_api import Browser, Playwright, sync_playwright

from docs.screenshots.camera import IMAGES, SIZE, Camera
from tests.support.chat_browser import ChatBrowser, Clip, browser_with, microphone_file, windows_of
from tests.support.running_site import RunningSite, running_site
from tests.support.site_home import SiteHome

PHONE = {"width": 390, "height": 844}


def main() -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory() as folder, running_site(SiteHome(Path(folder), {})) as site:
        os.environ |= {"VAR_DIR": str(site.home.var), "DJANGO_SETTINGS_MODULE": "voiceassist.settings"}
        django.setup()
        from docs.screenshots import rows

        shown, on_the_phone = rows.conversations_of(site.username)
        reviewed = rows.a_month_reviewed_by(site.username)
        with sync_playwright() as playwright:
            with browser_with(playwright, _chromium()) as browser:
                _take_what_others_read(
                    browser, site, f"/admin/conversations/conversation/{reviewed.pk}/change/"
                )
                _take_settings(browser, site)
            # After the admin's pages: their sessions are real ones and would be in the charts.
            _take_voice_test(playwright, site)
            _take_chat(playwright, site, f"/chat/{shown.pk}")
            _take_phone(playwright, site, f"/chat/{on_the_phone.pk}")


def _take_chat(playwright: Playwright, site: RunningSite, path: str) -> None:
    """Ask what was said so far, and take the pictures while the answer is spoken."""
    question = microphone_file(site.home.var / "question.wav", [1.0, "slt-what-did-i-say.wav", 60.0])
    with browser_with(playwright, _chromium(), question) as browser:
        chat = _window(browser, site, SIZE)
        chat.page.goto(path)
        chat.start_voice()
        camera = Camera(chat)
        camera.wait_for_the_answer()
        camera.take_in_both_themes("chat")
        chat.page.click("[data-part=options-button]")
        camera.take_in_both_themes("voice-panel")
        if chat.session("phase") != "speaking":
            raise SystemExit(
                "The answer was over before all pictures were taken: this machine is busy. Try again."
            )


def _take_phone(playwright: Playwright, site: RunningSite, path: str) -> None:
    """An earlier conversation, gone on with on a phone."""
    question = microphone_file(site.home.var / "another.wav", [1.0, "slt-what-did-we-talk-about.wav", 60.0])
    with browser_with(playwright, _chromium(), question) as browser:
        chat = _window(browser, site, PHONE, device_scale_factor=1.5, is_mobile=True, has_touch=True)
        chat.page.goto(path)
        chat.start_voice()
        camera = Camera(chat)
        camera.wait_for_the_answer()
        camera.take("phone")


def _take_voice_test(playwright: Playwright, site: RunningSite) -> None:
    """The check after a round in which somebody spoke and heard the tone."""
    talk: list[Clip] = ["cards-001.wav"]
    for _ in range(12):
        talk += ["goforward.wav", 0.3]
    voice = microphone_file(site.home.var / "voice.wav", talk)
    with browser_with(playwright, _chromium(), voice) as browser:
        chat = _window(browser, site, SIZE)
        page = chat.page
        page.goto("/voice-test")
        page.click("[data-part=check]")
        page.wait_for_selector("[data-heard=yes][aria-disabled=false]")
        page.click("[data-heard=yes]")
        page.wait_for_selector("[data-part=copy-report]:not([disabled])")
        page.evaluate("() => window.scrollTo(0, 0)")
        Camera(chat).take_in_both_themes("voice-test")


def _take_settings(browser: Browser, site: RunningSite) -> None:
    with windows_of(browser):
        chat = _window(browser, site, SIZE)
        chat.page.goto("/settings")
        chat.page.wait_for_selector("voice-preview button:enabled")
        Camera(chat).take_in_both_themes("settings")


def _take_what_others_read(browser: Browser, site: RunningSite, conversation: str) -> None:
    """The pages that reviewers and developers read."""
    with windows_of(browser):
        page = ChatBrowser(browser, site, viewport={"width": 1120, "height": 800}, locale="en-GB").page
        page.evaluate("() => localStorage.setItem('django.admin.navSidebarIsOpen', 'false')")
        page.goto(conversation)
        page.screenshot(path=IMAGES / "admin-conversation.png", full_page=True)
        page.goto("/admin/realtime/voicesession/usage/")
        page.screenshot(path=IMAGES / "usage.png", full_page=True)
        page.goto("/api/docs/")
        page.get_by_text("/api/conversations/", exact=True).first.wait_for()
        page.screenshot(path=IMAGES / "api-docs.png")


def _window(browser: Browser, site: RunningSite, viewport: dict[str, int], **context: Any) -> ChatBrowser:
    """Where it is eleven in the morning: the list of conversations then has a "Today" with something in it."""
    zone = f"Etc/GMT{datetime.now(UTC).hour - 11:+d}"
    return ChatBrowser(browser, site, viewport=viewport, locale="en-GB", timezone_id=zone, **context)


def _chromium() -> Path:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        raise SystemExit("There is no Chromium here. Name yours: CHROMIUM=/path/to/chrome")
    return Path(found)


if __name__ == "__main__":
    main()
