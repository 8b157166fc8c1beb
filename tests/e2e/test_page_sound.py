"""What is said too early, what is said into a loudspeaker, what is played again, and what is left of all of it."""

import wave
from io import BytesIO

import pytest
from playwright.sync_api import Browser

from tests.support.running_site import RunningSite
from tests.support.sound_page import SoundPage
from tests.support.speech_clips import recording

pytestmark = pytest.mark.e2e
CYCLES = 20
RATE = 24000
SAID_INTO_IT = "frames.filter(({said, sounds}) => said && sounds)"


@pytest.fixture(scope="module")
def quiet(chromium_browser: Browser, site: RunningSite) -> SoundPage:
    """A page in a Chromium in front of which nobody says anything that is a word, unless the mouth does."""
    return SoundPage(chromium_browser, site)


def _samples(sound: SoundPage, role: str) -> int:
    """How long the sound of a line is; it is a file of its own."""
    line = f"voice.lines.find(line => line.role === '{role}')"
    saved = f"voice.replays.wav({line}.item_id).arrayBuffer().then(file => [...new Uint8Array(file)])"
    with wave.open(BytesIO(bytes(sound.run(saved)))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        return int(file.getnframes())


def test_what_is_said_while_connecting_is_heard_whole_and_can_be_played_again(quiet: SoundPage) -> None:
    """It is said as soon as the microphone is open, and over before a session is even asked for."""
    spoken = recording("slt-what-did-i-say.wav")
    quiet.give_mouth("slt-what-did-i-say.wav")
    quiet.run("void (window.gate = new Promise(resolve => { window.openGate = resolve; }))")
    quiet.run("void voice.connect({microphone: true})")
    quiet.wait("streams.length === 1")
    quiet.run("mouth.say()")
    quiet.run("openGate()")
    quiet.wait("voice.state.playing !== ''")
    assert quiet.run("voice.lines[0].text") == spoken.words
    quiet.run("voice.disconnect()")
    assert 0.8 < _samples(quiet, "user") / RATE < 2.5
    assert _samples(quiet, "assistant") * 2 == quiet.run("received")

    quiet.run("void (window.replay = voice.replays.play(voice.lines[0].item_id))")
    quiet.wait("voice.replays.playing !== '' && addresses.size === 1")
    quiet.run("replay")
    assert quiet.run("[voice.replays.playing, addresses.size]") == ["", 0]


def test_in_echo_safe_mode_nothing_is_heard_of_an_answer_and_silence_keeps_the_pace(quiet: SoundPage) -> None:
    quiet.begin_anew()
    quiet.give_mouth("cards-001.wav")
    quiet.run("voice.devices.choose({echoSafe: true})")
    quiet.listen()
    quiet.run("voice.sendMessage('hello')")
    quiet.wait("voice.state.playing !== ''")
    quiet.run("mouth.say()")
    assert quiet.run(f"{SAID_INTO_IT}.length") > 10
    assert quiet.run(f"{SAID_INTO_IT}.filter(({{loud}}) => loud).length") == 0
    assert quiet.run("new Set(frames.map(({bytes}) => bytes)).size") == 1
    # The same without it: whoever speaks into the answer is heard, and stops it.
    quiet.run("voice.devices.choose({echoSafe: false})")
    quiet.run("mouth.say()")
    quiet.wait("voice.lines.some(({status}) => status === 'interrupted')")
    assert quiet.run(f"{SAID_INTO_IT}.filter(({{loud}}) => loud).length") > 0


def test_sound_that_the_browser_holds_back_is_told_and_goes_on_after_a_tap(quiet: SoundPage) -> None:
    quiet.begin_anew()
    quiet.listen()
    # As on a phone after a call: the context stops, and never comes back by itself.
    quiet.run("(() => { contexts[0].resume = () => new Promise(() => {}); return contexts[0].suspend(); })()")
    quiet.wait("voice.state.suspended")
    quiet.run("voice.resumeSound()")
    quiet.wait("!voice.state.suspended && contexts.length === 2 && contexts[0].state === 'closed'")
    quiet.wait_for_frames()
    assert quiet.run("voice.status") == "connected"
    # One that only sleeps is woken.
    quiet.run("contexts[1].suspend()")
    quiet.run("voice.resumeSound()")
    quiet.wait_for_frames()
    assert quiet.run("contexts.length") == 2


def test_sound_is_had_without_a_microphone(quiet: SoundPage) -> None:
    quiet.begin_anew()
    quiet.run("voice.connect({microphone: false, sound: true})")
    quiet.wait("voice.isConnected")
    quiet.run("voice.sendMessage('say good morning')")
    quiet.wait("voice.state.playing !== ''")
    assert quiet.run("[streams.length, voice.state.microphone]") == [0, False]


def test_twenty_starts_and_stops_leave_nothing_behind(quiet: SoundPage) -> None:
    quiet.begin_anew()
    quiet.run("""(() => {
        window.listeners = new Set();
        const numbers = new Map();
        const nameOf = (type, listener) => {
            numbers.set(listener, numbers.get(listener) || numbers.size);
            return `${type} ${numbers.get(listener)}`;
        };
        for (const target of [document, window, navigator.mediaDevices, voice.devices]) {
            const [add, remove] = [target.addEventListener.bind(target), target.removeEventListener.bind(target)];
            target.addEventListener = (...all) => { listeners.add(nameOf(...all)); add(...all); };
            target.removeEventListener = (...all) => { listeners.delete(nameOf(...all)); remove(...all); };
        }
    })()""")
    cycle = "voice.connect({microphone: true}).then(() => voice.disconnect())"
    quiet.run(cycle)
    # What belongs to the page, not to one talk, came with the first.
    before = quiet.run("listeners.size")
    quiet.run(f"(async () => {{ for (let i = 1; i < {CYCLES}; i += 1) {{ await {cycle}; }} }})()")
    assert quiet.run("listeners.size") == before
    assert quiet.run("[streams.length, contexts.length]") == [CYCLES, CYCLES]
    quiet.wait("contexts.every(context => context.state === 'closed')")
    assert quiet.run(
        "streams.every(stream => stream.getTracks().every(track => track.readyState === 'ended'))"
    )
    assert quiet.run("addresses.size") == 0
