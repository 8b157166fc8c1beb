/** Connection states and sound figures of a session in the browser's console; never a word, a sound or an id. */

import {isDebugging} from "../lib/debug-switch.js";
import {SessionEvent, Status} from "./vocabulary.js";

/** While a session is live its figures are written this often, ms. */
const EVERY_MS = 5000;

/** What of a state may be written: names of states, yes and no, and how often. */
const STATES = ["status", "microphone", "muted", "userSpeaking", "awaiting", "away", "offRecord", "attempt", "turnDetection", "talking", "suspended", "quality"];

/** @typedef {EventTarget & {state: any, phase: string, status: string, figures?: Record<string, unknown>}} Session */

/** @param {unknown} value @returns {boolean} numbers, yes and no: neither words nor ids */
const isFigure = (value) => typeof value === "number" || typeof value === "boolean";

/** A code is one word of ours; anything longer may be somebody's. @param {unknown} code */
const asCode = (code) => (typeof code === "string" && /^[a-z_]{1,40}$/.test(code) ? code : "other");

/** What of a state may be told. @param {any} state @param {string} phase */
export const stateForLog = (state, phase) => {
  /** @type {Record<string, unknown>} */
  const told = {phase};
  for (const name of STATES) {
    told[name] = state[name];
  }
  told.responding = Boolean(state.response);
  told.playing = Boolean(state.playing);
  told.end = state.end ? {reason: asCode(state.end.reason), code: asCode(state.end.code), retryable: state.end.retryable === true} : null;
  return told;
};

/** The numbers among the figures. @param {Record<string, unknown>} [figures] */
export const figuresForLog = (figures = {}) => Object.fromEntries(Object.entries(figures).filter(([, value]) => isFigure(value)));

export class DebugLog {
  /**
   * @param {object} [means]
   * @param {(topic: string, told: unknown) => void} [means.write]
   * @param {() => number} [means.now] milliseconds
   */
  constructor({write = toConsole, now = () => performance.now()} = {}) {
    this._write = write;
    this._now = now;
    this._began = now();
    /** @type {Session | null} */
    this._session = null;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this._timer = undefined;
    this._last = "";
    /** @type {Record<string, (event: Event) => void>} */
    this._heard = {
      [SessionEvent.STATE]: () => this._tellState(),
      [SessionEvent.PROBLEM]: (event) => this._tell("problem", {code: asCode(detailOf(event).code)}),
      [SessionEvent.HINT]: (event) => this._tell("hint", {code: asCode(detailOf(event).code)}),
      [SessionEvent.LINE]: (event) => this._tellLine(detailOf(event).line),
    };
  }

  /** Write about this session from now on. @param {Session} session */
  attach(session) {
    this.detach();
    this._session = session;
    Object.entries(this._heard).forEach(([type, hear]) => session.addEventListener(type, hear));
    this._tellState();
  }

  detach() {
    clearInterval(this._timer);
    this._timer = undefined;
    const session = this._session;
    if (session) {
      Object.entries(this._heard).forEach(([type, hear]) => session.removeEventListener(type, hear));
      this._session = null;
    }
  }

  _tellState() {
    const session = /** @type {Session} */ (this._session);
    const told = stateForLog(session.state, session.phase);
    const isLive = session.status !== Status.IDLE && session.status !== Status.ENDED;
    if (isLive && this._timer === undefined) {
      this._timer = setInterval(() => this._tellFigures(), EVERY_MS);
    } else if (!isLive && this._timer !== undefined) {
      clearInterval(this._timer);
      this._timer = undefined;
      this._tellFigures();
    }
    if (JSON.stringify(told) !== this._last) {
      this._last = JSON.stringify(told);
      this._tell("state", told);
    }
  }

  _tellFigures() {
    this._tell("figures", figuresForLog(this._session ? this._session.figures : {}));
  }

  /** How far a line has come, without a letter of it. @param {any} line */
  _tellLine(line) {
    this._tell("line", {role: asCode(line.role), modality: asCode(line.modality), status: asCode(line.status)});
  }

  /** @param {string} topic @param {Record<string, unknown>} told */
  _tell(topic, told) {
    this._write(topic, {at: Math.round(this._now() - this._began), ...told});
  }
}

/** @param {Event} event @returns {any} */
const detailOf = (event) => /** @type {CustomEvent} */ (event).detail || {};

/** As one line of text: consoles that are saved or copied keep no objects. @param {string} topic @param {unknown} told */
const toConsole = (topic, told) => {
  console.info(`[voiceassist] ${topic} ${JSON.stringify(told)}`);
};

/** A log attached to this session; null when this browser's switch is off. @param {Session} session */
export const debugLogFor = (session) => {
  if (!isDebugging()) {
    return null;
  }
  const log = new DebugLog();
  log.attach(session);
  return log;
};
