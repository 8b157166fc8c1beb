"""The core of the page in Firefox and in WebKitGTK, with a recorded person at a microphone and a speaker recorded."""

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support.browser_window import BrowserWindow
from tests.support.firefox_browser import firefox_window
from tests.support.running_site import RunningSite
from tests.support.sound_server import PATH, SoundServer, missing_programs, sound_server
from tests.support.speaking_visitor import SpeakingVisitor
from tests.support.speech_clips import recording, word_errors
from tests.support.webkit_browser import webkit_window

pytestmark = pytest.mark.e2e
FIREFOX = ("firefox-esr", "firefox")
SPOKEN = {"role": "user", "status": "final", "modality": "audio", "unheard": ""}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundServer]:
    """A microphone and a speaker for the browsers of this module."""
    if missing := missing_programs():
        pytest.skip(f"no private sound server here: {', '.join(missing)} is not installed and could not be")
    with sound_server(tmp_path_factory.mktemp("sound")) as running:
        yield running


def the_program(variable: str, *names: str) -> Path:
    """The program that `make test` names, or that lies where systems keep it; skips the test where there is none."""
    named = os.environ.get(variable) or next(
        filter(None, (shutil.which(each, path=PATH) for each in names)), None
    )
    if named is None:
        pytest.skip(f"there is no {names[0]} here, and `make test` could not install it")
    return Path(named)


def opened(browser: str, folder: Path, sound: SoundServer) -> AbstractContextManager[BrowserWindow]:
    if browser == "firefox":
        return firefox_window(the_program("FIREFOX", *FIREFOX), folder, sound)
    if shutil.which("Xvfb", path=PATH) is None:
        pytest.skip("there is no Xvfb here, and `make test` could not install it")
    return webkit_window(the_program("WEBKIT_DRIVER", "WebKitWebDriver"), folder, sound)


@pytest.fixture(scope="module", params=["firefox", "webkit"])
def visitor(
    request: pytest.FixtureRequest,
    site: RunningSite,
    sound: SoundServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SpeakingVisitor]:
    """A visitor in one browser; the browser is started once for all tests."""
    with opened(request.param, tmp_path_factory.mktemp(request.param), sound) as window:
        yield SpeakingVisitor(window, site, sound)


def test_a_typed_turn_is_answered_in_writing_and_remembered(visitor: SpeakingVisitor) -> None:
    visitor.sign_in()
    visitor.write("what is twelve plus thirty")
    visitor.wait_for_line("assistant", "final")
    question, answer = visitor.lines
    assert question["text"] == "what is twelve plus thirty"
    assert (answer["modality"], answer["status"]) == ("text", "final")
    assert "42" in answer["text"]
    visitor.wait_until_saved()
    visitor.window.reload()
    assert visitor.lines == [question, answer]
    assert visitor.window.complaints == []


def test_a_spoken_turn_is_understood_answered_aloud_interrupted_and_remembered(
    visitor: SpeakingVisitor,
) -> None:
    visitor.sign_in()
    visitor.start_voice()
    visitor.wait_for_microphone()
    visitor.say("goforward.wav")
    visitor.wait_for_phase("speaking")
    visitor.wait_for_line("user", "final")
    said = visitor.lines[0]
    assert said == SPOKEN | {"text": said["text"]}
    assert word_errors(recording("goforward.wav").words, said["text"]) <= 1, said["text"]
    visitor.sound.wait_until_heard(0.5)

    # Firefox's echo canceller lets nobody through while the speaker is loud and the microphone has heard no echo of it
    # yet, so a short word between two pauses of the answer is lost: these words outlast its longest phrase.
    visitor.say("cards-005.wav")
    visitor.wait_for_line("assistant", "interrupted")
    visitor.sound.wait_until_quiet(0.4)
    assert 0 < visitor.session("figures")["lastClearToSilenceMs"] < 250, "the worklet said when it was silent"
    visitor.wait_for_line("user", "final", 2)
    cut = visitor.lines[1]
    assert cut["text"]
    assert cut["unheard"]

    visitor.wait_for_phase("speaking")
    visitor.window.click("[data-part=end]")
    visitor.wait_for_phase("ended")
    visitor.wait_until_saved()
    shown = visitor.lines
    assert [line["role"] for line in shown[:3]] == ["user", "assistant", "user"]
    visitor.window.reload()
    assert visitor.lines[:3] == shown[:3]
    assert visitor.window.complaints == []


def test_a_denied_microphone_is_told_in_words_and_typing_goes_on(
    site: RunningSite, sound: SoundServer, tmp_path: Path
) -> None:
    """In Firefox; WebKit's remote control always says yes."""
    with firefox_window(the_program("FIREFOX", *FIREFOX), tmp_path, sound, allowed=False) as window:
        visitor = SpeakingVisitor(window, site, sound)
        visitor.sign_in()
        visitor.start_voice()
        told = "document.querySelector('voice-mode-panel [data-part=reason]').textContent"
        visitor.wait_for(f"{told}.includes('does not let this page use the microphone')")
        visitor.write("hello")
        visitor.wait_for_line("assistant", "final")
