"""The voice panel: what it shows of each state, its keys, push-to-talk, its options, and that it costs little."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from playwright.sync_api import Browser, Playwright, expect

from tests.e2e.known_visitor import KnownVisitor
from tests.support.chat_browser import SESSION, ChatBrowser, browser_with, microphone_file
from tests.support.running_site import RunningSite
from tests.support.settled import wait_for_value

pytestmark = pytest.mark.e2e
CONTROLS = ("mute", "options-button", "end", "time", "state")
VIEWPORTS = ((1280, 800), (768, 1024), (640, 400), (500, 800), (390, 800))
PHASES = ("connecting", "listening", "hearing", "thinking", "speaking", "reconnecting")

TRAVELS = "() => document.querySelector('voice-waveform canvas').getAnimations().map(each => each.playState)"
STAND_IN = """async () => {
    class StandIn extends EventTarget {
        constructor() {
            super();
            Object.assign(this, {status: 'connected', phase: 'listening', muted: false});
            this.levels = {assistant: 0, user: 0};
            this.state = {
                microphone: true, offRecord: false, suspended: false, attempt: 0, turnDetection: 'server_vad',
                quality: '', end: null, talking: false,
            };
        }
        become(changes, state) {
            Object.assign(this, changes);
            this.state = {...this.state, ...state};
            this.dispatchEvent(new CustomEvent('statechange', {detail: this.state}));
        }
    }
    const panel = document.querySelector('voice-mode-panel');
    window.standIn = new StandIn();
    window.asked = [];
    for (const name of ['va-voice-interrupt', 'va-voice-resume', 'va-voice-mute', 'va-rate', 'va-voice-start']) {
        window.addEventListener(name, event => {
            event.stopPropagation();
            window.asked.push([name, event.detail]);
        }, true);
    }
    panel.session = window.standIn;
    panel.open();
    await Promise.all(panel.getAnimations().map(each => each.finished));
}"""
"""A session that is in whatever state a test wants; what the panel asks the page for is collected."""


@pytest.fixture(scope="module")
def silent_browser(
    playwright: Playwright, chromium: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """One Chromium for all of them, in a room where nobody speaks."""
    microphone = microphone_file(tmp_path_factory.mktemp("room") / "silence.wav", [60.0])
    with browser_with(playwright, chromium, microphone) as browser:
        yield browser


@pytest.fixture(scope="module")
def window(silent_browser: Browser, site: RunningSite) -> ChatBrowser:
    """A signed-in window that the tests below share; each opens the page anew."""
    return KnownVisitor(silent_browser, site)


@pytest.fixture
def staged(window: ChatBrowser) -> Iterator[ChatBrowser]:
    """The panel in front of a session that the test moves."""
    window.complaints.clear()
    window.page.goto("/chat")
    window.page.evaluate("() => localStorage.clear()")
    window.page.hover("[data-part=voice]")
    window.page.wait_for_function("() => customElements.get('voice-mode-panel')")
    window.page.evaluate(STAND_IN)
    yield window
    assert window.complaints == []


def become(chat: ChatBrowser, state: dict[str, Any] | None = None, **changes: Any) -> None:
    """Move the session that stands in: `changes` of its own members, `state` of its state."""
    chat.page.evaluate("([changes, state]) => window.standIn.become(changes, state)", [changes, state or {}])


def asked(chat: ChatBrowser) -> list[list[Any]]:
    """What the panel asked the page for, in order."""
    return cast("list[list[Any]]", chat.page.evaluate("() => window.asked"))


def shown(chat: ChatBrowser, name: str) -> str:
    """The words of a part of the panel."""
    return chat.page.inner_text(f"voice-mode-panel [data-part={name}]").strip()


def cut_short(chat: ChatBrowser) -> list[str]:
    """Words of the panel that do not fit where they stand, and parts of its row that lie over each other."""
    return cast(
        "list[str]",
        chat.page.evaluate(
            """() => {
                const part = name => document.querySelector(`voice-mode-panel [data-part=${name}]`);
                const words = ['state', 'detail'].filter(name => part(name).scrollWidth > part(name).clientWidth);
                const boxes = ['waveform', 'stop', 'mute', 'end', 'state']
                    .map(name => [name, part(name).getBoundingClientRect()]).filter(([, box]) => box.width);
                const over = boxes.filter(([name, one]) => boxes.some(([other, two]) => name !== other
                    && one.left < two.right && two.left < one.right && one.top < two.bottom && two.top < one.bottom));
                const outside = boxes.filter(([, box]) => box.left < 0 || box.right > innerWidth);
                return [...words, ...[...over, ...outside].map(([name]) => name)];
            }"""
        ),
    )


def places(chat: ChatBrowser) -> dict[str, Any]:
    """Where the controls are."""
    boxes = {
        name: chat.page.locator(f"voice-mode-panel [data-part={name}]").bounding_box() for name in CONTROLS
    }
    # How long the words are is no matter of place.
    return {name: box and (box["x"], box["y"], box["height"]) for name, box in boxes.items()}


def test_nothing_moves_from_state_to_state_and_each_has_its_own_words(staged: ChatBrowser) -> None:
    for width, height in VIEWPORTS:
        staged.page.set_viewport_size({"width": width, "height": height})
        words = set()
        rests = places(staged)
        for phase in PHASES:
            status = phase if phase in {"connecting", "reconnecting"} else "connected"
            become(staged, {"attempt": 3 if phase == "reconnecting" else 0}, phase=phase, status=status)
            words.add(shown(staged, "state"))
            assert places(staged) == rests, (phase, width)
            assert cut_short(staged) == [], (phase, width)
        assert len(words) == len(PHASES)
        wait_for_value(staged.page, lambda: shown(staged, "detail"), "attempt 3")


def test_beside_the_time_is_said_that_one_is_muted_and_that_the_connection_is_weak(
    staged: ChatBrowser,
) -> None:
    for width, height in VIEWPORTS:
        staged.page.set_viewport_size({"width": width, "height": height})
        become(staged, {"quality": "poor", "offRecord": True}, phase="speaking", muted=False)
        wait_for_value(staged.page, lambda: shown(staged, "detail"), "weak signal")
        assert cut_short(staged) == [], width
        become(staged, {}, muted=True)
        wait_for_value(staged.page, lambda: shown(staged, "detail"), "muted")
        assert cut_short(staged) == [], width


def test_an_answer_that_no_voice_can_stop_has_a_button_that_does(staged: ChatBrowser) -> None:
    stop = staged.page.locator("voice-mode-panel [data-part=stop]")
    become(staged, phase="speaking")
    expect(stop, "talking into it is enough").to_be_hidden()
    become(staged, phase="speaking", muted=True)
    stop.click()
    wait_for_value(staged.page, lambda: asked(staged), [["va-voice-interrupt", None]])
    before = places(staged)
    become(staged, phase="listening")
    expect(stop).to_be_hidden()
    assert places(staged) == before, "its room stays"
    wait_for_value(staged.page, "() => document.activeElement.localName", "voice-mode-panel")


def test_who_hears_itself_is_offered_echo_safe_mode_and_then_stops_by_button(staged: ChatBrowser) -> None:
    staged.page.evaluate(
        "() => standIn.dispatchEvent(new CustomEvent('hint', {detail: {code: 'hears_itself'}}))"
    )
    expect(staged.page.locator("voice-mode-panel [data-part=hint-words]")).to_contain_text("headphones")
    staged.page.click("[data-part=hint-echo-safe]")
    expect(staged.page.locator("voice-hint")).to_be_hidden()
    become(staged, phase="speaking")
    expect(staged.page.locator("voice-mode-panel [data-part=stop]")).to_be_visible()
    wait_for_value(staged.page, "() => JSON.parse(localStorage['voiceassist.devices']).echoSafe", True)
    staged.page.click("[data-part=options-button]")
    expect(staged.page.locator("[data-part=device-echoSafe]")).to_be_checked()


def test_held_back_sound_is_resumed_by_a_tap_and_a_bad_connection_is_told(staged: ChatBrowser) -> None:
    become(staged, {"suspended": True, "quality": "poor"})
    staged.page.focus("[data-part=resume]")
    staged.page.keyboard.press("Enter")
    wait_for_value(staged.page, lambda: asked(staged), [["va-voice-resume", None]])
    quality = staged.page.locator("voice-mode-panel [data-part=quality]")
    expect(quality).to_have_attribute("title", re.compile("Poor"))
    become(staged, {"suspended": False, "quality": "good"})
    focus = "() => document.activeElement.localName"
    wait_for_value(staged.page, focus, "voice-mode-panel")  # the button it was on is gone
    expect(staged.page.locator("voice-mode-panel [data-part=resume]")).to_be_hidden()
    expect(staged.page.locator("voice-mode-panel [data-part=quality]")).to_be_hidden()


def test_an_end_tells_its_reason_asks_for_a_rating_and_leaves_nothing_running(staged: ChatBrowser) -> None:
    staged.page.focus("[data-part=mute]")
    end = {"reason": "idle", "code": "idle", "detail": "", "retryable": True}
    become(staged, {"end": end, "microphone": False}, phase="ended", status="ended")
    wait_for_value(staged.page, lambda: shown(staged, "state"), "Ended")
    reason = staged.page.locator("voice-mode-panel [data-part=reason]")
    expect(reason).to_contain_text("Nothing was said for a while", use_inner_text=True)
    focus = "() => document.activeElement.localName"
    wait_for_value(staged.page, focus, "voice-mode-panel")  # the button it was on is gone
    wait_for_value(staged.page, TRAVELS, [])
    wait_for_value(staged.page, "() => document.querySelector('voice-waveform').isRunning", False)
    staged.page.click("voice-mode-panel [data-part=rate-good]")
    staged.page.click("voice-mode-panel [data-part=rate-good]")
    staged.page.click("voice-mode-panel [data-part=rate-bad]")
    ratings = ["good", None, "bad"]
    wait_for_value(staged.page, lambda: [detail["rating"] for _name, detail in asked(staged)], ratings)
    wait_for_value(staged.page, lambda: shown(staged, "thanks"), "Thank you.")


def test_the_waveform_travels_by_itself_and_rests_in_silence(staged: ChatBrowser) -> None:
    """Sixty frames a second are the compositor's; the page draws three bars of 60 ms each with two strokes."""
    drawn = """() => new Promise(resolve => {
        let strokes = 0;
        const stroke = CanvasRenderingContext2D.prototype.stroke;
        CanvasRenderingContext2D.prototype.stroke = function () { strokes += 1; stroke.call(this); };
        setTimeout(() => { CanvasRenderingContext2D.prototype.stroke = stroke; resolve(strokes); }, 1000);
    })"""

    def travels(state: str) -> None:
        staged.page.wait_for_function(f"() => ({TRAVELS})().join() === '{state}'")

    travels("paused")
    become(staged, levels={"assistant": 0.5, "user": 0.1}, phase="speaking")
    travels("running")
    strokes = staged.page.evaluate(drawn)
    assert 4 <= strokes <= 20
    staged.page.emulate_media(reduced_motion="reduce")
    travels("")
    become(staged, levels={"assistant": 0, "user": 0})
    staged.page.emulate_media(reduced_motion="no-preference")
    travels("paused")
    assert staged.page.evaluate(drawn) == 0


