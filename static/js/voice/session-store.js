/** What a session knows and has said, and how it tells: state, lines, the last failure. Touches no socket and no sound. */

import {initialState, phaseOf, reduce} from "./session-state.js";
import {TranscriptLog} from "./transcript/transcript-log.js";
import {UsageTally} from "./usage-tally.js";
import {Local, SessionEvent, Status} from "./vocabulary.js";

/** The assistant may be out of reach for so long before anybody is told: most absences are over by then. */
const UNNOTICED_MS = 1000;

/** @typedef {import("./vocabulary.js").Line} Line */

/**
 * @typedef {object} StoreOptions
 * @property {string | null} [conversationId] null for a new conversation
 * @property {(line: Line) => void} [onTranscript]
 * @property {(error: import("./vocabulary.js").Trouble) => void} [onError]
 * @property {(status: string) => void} [onConnectionChange]
 */

/** Read from outside, written to by the session that extends it; every change is told as an event of `SessionEvent`. */
export class SessionStore extends EventTarget {
  /** @param {StoreOptions} options */
  constructor(options) {
    super();
    this._callbacks = options;
    this._state = initialState(options.conversationId || "");
    this._log = new TranscriptLog();
    this._tally = new UsageTally();
    /** Whether the server has said that it keeps nothing of this session. */
    this._keepsNothing = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this._absence = undefined;
    /** @type {import("./vocabulary.js").Trouble | null} */
    this._error = null;
    /** @type {Line | null} */
    this._transcript = null;
  }

  /** One of Status. */
  get status() {
    return this._state.status;
  }

  /** The last failure, until the next connect. */
  get error() {
    return this._error;
  }

  /** The line that changed last. */
  get transcript() {
    return this._transcript;
  }

  /** Whether the person is heard speaking. */
  get isSpeaking() {
    return this._state.userSpeaking;
  }

  get isConnected() {
    return this.status === Status.CONNECTED;
  }

  get isConnecting() {
    return this.status === Status.CONNECTING;
  }

  /** Whether `sendMessage` reaches the assistant at once; before that, messages wait for the session. */
  get canSend() {
    return this.isConnected && this._isAgreed;
  }

  /** Off the record nothing is sent before the server has agreed to keep nothing. */
  get _isAgreed() {
    return this._keepsNothing || !this.offRecord;
  }

  /** Whether what is said from now on is kept nowhere. */
  get offRecord() {
    return this._state.offRecord;
  }

  /** What this page's sessions have used so far. */
  get usage() {
    return this._tally.total;
  }

  /** @returns {import("./session-state.js").SessionState} */
  get state() {
    return this._state;
  }

  /** One of Phase: what is going on, for people. */
  get phase() {
    return phaseOf(this._state);
  }

  /** All lines of this page's sessions, in spoken order. */
  get lines() {
    return this._log.lines;
  }

  /** @param {{type: string, [field: string]: any}} event */
  _act(event) {
    const before = this._state;
    this._state = reduce(before, event);
    if (this._state === before) {
      return;
    }
    if (this._state.status !== before.status) {
      this._timeAbsence();
      if (this._callbacks.onConnectionChange) {
        this._callbacks.onConnectionChange(this._state.status);
      }
    }
    this._announce(SessionEvent.STATE, this._state);
  }

  _timeAbsence() {
    clearTimeout(this._absence);
    if (this.status === Status.RECONNECTING) {
      this._absence = setTimeout(() => this._act({type: Local.AWAY}), UNNOTICED_MS);
    }
  }

  /** @param {import("./transcript/transcript-log.js").LineChange[]} changes */
  _tell(changes) {
    for (const change of changes) {
      if (change.kind === "placed") {
        this._transcript = change.line;
        if (this._callbacks.onTranscript) {
          this._callbacks.onTranscript(change.line);
        }
      }
      this._announce(change.kind === "placed" ? SessionEvent.LINE : SessionEvent.LINE_REMOVED, change);
    }
  }

  /** Let go of what was said off the record: whoever looks at the page next shall not find it. */
  forgetOffRecord() {
    this._tell(this._log.forget());
  }

  /** @param {string} type @param {any} detail */
  _announce(type, detail) {
    this.dispatchEvent(new CustomEvent(type, {detail}));
  }

  /** @param {import("./vocabulary.js").Trouble} trouble */
  _fail(trouble) {
    this._error = trouble;
    if (this._callbacks.onError) {
      this._callbacks.onError(trouble);
    }
    this._announce(SessionEvent.PROBLEM, trouble);
  }
}
