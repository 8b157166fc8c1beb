"""A voice session of its own on a signed-in page, with its ears and its mouth in the hands of the test."""

from typing import Any

from playwright.sync_api import Browser

from tests.support.chat_browser import ChatBrowser
from tests.support.mouth import give_mouth
from tests.support.running_site import RunningSite

_WATCHED = """
    window.streams = [];
    window.contexts = [];
    window.frames = [];
    window.received = 0;
    window.addresses = new Set();
    const media = navigator.mediaDevices;
    const ask = media.getUserMedia.bind(media);
    media.getUserMedia = async wishes => {
        if (window.refusal) { throw new DOMException('', window.refusal); }
        const stream = window.mouth ? window.mouth.stream : await ask(wishes);
        window.streams.push(stream);
        return stream;
    };
    window.Context = AudioContext;
    window.AudioContext = class extends Context {
        constructor(...wishes) { super(...wishes); window.contexts.push(this); }
    };
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) {
        if (data instanceof ArrayBuffer) {
            const loud = new Int16Array(data).some(sample => sample !== 0);
            const sounds = window.voice.player && window.voice.player.isAudible;
            window.frames.push({loud, sounds, said: Boolean(window.mouth && mouth.speaks), bytes: data.byteLength});
        }
        return send.call(this, data);
    };
    const [make, revoke] = [URL.createObjectURL, URL.revokeObjectURL];
    URL.createObjectURL = thing => { const url = make(thing); window.addresses.add(url); return url; };
    URL.revokeObjectURL = url => { window.addresses.delete(url); revoke(url); };
"""
"""Notes what the page opens and sends. `refusal` is the name of the error that asking for a microphone ends in."""

_SESSION = """async () => {
    const config = JSON.parse(document.getElementById('page-config').textContent);
    const from = path => import(`/static/js/${path}`);
    const [{RealtimeVoiceSession}, {ApiClient}, {DeviceChoices}, {MediaDevicesList}] = await Promise.all([
        from('voice/realtime-voice-session.js'), from('api/client.js'), from('lib/device-choices.js'),
        from('lib/media-devices.js'),
    ]);
    const api = new ApiClient(config);
    window.list = new MediaDevicesList();
    window.hints = [];
    window.voice = new RealtimeVoiceSession({
        createSession: request => Promise.resolve(window.gate).then(() => api.createRealtimeSession(request)),
        worklets: config.worklets,
        devices: new DeviceChoices(null),
        onAudioChunk: pcm => { window.received += pcm.byteLength; },
    });
    window.voice.addEventListener('hint', ({detail}) => window.hints.push(detail.code));
}"""


class SoundPage:
    """`voice` is the session; `streams`, `contexts`, `frames` and `hints` are what it opened, sent and told.

    Of a frame: `loud`, whether it is more than silence; `sounds`, whether the assistant did; `said`, whether the
    mouth spoke. No session is asked for before the promise `gate`, if there is one, is kept.
    """

    def __init__(self, browser: Browser, site: RunningSite) -> None:
        self.chat = ChatBrowser(browser, site)
        self.page = self.chat.page
        self._prepare()

    def begin_anew(self) -> None:
        """Another session, on a page on which nothing has happened yet."""
        self.run("voice.disconnect()")
        self.chat.sockets.clear()
        self.page.goto("/chat")
        self._prepare()

    def _prepare(self) -> None:
        self.page.evaluate(f"() => {{ {_WATCHED} }}")
        self.page.evaluate(_SESSION)

    def run(self, script: str) -> Any:
        """The value of an expression on the page; promises are awaited."""
        return self.page.evaluate(f"async () => ({script})")

    def wait(self, condition: str) -> None:
        """Wait until an expression on the page holds."""
        self.page.wait_for_function(f"() => {condition}", polling=50)

    def listen(self) -> None:
        """Connect with the microphone and wait until the server hears it."""
        self.run("voice.connect({microphone: true})")
        self.wait("voice.isConnected && voice.state.microphone && frames.length > 3")

    def give_mouth(self, clip: str) -> None:
        """Put somebody in front of the microphone who says `clip` whenever `mouth.say()` is run."""
        give_mouth(self.page, [clip])

    def wait_for_frames(self) -> None:
        """Wait until more is heard and sent."""
        sent = self.run("frames.length")
        self.wait(f"frames.length > {sent} + 3")
