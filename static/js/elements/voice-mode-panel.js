/** The row that voice mode adds to the dock: state in words, time, cost, waveform, controls, and what has to be told. */

import {takeEarlyProperties} from "../lib/late-properties.js";
import {part} from "../lib/part.js";
import {Hint, Phase, Request, SessionEvent, Status, TurnDetection} from "../voice/vocabulary.js";
import {PanelFace} from "./panel-face.js";
import {PanelKeys} from "./panel-keys.js";
import {Announcements, hintFor} from "./panel-words.js";
import "./session-rating.js";
import "./talk-button.js";
import "./voice-hint.js";
import "./voice-options.js";
import "./voice-waveform.js";

/** @typedef {import("../lib/device-choices.js").DeviceChoices} DeviceChoices */
/** @typedef {import("./session-rating.js").SessionRating} SessionRating */
/** @typedef {import("./talk-button.js").TalkButton} TalkButton */
/** @typedef {import("./voice-hint.js").VoiceHint} VoiceHint */
/** @typedef {import("./voice-options.js").VoiceOptions} VoiceOptions */
/** @typedef {import("./voice-waveform.js").VoiceWaveform} VoiceWaveform */

/** @typedef {EventTarget & {phase: string, status: string, muted: boolean, state: any, levels: any}} Session */

/** Turn taking that every server offers. */
const ALWAYS_OFFERED = [TurnDetection.SERVER_VAD, TurnDetection.PUSH_TO_TALK];

/**
 * Shows the `session` it is given and asks the page for everything by the events of `Request`; forwards every line as
 * `va-voice-transcript`. `devices` are the choices one can change in it, `cost` is what was spent so far, or null.
 * @attr conversation-id the conversation that is spoken in; empty for a new one
 * @attr turn-detections kinds of turn taking this server offers, separated by spaces
 * @attr phase what is going on, for styles
 * @attr turn-taking the kind in use, for styles
 * @attr options-open for styles
 */
export class VoiceModePanel extends HTMLElement {
  constructor() {
    super();
    /** @type {Session | null} */
    this._session = null;
    /** @type {DeviceChoices | null} */
    this._devices = null;
    /** @type {{amount: number, currency: string} | null} */
    this._cost = null;
    this._began = 0;
    this._wasLive = false;
    this._wasSuspended = false;
    this._timer = 0;
    this._face = new PanelFace(this);
    this._announcements = new Announcements();
    this._onChange = () => this._keepFocus(() => this._show());
    this._keys = new PanelKeys({
      space: () => this._space(),
      spaceReleased: () => this._talk.release("space"),
      escape: () => this._escape(),
    });
    this._heard = {
      [SessionEvent.STATE]: this._onChange,
      [SessionEvent.LINE]: (/** @type {Event} */ event) => this._ask(Request.VOICE_TRANSCRIPT, detailOf(event).line),
      [SessionEvent.HINT]: (/** @type {Event} */ event) => this._keepFocus(() => this._tellHint(detailOf(event).code)),
    };
  }

  connectedCallback() {
    if (!this._isWired) {
      this._isWired = true;
      this._wire();
    }
    takeEarlyProperties(this, ["session", "devices", "cost"]);
  }

  disconnectedCallback() {
    this._rest();
    this._keys.rest();
    this.session = null;
    this.devices = null;
  }

  _wire() {
    const presses = {
      mute: () => this._askMute(!(this._session && this._session.muted)),
      end: () => this._ask(Request.VOICE_CLOSE),
      again: () => this._ask(Request.VOICE_START),
      stop: () => this._ask(Request.VOICE_INTERRUPT),
      resume: () => this._ask(Request.VOICE_RESUME),
      "options-button": () => (this._options.isOpen ? this._options.close() : this._openOptions()),
    };
    Object.entries(presses).forEach(([name, act]) => part(this, name).addEventListener("click", act));
    this._options.addEventListener("options-toggled", () => this.toggleAttribute("options-open", this._options.isOpen));
    this._hint.addEventListener("hint-gone", (event) => this._takeFocus(detailOf(event).hadFocus));
    this.addEventListener(Request.VOICE_TURN_DETECTION, (event) => this._takeTurns(detailOf(event).turnDetection));
  }

  get session() {
    return this._session;
  }

  /** The session to show. */
  set session(session) {
    const old = this._session;
    this._session = session;
    Object.entries(this._heard).forEach(([type, listener]) => {
      if (old) {
        old.removeEventListener(type, listener);
      }
      if (session) {
        session.addEventListener(type, listener);
      }
    });
    if (session) {
      this._waveform.levels = () => session.levels;
      this._show();
    }
  }

  get devices() {
    return this._devices;
  }

  /** The choices of this browser. */
  set devices(devices) {
    if (this._devices) {
      this._devices.removeEventListener("change", this._onChange);
    }
    this._devices = devices;
    if (devices) {
      devices.addEventListener("change", this._onChange);
      this._show();
    }
  }

  get cost() {
    return this._cost;
  }