@pytest.mark.parametrize("width", [360, 1280])
def test_options_stay_within_the_page_and_every_target_can_be_hit(staged: ChatBrowser, width: int) -> None:
    staged.page.set_viewport_size({"width": width, "height": 740})
    staged.page.click("[data-part=options-button]")
    expect(staged.page.locator("voice-options")).to_be_visible()
    wait_for_value(staged.page, "() => document.documentElement.scrollWidth", width)
    small = staged.page.evaluate(
        """() => [...document.querySelectorAll('voice-mode-panel :is(button, select, input)')]
            .filter(each => each.getClientRects().length && !each.matches('[type=radio]'))
            .filter(each => each.offsetWidth < 24 || each.offsetHeight < 24).map(each => each.outerHTML)"""
    )
    assert small == []
    expect(staged.page.locator("input[value=semantic_vad]")).to_be_visible()
    staged.page.fill("[data-part=device-volume]", "40")
    wait_for_value(staged.page, lambda: shown(staged, "device-volume-number"), "40%")
    volume = "() => document.querySelector('voice-mode-panel').devices.current.volume"
    wait_for_value(staged.page, volume, 0.4)
    staged.page.keyboard.press("Escape")
    offered = "() => document.querySelector('voice-mode-panel').setAttribute('turn-detections', 'server_vad')"
    staged.page.evaluate(offered)
    staged.page.click("[data-part=options-button]")
    expect(
        staged.page.locator("input[value=semantic_vad]"), "only what this server offers can be chosen"
    ).to_be_hidden()
    expect(
        staged.page.locator("input[value=push_to_talk]"), "that needs nothing of the server"
    ).to_be_visible()


