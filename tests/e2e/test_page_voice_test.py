"""The voice test in Chromium: all green, each refusal in its row, and a debug log without a word of what is said."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Playwright, expect

from tests.e2e.conftest import site_beside
from tests.e2e.known_visitor import KnownVisitor
from tests.support.accessibility import violations
from tests.support.chat_browser import browser_with, microphone_file
from tests.support.running_site import RunningSite
from tests.support.settled import wait_for_value

pytestmark = pytest.mark.e2e
ROWS = "rows => rows.map(row => [row.dataset.check, row.dataset.verdict])"
LOGGED = "[voiceassist] "
PHASE = "document.querySelector('voice-mode-panel').session.phase"
TIMED = ("socket", "roundtrip", "answer", "playback")
"""Checks that find something to look at on a machine that is busy with other tests."""


class VoiceTest(KnownVisitor):
    """One window on the voice test page. `logged` collects what is written to the console as a debug log."""

    def __init__(self, browser: Browser, site: RunningSite, **context: Any) -> None:
        super().__init__(browser, site, **context)
        self.logged: list[str] = []
        self.page.on("console", lambda said: self._heed(said.text))
        self.page.goto("/voice-test")

    def _heed(self, text: str) -> None:
        if text.startswith(LOGGED):
            self.logged.append(text)

    def start(self) -> None:
        """Start the check by keyboard."""
        self.page.focus("[data-part=check]:enabled")
        self.page.keyboard.press("Enter")

    def wait_for(self, check: str, verdict: str) -> None:
        self.page.wait_for_selector(f"[data-check={check}][data-verdict={verdict}]")

    def wait_until_over(self) -> None:
        self.page.wait_for_selector("[data-part=copy-report]:enabled")

    def advice(self, check: str) -> Locator:
        return self.page.locator(f"[data-check={check}] [data-part=advice]")

    @property
    def rows(self) -> dict[str, str]:
        return dict(self.page.eval_on_selector_all("[data-check]", ROWS))

    @property
    def open_troubles(self) -> list[str]:
        found: list[str] = self.page.eval_on_selector_all(
            "#trouble details[open]", "all => all.map(each => each.id)"
        )
        return found

    @property
    def status(self) -> str:
        return self.page.inner_text("[data-part=check-status]")


@pytest.fixture(scope="module")
def browser(
    playwright: Playwright, chromium: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """One that hears somebody speak whenever its microphone is opened."""
    folder = tmp_path_factory.mktemp("microphone")
    microphone = microphone_file(folder / "microphone.wav", [0.2, "goforward.wav", 60.0])
    with browser_with(playwright, chromium, microphone) as running:
        yield running


@pytest.fixture(scope="module")
def closed_site(site: RunningSite) -> Iterator[RunningSite]:
    """A second server on the same data, without sessions, that may be asked for one once a minute.

    It counts for itself: in a cache it shared, the first server's askings would stand.
    """
    closed = {"REALTIME_ENABLED": "false", "REALTIME_SESSION_RATE": "1/min", "REDIS_URL": ""}
    with site_beside(site, closed) as running:
        yield running


def sessions_of(window: VoiceTest) -> list[dict[str, Any]]:
    answer: dict[str, Any] = window.page.request.get("/api/voice/sessions/?page_size=100").json()
    sessions: list[dict[str, Any]] = answer["results"]
    return sessions


def test_by_keyboard_alone_all_checks_turn_green_and_the_report_is_copied(
    browser: Browser, site: RunningSite
) -> None:
    window = VoiceTest(browser, site, permissions=["microphone", "clipboard-read", "clipboard-write"])
    page = window.page
    before = {session["id"] for session in sessions_of(window)}
    window.start()
    window.wait_for("tone", "asking")
    wait_for_value(page, "() => document.activeElement.dataset.heard", "yes")
    page.keyboard.press("Enter")
    window.wait_until_over()
    verdicts = window.rows
    assert {verdicts.pop(check) for check in TIMED} <= {"fine", "look"}, page.input_value(
        "[data-part=report]"
    )
    assert set(verdicts.values()) == {"fine"}, page.input_value("[data-part=report]")
    expect(page.locator("[data-part=check-status]")).to_have_text(
        re.compile(r"^(All 13 checks are fine|It works)")
    )
    wait_for_value(page, "() => document.activeElement.dataset.part", "check")

    page.click("[data-part=copy-report]")
    page.wait_for_selector("[data-part=copied]:has-text('Copied')")
    report = page.evaluate("() => navigator.clipboard.readText()")
    assert report == page.input_value("[data-part=report]")
    assert report.count("[Fine]") + report.count("[Look at this]") == len(window.rows) == 13
    assert "Chrome/" in report
    assert not re.search(r"ek_|rtc_|[0-9a-f]{8}-[0-9a-f]{4}", report)

    assert page.locator("[data-part=device-microphone] option").count() > 1, (
        "the devices have got their names"
    )
    wait_for_value(
        page, lambda: [each["state"] for each in sessions_of(window) if each["id"] not in before], ["ended"]
    )
    [session] = [each for each in sessions_of(window) if each["id"] not in before]
    assert (session["saved"], session["end_reason"]) == (False, "client")
    assert session["id"] not in report
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    assert window.complaints == []
    page.context.close()


def test_a_talk_is_captioned_and_kept_nowhere_and_its_debug_log_holds_none_of_its_words(
    browser: Browser, site: RunningSite
) -> None:
    window = VoiceTest(browser, site, permissions=["microphone"])
    page = window.page
    page.check("[data-part=debug]:enabled")
    page.click("[data-part=talk-start]")
    window.wait_for_line("user", "final")
    window.wait_for_line("assistant", "final")
    words = {word for line in window.lines for word in re.findall(r"[a-z]{4,}", line["text"].lower())}
    assert {"forward", "meters"} <= words
    page.click("voice-mode-panel [data-part=end]")
    page.wait_for_selector("[data-part=talk-start]")
    page.wait_for_function(f"() => {PHASE} === 'idle' || {PHASE} === 'ended'")

    wanted = {"state", "line", "figures"}
    wait_for_value(
        page, lambda: wanted & {line.removeprefix(LOGGED).split(" ")[0] for line in window.logged}, wanted
    )
    log = "\n".join(window.logged)
    assert '"phase":"listening"' in log
    assert not {word for word in words if re.search(rf"\b{word}\b", log, re.I)}
    session = sessions_of(window)[0]
    for secret in ("ek_", "item_", "resp_", session["id"], session["conversation_id"] or "no conversation"):
        assert secret not in log
    assert session["saved"] is False
    assert window.complaints == []

    page.uncheck("[data-part=debug]")
    written = len(window.logged)
    page.click("[data-part=talk-start]")
    window.wait_for_phase("listening")
    assert len(window.logged) == written
    page.context.close()


def test_a_denied_microphone_a_closed_site_and_a_throttled_ticket_each_say_what_to_do(
    playwright: Playwright, chromium: Path, closed_site: RunningSite
) -> None:
    with browser_with(playwright, chromium, allowed=False) as browser:
        window = VoiceTest(browser, closed_site)
        page = window.page
        window.start()
        window.wait_for("tone", "asking")
        expect(window.advice("microphone")).to_contain_text("keeps the microphone from this page")
        expect(page.locator("[data-check=microphone] [data-part=more]")).to_have_attribute(
            "href", "#microphone-denied"
        )
        wait_for_value(
            window.page, lambda: window.open_troubles, ["microphone-denied"]
        )  # what failed can be read on
        page.click("[data-check=microphone] [data-part=more]")
        wait_for_value(page, "() => document.activeElement.parentElement.id", "microphone-denied")
        page.click("[data-heard=no]")
        window.wait_until_over()
        wait_for_value(window.page, lambda: window.open_troubles, ["microphone-denied", "no-playback"])
        verdicts = window.rows
        assert [name for name, verdict in verdicts.items() if verdict == "failed"] == [
            "microphone",
            "tone",
            "ticket",
        ]
        assert verdicts["level"] == verdicts["socket"] == verdicts["playback"] == "skipped"
        expect(window.advice("ticket")).to_contain_text("Whoever runs it can switch them on")
        expect(page.locator("[data-check=tone] [data-part=more]")).to_have_attribute("href", "#no-playback")
        expect(page.locator("[data-part=check-status]")).to_have_text(re.compile("^3 failed"))
        assert violations(page) == []

        window.start()
        window.wait_for("tone", "asking")
        page.click("[data-heard=yes]")
        window.wait_until_over()
        expect(window.advice("ticket")).to_have_text(re.compile(r"Check again in \d+ s\."))

        window.start()
        window.wait_for("tone", "asking")
        page.click("[data-part=check]")
        wait_for_value(window.page, lambda: window.status, "Stopped.")
        wait_for_value(window.page, lambda: window.rows["tone"], "waiting")
