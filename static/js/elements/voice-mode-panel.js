/** The row that voice mode adds to the dock: state in words, time, waveform, mute, help, end. */

import {duration} from "../lib/clock.js";
import {part} from "../lib/part.js";
import {Phase, Request, SessionEvent, Status} from "../voice/vocabulary.js";
import {sentenceFor, wordFor} from "./sentences.js";
import "./voice-waveform.js";

/** @typedef {import("./voice-waveform.js").VoiceWaveform} VoiceWaveform */

/** @typedef {EventTarget & {phase: string, status: string, muted: boolean, state: any, levels: any, player: any}} Session */

/** What has keys of its own: Space there belongs to it. */
const TAKES_KEYS = "input, textarea, select, button, a, summary, [contenteditable]";

/**
 * Shows the `session` it is given and asks the page by `va-voice-mute`, `va-voice-close` and `va-voice-start`;
 * forwards every line as `va-voice-transcript`. Space mutes and Escape ends, never stolen from a field or button.
 * @attr conversation-id the conversation that is spoken in; empty for a new one
 * @attr phase what is going on, for styles
 */
export class VoiceModePanel extends HTMLElement {
  constructor() {
    super();
    /** @type {Session | null} */
    this._session = null;
    this._began = 0;
    this._wasLive = false;
    this._timer = 0;
    this._onState = () => this._show();
    this._onLine = (/** @type {Event} */ event) =>
      this._ask(Request.VOICE_TRANSCRIPT, /** @type {CustomEvent} */ (event).detail.line);
    this._onKey = (/** @type {KeyboardEvent} */ event) => this._key(event);
  }

  connectedCallback() {
    part(this, "mute").addEventListener("click", () => this._askMute());
    part(this, "end").addEventListener("click", () => this._ask(Request.VOICE_CLOSE));
    part(this, "again").addEventListener("click", () => this._ask(Request.VOICE_START));
    const help = part(this, "help");
    part(this, "help-button").addEventListener("click", (event) => {
      help.hidden = !help.hidden;
      /** @type {HTMLElement} */ (event.currentTarget).setAttribute("aria-expanded", String(!help.hidden));
    });
    document.addEventListener("keydown", this._onKey);
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this._onKey);
    this.session = null;
  }

  get session() {
    return this._session;
  }

  /** The session to show. */
  set session(session) {
    if (this._session) {
      this._session.removeEventListener(SessionEvent.STATE, this._onState);
      this._session.removeEventListener(SessionEvent.LINE, this._onLine);
    }
    this._session = session;
    if (session) {
      session.addEventListener(SessionEvent.STATE, this._onState);
      session.addEventListener(SessionEvent.LINE, this._onLine);
      this._waveform().levels = () => session.levels;
    }
  }

  /** Milliseconds since voice mode was opened. */
  get elapsed() {
    return this._began ? performance.now() - this._began : 0;
  }

  open() {
    this.hidden = false;
    this._began = performance.now();
    this._wasLive = false;
    clearInterval(this._timer);
    this._timer = window.setInterval(() => this._tellTime(), 1000);
    this._waveform().start();
    this._tellTime();
    this._show();
    // The button that was pressed is gone; from here Space and Escape do what the help says.
    this.focus({preventScroll: true});
  }

  close() {
    this.hidden = true;
    this._rest();
    this._began = 0;
  }

  _rest() {
    clearInterval(this._timer);
    this._waveform().stop();
  }

  _show() {
    if (this.hidden || !this._session) {
      return;
    }
    const {phase, muted, status, state} = this._session;
    this.setAttribute("phase", phase);
    const ended = status === Status.ENDED || status === Status.IDLE;
    this._wasLive = this._wasLive || status === Status.CONNECTED;
    part(this, "record").hidden = !state.offRecord;
    write(part(this, "state"), ended && !this._wasLive ? "Not started" : wordFor(ended ? Phase.ENDED : phase));
    const mute = /** @type {HTMLButtonElement} */ (part(this, "mute"));
    mute.setAttribute("aria-pressed", String(muted));
    mute.disabled = !state.microphone;
    const reason = part(this, "reason");
    reason.hidden = !(ended && state.end);
    write(reason, ended && state.end ? sentenceFor(state.end, state) : "");
    part(this, "again").hidden = !(ended && state.end && state.end.retryable);
    part(this, "live").hidden = ended;
    if (ended) {
      this._rest();
    }
  }

  _tellTime() {
    write(part(this, "time"), duration(this.elapsed));
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    if (this.hidden || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) {
      return;
    }
    const target = /** @type {Element} */ (event.target);
    if (event.key === "Escape") {
      this._ask(Request.VOICE_CLOSE);
    } else if (event.key === " " && !event.repeat && !target.closest(TAKES_KEYS)) {
      event.preventDefault();
      this._askMute();
    }
  }

  _askMute() {
    if (this._session && this._session.state.microphone) {
      this._ask(Request.VOICE_MUTE, {muted: !this._session.muted});
    }
  }

  _waveform() {
    return /** @type {VoiceWaveform} */ (part(this, "waveform"));
  }

  /** @param {string} type @param {any} [detail] */
  _ask(type, detail) {
    this.dispatchEvent(new CustomEvent(type, {bubbles: true, detail}));
  }
}

/** @param {HTMLElement} element @param {string} text */
const write = (element, text) => {
  if (element.textContent !== text) {
    element.textContent = text;
  }
};

customElements.define("voice-mode-panel", VoiceModePanel);