ROOM = """() => {
    const bottom = name => Math.ceil(document.querySelector(name).getBoundingClientRect().bottom);
    return {
        composer: bottom('.composer'), note: bottom('.foot__medical'),
        thread: document.querySelector('.stage').clientHeight, page: document.documentElement.scrollHeight,
    };
}"""


def test_options_leave_the_thread_and_the_field_their_room(staged: ChatBrowser) -> None:
    staged.page.click("[data-part=switch]")
    staged.page.wait_for_selector("[data-part=record-banner]:not([hidden])")
    staged.page.click("[data-part=options-button]")
    for width, height in ((390, 800), (360, 640), (320, 640), (1280, 800), (640, 400)):
        staged.page.set_viewport_size({"width": width, "height": height})
        staged.page.wait_for_function(f"() => ({ROOM})().thread >= 120")
        if height > 480:
            staged.page.wait_for_function(f"() => ({ROOM})().composer <= innerHeight")
        if height >= 800:
            staged.page.wait_for_function(f"() => ({ROOM})().note <= innerHeight")
        # What overflows scrolls in its own place.
        wait_for_value(staged.page, f"() => ({ROOM})().page", height)
        banner = staged.page.locator("[data-part=record-banner]").bounding_box()
        assert banner
        assert banner["height"] <= 60 or width < 360, "two lines"


