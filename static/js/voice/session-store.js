/** What a session knows and has said, and how it tells: state, lines, the last failure. Touches no socket and no sound. */

import {initialState, phaseOf, reduce} from "./session-state.js";
import {TranscriptLog} from "./transcript-log.js";
import {SessionEvent, Status} from "./vocabulary.js";

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
    return this.isConnected;
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
    if (this._state.status !== before.status && this._callbacks.onConnectionChange) {
      this._callbacks.onConnectionChange(this._state.status);
    }
    this._announce(SessionEvent.STATE, this._state);
  }

  /** @param {import("./transcript-log.js").LineChange[]} changes */
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