  /** What the sessions of this page have cost so far; null where that is not known. */
  set cost(cost) {
    this._cost = cost;
    this._show();
  }

  /** Milliseconds since voice mode was opened. */
  get elapsed() {
    return this._began ? performance.now() - this._began : 0;
  }

  open() {
    this.hidden = false;
    this._began = performance.now();
    this._wasLive = false;
    this._announcements = new Announcements();
    /** @type {SessionRating} */ (this.querySelector("session-rating")).clear();
    clearInterval(this._timer);
    this._timer = window.setInterval(() => this._face.tellTime(this.elapsed), 1000);
    this._waveform.start();
    this._keys.listen();
    this._face.tellTime(this.elapsed);
    this._show();
    // The button that was pressed is gone; from here Space and Escape do what the help says. Where the page is too low
    // for the dock, this brings the panel into sight.
    this.focus();
  }

  close() {
    this._rest();
    this._keys.rest();
    this.hidden = true;
    this._began = 0;
  }

  /** Nothing moves, ticks or is held any more. */
  _rest() {
    clearInterval(this._timer);
    this._waveform.stop();
    this._talk.releaseAll();
    this._options.close();
    this._hint.clear();
  }

  _show() {
    if (this.hidden || !this._session) {
      return;
    }
    const {phase, muted, status, state} = this._session;
    const ended = status === Status.ENDED || status === Status.IDLE;
    this._wasLive = this._wasLive || status === Status.CONNECTED;
    const echoSafe = this._devices !== null && this._devices.current.echoSafe;
    const now = {state, muted, echoSafe, wasLive: this._wasLive, cost: this._cost};
    this._face.show({...now, phase: ended ? Phase.ENDED : phase});
    this._options.show(state);
    this._announce(this._announcements.next(phase));
    if (state.suspended !== this._wasSuspended) {
      this._wasSuspended = state.suspended;
      this._announce(state.suspended ? part(this, "resume").textContent : null);
    }
    // A button that cannot be pressed does not hear that it is let go either.
    if (!state.microphone || state.turnDetection !== TurnDetection.PUSH_TO_TALK) {
      this._talk.releaseAll();
    }
    if (ended) {
      this._rest();
    }
  }

  /** For whoever does not see it: in a region that is always there. @param {string | null} words null: nothing new */
  _announce(words) {
    if (words) {
      part(this, "voice-announcer").textContent = words;
    }
  }

  /** @param {string} code one of Hint */
  _tellHint(code) {
    if (code === Hint.HELD_TOO_SHORT) {
      this._talk.advise(hintFor(code));
    } else {
      this._hint.tell(code, this._devices);
    }
    this._announce(hintFor(code));
  }

  /** Do what may take a control away; whoever was on it stays in the panel. @param {() => void} act */
  _keepFocus(act) {
    // A control that is hidden may have lost the focus before anybody can look.
    const hadFocus = this.contains(document.activeElement);
    act();
    this._takeFocus(hadFocus);
  }

  /** @param {boolean} hadFocus */
  _takeFocus(hadFocus) {
    const focused = document.activeElement;
    const isNowhere = !focused || focused === document.body || focused.closest("[hidden], :disabled") !== null;
    if (hadFocus && isNowhere && !this.hidden) {
      this.focus({preventScroll: true});
    }
  }

  _openOptions() {
    const offered = (this.getAttribute("turn-detections") || "").split(" ");
    this._options.open(part(this, "options-button"), this._devices, [...ALWAYS_OFFERED, ...offered]);
    this._show();
  }

  _space() {
    if (!this._session || !this._session.state.microphone) {
      return;
    }
    if (this._session.state.turnDetection === TurnDetection.PUSH_TO_TALK) {
      this._talk.hold("space");
    } else {
      this._askMute(!this._session.muted);
    }
  }

  _escape() {
    if (this._options.isOpen) {
      this._options.close();
    } else {
      this._ask(Request.VOICE_CLOSE);
    }
  }

  /** @param {boolean} muted */
  _askMute(muted) {
    this._ask(Request.VOICE_MUTE, {muted});
  }

  /** The mute button is not there while one holds to talk, so nobody may be left muted. @param {string} turnDetection */
  _takeTurns(turnDetection) {
    if (turnDetection === TurnDetection.PUSH_TO_TALK && this._session && this._session.muted) {
      this._askMute(false);
    }
  }

  get _waveform() {
    return /** @type {VoiceWaveform} */ (part(this, "waveform"));
  }

  get _talk() {
    return /** @type {TalkButton} */ (part(this, "talk-bar"));
  }

  get _options() {
    return /** @type {VoiceOptions} */ (part(this, "options"));
  }

  get _hint() {
    return /** @type {VoiceHint} */ (part(this, "hint"));
  }

  /** @param {string} type @param {any} [detail] */
  _ask(type, detail) {
    this.dispatchEvent(new CustomEvent(type, {bubbles: true, detail}));
  }
}

/** @param {Event} event */
const detailOf = (event) => /** @type {CustomEvent} */ (event).detail;

customElements.define("voice-mode-panel", VoiceModePanel);
