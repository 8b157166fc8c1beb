/** A session and its socket: asked for, opened, watched and left. */

import {AudibleSession} from "./audible-session.js";
import {endOfClose} from "./connection/closing.js";
import {ConnectionWatch} from "./connection/connection-watch.js";
import {LastingWire} from "./connection/lasting-wire.js";
import {troubleOf} from "./problem.js";
import {TypedTurns} from "./typed-turns.js";
import {Local, Status} from "./vocabulary.js";
import {Wire} from "./connection/wire.js";

/**
 * @typedef {object} SessionWish what is asked of a session; what is left out is as the person has set it
 * @property {string | null} [conversation_id]
 * @property {string} [resume_session_id] one that was lost
 * @property {false} [save]
 * @property {string} [turn_detection]
 */

/**
 * @typedef {object} ConnectionOptions
 * @property {(request: SessionWish) => Promise<any>} createSession fetches a session's configuration
 * @property {(config: any, listener: import("./connection/wire.js").WireListener) => Wire} [openWire]
 */

/** @typedef {import("./session-store.js").StoreOptions} StoreOptions */
/** @typedef {import("./replayable-session.js").DeviceOptions} DeviceOptions */
/** @typedef {import("./audible-session.js").VoiceOptions} VoiceOptions */
/** @typedef {StoreOptions & DeviceOptions & VoiceOptions & ConnectionOptions} SessionOptions */

/** @typedef {import("./vocabulary.js").Trouble & {reason: string, retryAfter?: number}} End `retryAfter` in seconds */

/** The code of a connection that broke, for one that is as good as broken. */
const SILENT = 1006;

/** @type {End} */
const LEFT = Object.freeze({reason: "client", code: "client", detail: "", retryable: true});

/** Knows when there is a socket. What goes through it is up to the session that extends it. */
export class ConnectedSession extends AudibleSession {
  /** @param {SessionOptions} options */
  constructor(options) {
    super(options);
    this._options = options;
    this._openWire = options.openWire || ((config, listener) => new Wire(config, listener));
    /** @type {LastingWire | null} */
    this._wire = null;
    /** Raised by everything that opens or leaves a socket: what an older one still awaits is then void. */
    this._attempt = 0;
    this._typed = new TypedTurns();
    this._sessionConfig = null;
    /** A session that was asked for, and whose ticket no server has seen yet. @type {any} */
    this._unused = null;
    /** Only the player is open: somebody listens who does not speak. */
    this._soundOnly = false;
    this._wishedDetection = "";
    this._past = {framesSent: 0, framesReceived: 0, reconnects: 0};
    this._watch = new ConnectionWatch({
      send: (event) => this._wire && this._wire.ping(event),
      waiting: () => (this._wire && this._wire.waiting) || 0,
      onQuality: (quality) => this._act({type: Local.QUALITY, quality}),
      onGone: () => this._closed(SILENT),
    });
  }

  /** What `createSession` answered. @returns {any} */
  get sessionConfig() {
    return this._sessionConfig;
  }

  /**
   * Open the session; with `microphone: false` for typing only, and with `sound` too for listening without speaking.
   * Never rejects: `status` and `error` tell.
   * @param {{microphone?: boolean, sound?: boolean}} [wishes]
   */
  async connect({microphone = true, sound = false} = {}) {
    if (this._isLive) {
      return microphone ? this.startMicrophone() : undefined;
    }
    this._soundOnly = sound && !microphone;
    return this._open(microphone || sound);
  }

  get _isLive() {
    return this.status !== Status.IDLE && this.status !== Status.ENDED;
  }

  /** @param {boolean} audible */
  async _open(audible) {
    const attempt = this._beginAttempt();
    this._unused = null;
    const listens = !this._soundOnly || this._state.microphone;
    this._error = null;
    this._act({type: Local.CONNECTING});
    // Before the first await: only inside the person's gesture may audio start.
    const voice = audible ? this._hear({microphone: listens}) : Promise.resolve();
    this._awaited = this._voice;
    try {
      await this._dial(attempt, voice);
    } catch (error) {
      if (attempt === this._attempt) {
        this._over({...troubleOf(error), reason: troubleOf(error).code});
      }
    } finally {
      this._awaited = attempt === this._attempt ? null : this._awaited;
    }
  }

  /** Ask for a session and open its socket. @param {number} attempt @param {Promise<void>} [voice] */
  async _dial(attempt, voice) {
    if (!this._wire) {
      this._beginSession();
    }
    const [config] = await Promise.all([this._unused || this._options.createSession(this._request()), voice]);
    if (attempt === this._attempt) {
      this._sessionConfig = config;
      this._unused = config;
      if (!this._wire) {
        this._adopt(config);
        this._wire = new LastingWire();
      }
      this._wire.use(this._openWire(config, this._listener(attempt)));
    }
  }

