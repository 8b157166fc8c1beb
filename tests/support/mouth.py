"""Somebody in front of a page's microphone who speaks when the test says so, and not when a file has come that far."""

import base64
from collections.abc import Sequence

from playwright.sync_api import Page

from tests.support.speech_clips import FOLDER

_MOUTH = """async recorded => {
    const context = new (window.Context || AudioContext)();
    const heard = one => context.decodeAudioData(Uint8Array.from(atob(one), letter => letter.charCodeAt(0)).buffer);
    const clips = await Promise.all(recorded.map(heard));
    const lips = context.createMediaStreamDestination();
    window.mouth = {stream: lips.stream, speaks: false, say: (number = 0) => new Promise(resolve => {
        const voice = context.createBufferSource();
        voice.buffer = clips[number];
        voice.connect(lips);
        voice.onended = () => { mouth.speaks = false; resolve(); };
        mouth.speaks = true;
        voice.start();
    })};
}"""
_IS_THE_MICROPHONE = "() => { navigator.mediaDevices.getUserMedia = async () => window.mouth.stream; }"


def give_mouth(page: Page, clips: Sequence[str]) -> None:
    """Let `mouth.say(0)` on the page say the first of these recordings, and so on; it is kept when it is said."""
    page.evaluate(_MOUTH, [base64.b64encode((FOLDER / clip).read_bytes()).decode() for clip in clips])


def hear_mouth_alone(page: Page) -> None:
    """The mouth is the page's microphone from now on. A reload ends that."""
    page.evaluate(_IS_THE_MICROPHONE)
