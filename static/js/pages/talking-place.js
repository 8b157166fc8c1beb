/** A place to talk on the voice test page: the voice panel with captions below, kept nowhere. */

import {sentenceFor} from "../elements/sentences.js";
import {isCharged} from "../lib/charges.js";
import {part} from "../lib/part.js";
import {isDebugging} from "../lib/debug-switch.js";
import {DebugLog} from "../voice/debug-log.js";
import {RealtimeVoiceSession} from "../voice/realtime-voice-session.js";
import {Request, SessionEvent, Status} from "../voice/vocabulary.js";

/** @typedef {import("../elements/voice-mode-panel.js").VoiceModePanel} VoiceModePanel */
/** @typedef {import("../elements/message-thread.js").MessageThread} MessageThread */

/**
 * @typedef {object} TalkingMeans
 * @property {{worklets: string}} config
 * @property {import("../api/client.js").ApiClient} api
 * @property {import("../lib/device-choices.js").DeviceChoices} devices
 * @property {() => void} onBegin called before sound and microphone are taken
 * @property {() => void} onAllowed called when the microphone may be used, and the browser names its devices
 */

export class TalkingPlace {
  /** @param {Document} root @param {TalkingMeans} means */
  constructor(root, {config, api, devices, onBegin, onAllowed}) {
    this._root = root;
    this._api = api;
    this._devices = devices;
    this._onBegin = onBegin;
    this._onAllowed = onAllowed;
    this._isHeard = false;
    this._button = /** @type {HTMLButtonElement} */ (part(root, "talk-start"));
    this._panel = /** @type {VoiceModePanel} */ (root.querySelector("voice-mode-panel"));
    this._thread = /** @type {MessageThread} */ (root.querySelector("message-thread"));
    this._log = new DebugLog();
    this.session = new RealtimeVoiceSession({
      createSession: (request) => api.createRealtimeSession(request),
      worklets: config.worklets,
      devices,
    });
  }

  begin() {
    // Until its code is there the panel is a plain element; what it is given now waits in it.
    this._panel.session = this.session;
    this._panel.devices = this._devices;
    // Off the record before anything is said: the first session is opened so.
    this.session.goOffRecord(true);
    this.debug(isDebugging());
    this._button.disabled = false;
    this._button.addEventListener("click", () => this._talk());
    Object.entries(this._requests()).forEach(([type, act]) => {
      this._root.addEventListener(type, (event) => act(/** @type {CustomEvent} */ (event).detail || {}));
    });
    const told = {
      [SessionEvent.STATE]: (/** @type {any} */ state) => this._onState(state),
      [SessionEvent.LINE]: (/** @type {any} */ {line, before}) => this._place(line, before),
      [SessionEvent.LINE_REMOVED]: (/** @type {any} */ {line}) => this._thread.withdraw(line.item_id),
      [SessionEvent.USAGE]: (/** @type {any} */ usage) => this._showCost(usage),
      [SessionEvent.PROBLEM]: (/** @type {any} */ trouble) => this._onProblem(trouble),
    };
    Object.entries(told).forEach(([type, show]) => {
      this.session.addEventListener(type, (event) => show(/** @type {CustomEvent} */ (event).detail));
    });
    window.addEventListener("pagehide", () => this.session.leave());
  }

  /** Write about the session to the console, or stop it. @param {boolean} on */
  debug(on) {
    this._log.detach();
    if (on) {
      this._log.attach(this.session);
    }
  }

  /** Let go of microphone and speaker. */
  async end() {
    if (!this._panel.hidden) {
      const hadFocus = this._panel.contains(this._root.activeElement);
      this._panel.close();
      this._button.hidden = false;
      if (hadFocus) {
        this._button.focus();
      }
    }
    await this.session.disconnect();
  }

  /** @returns {Record<string, (detail: any) => unknown>} */
  _requests() {
    const {session} = this;
    return {
      [Request.VOICE_START]: () => this._talk(),
      [Request.RETRY]: () => this._talk(),
      [Request.SEND]: ({text}) => session.sendMessage(text),
      [Request.VOICE_CLOSE]: () => this.end(),
      [Request.VOICE_MUTE]: ({muted}) => {
        session.muted = muted;
      },
      [Request.VOICE_TALK]: ({talking}) => (talking ? session.talk() : session.release()),
      [Request.VOICE_TURN_DETECTION]: ({turnDetection}) => session.setTurnDetection(turnDetection),
      [Request.VOICE_INTERRUPT]: () => session.interrupt(),
      [Request.VOICE_RESUME]: () => session.resumeSound(),
      [Request.RATE]: ({rating}) => this._rate(rating),
    };
  }

  /** @param {import("../api/client.js").Rating} rating */
  async _rate(rating) {
    try {
      await this._api.rateSession(this.session.state.sessionId, rating);
    } catch (error) {
      this._thread.notice(sentenceFor(/** @type {any} */ (error)));
    }
  }

  async _talk() {
    this._onBegin();
    this._thread.clearNotices();
    // First of all, while the person's gesture lasts.
    const started = this.session.connect({microphone: true});
    try {
      await import("../elements/voice-mode-panel.js");
    } catch (error) {
      // Nobody shall be heard without seeing it.
      await this.session.disconnect();
      this._thread.notice(sentenceFor({code: "network", detail: ""}));
      return;
    }
    this._panel.open();
    this._button.hidden = true;
    await started;
  }

  /** What it costs so far, where somebody is charged. @param {import("../voice/vocabulary.js").Usage} usage */
  _showCost({cost}) {
    this._panel.cost = isCharged(this.session.state.provider) ? cost : null;
  }

  /** @param {import("../voice/vocabulary.js").Line} line @param {string} before */
  _place(line, before) {
    part(this._root, "captions-none").hidden = true;
    this._thread.place(line, before);
  }

  /** @param {import("../voice/session-state.js").SessionState} state */
  _onState(state) {
    this._thread.sound(state.playing);
    if (state.microphone && !this._isHeard) {
      this._onAllowed();
    }
    this._isHeard = state.microphone;
  }

  /** @param {import("../voice/vocabulary.js").Trouble} trouble */
  _onProblem(trouble) {
    // The panel says why voice ended; below it need not stand again.
    if (this.session.status !== Status.ENDED || this._panel.hidden) {
      part(this._root, "captions-none").hidden = true;
      this._thread.notice(sentenceFor(trouble, this.session.state));
    }
  }
}