  /** Nothing of an earlier session counts for the next one. */
  _beginSession() {
    this._keepsNothing = false;
    this._audioItem = "";
    this._beginLife();
    this._tally.begin();
  }

  /** @param {any} config of the session that begins */
  _adopt(config) {
    this._act({type: "voiceassist.session", ...config});
    this._configured(config);
  }

  /** @returns {SessionWish} */
  _request() {
    /** @type {SessionWish} */
    const request = {conversation_id: this._state.conversationId || null};
    if (this.offRecord) {
      request.save = false;
    }
    if (this._wishedDetection) {
      request.turn_detection = this._wishedDetection;
    }
    return request;
  }

  /** @param {number} attempt @returns {import("./connection/wire.js").WireListener} */
  _listener(attempt) {
    const current = () => attempt === this._attempt;
    return {
      onOpen: () => current() && this._opened(),
      onEvent: (event) => current() && this._came(() => this._take(event)),
      onAudio: (pcm) => current() && this._came(() => this._takeAudio(pcm)),
      onClosed: ({code}) => current() && this._closed(code),
    };
  }

  /** Every frame is a sign of life. @param {() => void} act */
  _came(act) {
    this._watch.alive();
    act();
  }

  /** The socket is open, and nothing was said on it. */
  _opened() {
    this._unused = null;
  }

  /** @param {any} event */
  _take(event) {
    this._on(event);
    if (this._wire) {
      this._wire.took(event);
    }
  }

  /** @param {ArrayBuffer} pcm */
  _takeAudio(pcm) {
    const fresh = this._wire ? this._wire.takeAudio(this._audioItem, pcm) : pcm;
    if (fresh.byteLength > 0) {
      this._onAudio(fresh);
    }
  }

  /** From now on only this attempt counts. */
  _beginAttempt() {
    this._attempt += 1;
    return this._attempt;
  }

  // --- the end -----------------------------------------------------------------------------------------------------

  /** End the session: playback stops, what was heard is told, the socket closes. */
  async disconnect() {
    // Without waiting for anything: whoever connects again right away begins another session.
    this.leave();
  }

  /** The page is about to be gone: the same as `disconnect`, in one breath. */
  leave() {
    if (this._isLive) {
      this._over(LEFT);
    }
  }

  /** @param {End} end */
  _over(end) {
    this._beginAttempt();
    this._awaited = null;
    const untaken = this._wire ? this._wire.untaken : [];
    this._cutShort();
    // The socket first: what a voice leaves unfinished is of no use to a session that is over.
    this._leaveWire();
    this._hush();
    this._typed.stop({keep: end.reason !== "client" && end.retryable, untaken});
    this._audioItem = "";
    this._keepsNothing = false;
    this._tell([...this._log.unsent(), ...this._log.settle()]);
    this._act({type: Local.ENDED, end});
    if (end.reason !== "client") {
      this._fail(end);
    }
  }

  /** Tell a socket what was heard, then close it. @param {LastingWire | null} wire */
  async _leave(wire) {
    if (wire) {
      if (this.player) {
        await this._cutOff(wire);
      }
      this._countFrames(wire);
      wire.close();
    }
  }

  /** The wire, which is ours no longer. */
  _takeWire() {
    const wire = this._wire;
    this._wire = null;
    return wire;
  }

  _leaveWire() {
    const wire = this._takeWire();
    if (wire) {
      this._countFrames(wire);
      wire.close();
    }
  }

  /** @param {LastingWire} wire that is left */
  _countFrames(wire) {
    this._past.framesSent += wire.framesSent;
    this._past.framesReceived += wire.framesReceived;
  }

  /**
   * How the connection and the sound do, for the voice test and the log: no words in it.
   * @returns {Record<string, number | null>} milliseconds, frames and bytes
   */
  get figures() {
    const wire = this._wire;
    return {
      ...this._watch.figures,
      framesSent: this._past.framesSent + (wire ? wire.framesSent : 0),
      framesReceived: this._past.framesReceived + (wire ? wire.framesReceived : 0),
      bytesWaiting: wire ? wire.waiting : 0,
      reconnects: this._past.reconnects,
      ...(this._voice ? this._voice.figures : {}),
    };
  }

  /**
   * @param {{type: string, [field: string]: any}} event
   * @override
   */
  _act(event) {
    super._act(event);
    // The watch is made last of all; nothing is connected before.
    if (this._watch) {
      const isGreeted = this.isConnected || (this.status === Status.RECONNECTING && this._state.attempt === 0);
      this._watch.on = isGreeted && this._voice !== null;
    }
  }

  /** @param {number} code with which the socket was closed from the other side */
  _closed(code) {
    this._over(this._state.end || endOfClose(code));
  }

  /** @param {any} _event */
  _on(_event) {}

  /** @param {any} _config */
  _configured(_config) {}

  /** @param {{type: string, [field: string]: any}} event */
  _send(event) {
    if (this._wire) {
      this._wire.send(event);
    }
  }
}