def test_a_page_magnified_four_times_scrolls_to_everything(staged: ChatBrowser) -> None:
    staged.page.set_viewport_size({"width": 320, "height": 256})
    staged.page.click("[data-part=options-button]")
    staged.page.wait_for_function(f"() => ({ROOM})().thread >= 120")
    for name in ("h1", ".stage", "[data-part=end]", "voice-options", "#composer-field", ".foot__medical"):
        staged.page.locator(name).scroll_into_view_if_needed()
        box = staged.page.locator(name).bounding_box()
        assert box, name
        assert box["y"] < 256, name
        assert box["y"] + box["height"] > 0, name
        assert box["x"] >= 0, name
        assert box["x"] + box["width"] <= 320, name


def test_a_hold_that_was_too_short_is_told_in_the_button_and_moves_nothing(staged: ChatBrowser) -> None:
    staged.page.set_viewport_size({"width": 390, "height": 800})
    become(staged, {"turnDetection": "push_to_talk"}, phase="ready")
    wait_for_value(staged.page, lambda: shown(staged, "state"), "Ready")
    talk = staged.page.locator("[data-part=talk]")
    before = talk.bounding_box()
    hint = "() => standIn.dispatchEvent(new CustomEvent('hint', {detail: {code: 'held_too_short'}}))"
    staged.page.evaluate(hint)
    expect(talk).to_have_text("Too short. Hold it while you speak.", use_inner_text=True)
    assert talk.bounding_box() == before
    talk.hover()
    staged.page.mouse.down()
    expect(talk).to_have_text("Release to send", use_inner_text=True)
    staged.page.mouse.up()
    sooner = (
        "() => { const own = setTimeout; setTimeout = (act, wait) => own(act, wait === 5000 ? 50 : wait); }"
    )
    staged.page.evaluate(sooner)
    staged.page.evaluate(hint)
    staged.page.wait_for_function(
        "() => document.querySelector('[data-part=talk]').innerText === 'Hold to talk'"
    )
    staged.page.evaluate(
        "() => standIn.dispatchEvent(new CustomEvent('hint', {detail: {code: 'hears_itself'}}))"
    )
    expect(staged.page.locator("voice-hint")).to_be_visible()
    assert talk.bounding_box() == before, "what is told stands above the controls"


