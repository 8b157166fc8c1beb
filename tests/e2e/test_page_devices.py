"""Microphones and speakers that are chosen, exchanged and pulled out while somebody speaks."""

import pytest
from playwright.sync_api import Browser

from tests.support.running_site import RunningSite
from tests.support.sound_page import SoundPage

pytestmark = pytest.mark.e2e
LIVE = "streams.filter(stream => stream.getTracks().some(track => track.readyState === 'live'))"
HEARD_DEVICE = f"{LIVE}[0].getTracks()[0].getSettings().deviceId"
CHOOSE = "voice.devices.choose"
PULL_OUT = """streams[streams.length - 1].getTracks().forEach(track => {
    track.stop();
    track.dispatchEvent(new Event('ended'));
})"""
"""As browsers tell it: the track ends."""


@pytest.fixture(scope="module")
def page(chromium_browser: Browser, site: RunningSite) -> SoundPage:
    """A page in a Chromium whose machine has several microphones and speakers."""
    return SoundPage(chromium_browser, site)


@pytest.fixture
def sound(page: SoundPage) -> SoundPage:
    """A session that listens."""
    page.begin_anew()
    page.listen()
    return page


def test_another_microphone_and_other_wishes_are_heeded_without_a_break_in_the_session(
    sound: SoundPage,
) -> None:
    sound.run("list.refresh()")
    before = sound.run(HEARD_DEVICE)
    other = sound.run("list.microphones[list.microphones.length - 1].id")
    assert other != before
    sound.run(f"{CHOOSE}({{microphone: {other!r}}})")
    sound.wait(f"{LIVE}.length === 1 && {HEARD_DEVICE} === {other!r}")
    sound.wait_for_frames()
    sound.run(f"{CHOOSE}({{noiseSuppression: false}})")
    sound.wait(f"{LIVE}.length === 1 && {LIVE}[0].getTracks()[0].getSettings().noiseSuppression === false")
    sound.wait_for_frames()
    assert sound.run("voice.status") == "connected"
    assert sound.run("hints") == []
    assert len(sound.chat.sockets) == 1
    assert sound.run("contexts.length") == 1


def test_a_microphone_that_is_gone_is_replaced_by_the_systems_own(sound: SoundPage) -> None:
    sound.run(f"{CHOOSE}({{microphone: 'unplugged'}})")
    sound.wait("hints.length === 1")
    sound.wait_for_frames()
    sound.run(PULL_OUT)
    sound.wait("hints.length === 2")
    sound.wait_for_frames()
    assert sound.run("hints") == ["microphone_changed"] * 2
    sound.wait(f"{LIVE}.length === 1")
    assert sound.run("[voice.status, voice.error]") == ["connected", None]


def test_a_microphone_that_left_the_list_without_a_word_is_missed(sound: SoundPage) -> None:
    sound.run("list.refresh()")
    chosen = sound.run("list.microphones[0].id")
    sound.run(f"{CHOOSE}({{microphone: {chosen!r}}})")
    sound.wait(f"{LIVE}.length === 1 && {HEARD_DEVICE} === {chosen!r}")
    sound.run(f"""(() => {{
        const ask = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
        navigator.mediaDevices.enumerateDevices = async () => (await ask()).filter(d => d.deviceId !== {chosen!r});
        navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
    }})()""")
    sound.wait(f"hints.length === 1 && {LIVE}.length === 1 && {HEARD_DEVICE} !== {chosen!r}")
    sound.wait_for_frames()
    assert sound.run("hints") == ["microphone_changed"]


def test_when_the_last_microphone_is_gone_the_session_goes_on_by_typing(sound: SoundPage) -> None:
    sound.run("window.refusal = 'NotFoundError'")
    sound.run(PULL_OUT)
    sound.wait("voice.error !== null")
    assert sound.run("[voice.error.code, voice.status]") == ["microphone_lost", "connected"]
    assert sound.run("voice.state.microphone") is False
    sound.wait("contexts.every(context => context.state === 'closed')")


def test_a_refused_microphone_leaves_nothing_open(page: SoundPage) -> None:
    page.begin_anew()
    page.run("(() => { window.refusal = 'NotAllowedError'; return voice.connect({microphone: true}); })()")
    assert page.run("[voice.error.code, voice.status]") == ["microphone_denied", "ended"]
    page.wait("contexts.length === 1 && contexts[0].state === 'closed'")


def test_modules_that_cannot_be_fetched_are_told_and_fetched_again(page: SoundPage) -> None:
    page.begin_anew()
    page.page.route("**/voice-io*.js", lambda route: route.abort())
    page.run("voice.connect({microphone: true})")
    assert page.run("[voice.error.code, voice.status, streams.length]") == ["network", "ended", 0]
    page.page.unroute("**/voice-io*.js")
    page.listen()


def test_the_chosen_speaker_sounds_and_one_that_is_gone_is_told(sound: SoundPage) -> None:
    sound.run("list.refresh()")
    other = sound.run("list.speakers[list.speakers.length - 1].id")
    sound.run(f"{CHOOSE}({{speaker: {other!r}, volume: 0.25}})")
    sound.wait(f"contexts[0].sinkId === {other!r}")
    assert sound.run("hints") == []
    sound.run(f"{CHOOSE}({{speaker: 'unplugged'}})")
    sound.wait("hints.length === 1 && contexts[0].sinkId === ''")
    assert sound.run("hints") == ["speaker_changed"]
