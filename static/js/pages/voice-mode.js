/** Voice mode on a page: its panel, which is fetched when it is first wanted, and what is asked of its session. */

import {isCharged} from "../lib/charges.js";
import {heed} from "../lib/requests.js";
import {sentenceFor} from "../elements/sentences.js";
import {loadVoice} from "../voice/sound/late-voice.js";
import {Request, SessionEvent, Status} from "../voice/vocabulary.js";

/** @typedef {import("../elements/dock-notice.js").DockNotice} DockNotice */
/** @typedef {import("../elements/message-composer.js").MessageComposer} MessageComposer */
/** @typedef {import("../elements/voice-mode-panel.js").VoiceModePanel} VoiceModePanel */
/** @typedef {import("../lib/device-choices.js").DeviceChoices} DeviceChoices */
/** @typedef {import("../voice/realtime-voice-session.js").RealtimeVoiceSession} RealtimeVoiceSession */

/** So long is told that it is tried, even where it fails at once: a press is answered by something that people see. */
const SEEN_MS = 400;

export class VoiceMode {
  /**
   * @param {Document} root
   * @param {RealtimeVoiceSession} session
   * @param {DeviceChoices} devices
   */
  constructor(root, session, devices) {
    this._root = root;
    this._session = session;
    this._panel = /** @type {VoiceModePanel} */ (root.querySelector("voice-mode-panel"));
    this._composer = /** @type {MessageComposer} */ (root.querySelector("message-composer"));
    this._notice = /** @type {DockNotice} */ (root.querySelector("dock-notice"));
    /** @type {Promise<void> | null} */
    this._fetched = null;
    this._isFetched = false;
    /** Whether somebody wants to speak, also while it cannot be done. */
    this.isWanted = false;
    this._began = 0;
    // Until its code is there the panel is a plain element; what it is given now waits in it.
    this._panel.session = session;
    this._panel.devices = devices;
  }

  begin() {
    heed(this._root, {
      [Request.VOICE_INTENT]: () => this._fetchEarly(),
      [Request.VOICE_MUTE]: ({muted}) => this._mute(muted),
      [Request.VOICE_TALK]: ({talking}) => (talking ? this._session.talk() : this._session.release()),
      [Request.VOICE_TURN_DETECTION]: ({turnDetection}) => this._session.setTurnDetection(turnDetection),
      [Request.VOICE_INTERRUPT]: () => this._session.interrupt(),
      [Request.VOICE_RESUME]: () => this._session.resumeSound(),
    });
    heed(this._session, {[SessionEvent.USAGE]: (usage) => this._showCost(usage)});
  }

  /** Whether its panel is seen. */
  get isOpen() {
    return !this._panel.hidden;
  }

  /** Milliseconds since it was started. */
  get elapsed() {
    return this._began ? performance.now() - this._began : 0;
  }

  /** To be called while the person's gesture lasts: only then may sound begin. What keeps it from beginning is told. */
  async start() {
    this.isWanted = true;
    this._began = performance.now();
    const connected = this._session.connect({microphone: true});
    this._composer.toggleAttribute("voice-active", true);
    if (!this._isFetched) {
      this._notice.tellConnecting();
    }
    try {
      await this._fetch();
    } catch (error) {
      await this._giveUp();
      return;
    }
    this._notice.clear();
    // Meanwhile it may have been given up.
    if (this.isWanted) {
      this._panel.open();
    }
    await connected;
  }

  /** Without its panel nobody speaks: they could not see whether they are heard. */
  async _giveUp() {
    const pause = new Promise((resolve) => setTimeout(resolve, SEEN_MS));
    this.close();
    await Promise.all([this._session.disconnect(), pause]);
    if (!this.isWanted) {
      this._notice.tellFailed(sentenceFor({code: "network", detail: ""}));
    }
  }

  /** What kept voice mode from beginning is no longer of interest. */
  clearNotice() {
    this._notice.clear();
  }

  /** Take the panel away; the session goes on as it was left. */
  close() {
    const hadFocus = this._panel.contains(this._root.activeElement);
    this.isWanted = false;
    this._began = 0;
    if (this._isFetched && this.isOpen) {
      this._panel.close();
    }
    this._composer.toggleAttribute("voice-active", false);
    if (hadFocus) {
      this._composer.focusOn("voice");
    }
  }

  /** @param {string} conversationId */
  speakIn(conversationId) {
    this._panel.setAttribute("conversation-id", conversationId);
  }

  /** Whether the session is going on. */
  get isLive() {
    return this._session.status !== Status.ENDED && this._session.status !== Status.IDLE;
  }

  _fetch() {
    this._fetched = this._fetched || this._load();
    return this._fetched;
  }

  /** The panel, and what the session will fetch for the sound. Whoever presses then is told if it fails. */
  async _fetchEarly() {
    await Promise.all([this._fetch(), loadVoice()]).catch(() => undefined);
  }

  async _load() {
    try {
      await import("../elements/voice-mode-panel.js");
      this._isFetched = true;
    } catch (error) {
      // The next press asks again: the network may be there then.
      this._fetched = null;
      throw error;
    }
  }

  /** @param {boolean} muted */
  _mute(muted) {
    this._session.muted = muted;
  }

  /** @param {import("../voice/vocabulary.js").Usage} usage */
  _showCost({cost}) {
    this._panel.cost = isCharged(this._session.state.provider) ? cost : null;
  }
}