def test_escape_closes_the_options_first_and_then_ends(window: ChatBrowser) -> None:
    window.page.goto("/chat")
    window.start_voice()
    window.wait_for_phase("listening")
    window.page.click("[data-part=options-button]")
    window.page.focus("[data-part=device-volume]")
    window.page.keyboard.press("Escape")
    expect(window.page.locator("voice-options")).to_be_hidden()
    wait_for_value(window.page, "() => document.activeElement.dataset.part", "options-button")
    assert window.session("phase") == "listening"
    window.page.focus("#composer-field")
    window.page.keyboard.press("Escape")
    assert window.session("phase") == "listening", "whoever writes may have a use for it"
    window.page.focus("[data-part=log]")
    window.page.keyboard.press("Control+Space")
    assert window.session("muted") is False
    window.page.focus("[data-part=mute]")
    window.page.keyboard.press("Escape")
    window.page.wait_for_selector("voice-mode-panel", state="hidden")
    window.page.wait_for_function(f"() => {SESSION}.status !== 'connected'")


def test_push_to_talk_is_held_by_pointer_key_or_space_and_let_go_by_whatever_ends_it(
    window: ChatBrowser,
) -> None:
    page = window.page
    page.goto("/chat")
    window.start_voice()
    window.wait_for_phase("listening")
    page.focus("[data-part=log]")
    page.keyboard.press("Space")
    window.wait_for_phase("muted")
    page.click("[data-part=options-button]")
    page.check("input[value=push_to_talk]")
    window.wait_for_phase("ready")
    assert window.session("muted") is False, "there is no button to unmute any more"
    expect(page.locator("[data-part=mute]")).to_be_hidden()
    page.keyboard.press("Escape")
    talk = page.locator("[data-part=talk]")

    def hears(talking: bool) -> None:
        page.wait_for_function(f"() => {SESSION}.state.talking === {str(talking).lower()}")

    talk.hover()
    page.mouse.down()
    hears(True)
    expect(talk).to_have_text("Release to send", use_inner_text=True)
    page.mouse.move(5, 5)
    assert window.session("state.talking") is True, "the pointer may slip"
    page.mouse.up()
    hears(False)
    talk.focus()
    for key in ("Enter", "Space"):
        page.keyboard.down(key)
        hears(True)
        page.keyboard.up(key)
        hears(False)
    page.focus("[data-part=log]")
    page.keyboard.down("Space")
    hears(True)
    page.evaluate("() => window.dispatchEvent(new Event('blur'))")
    hears(False)
    page.keyboard.up("Space")
    page.locator("#composer-field").press_sequentially("a b")
    expect(page.locator("#composer-field")).to_have_value("a b")
    assert window.session("state.talking") is False
    talk.evaluate("button => button.click()")
    hears(True)
    talk.evaluate("button => button.click()")
    hears(False)
    page.click("voice-mode-panel [data-part=end]")
    page.wait_for_selector("voice-mode-panel", state="hidden")
    assert window.complaints == []
