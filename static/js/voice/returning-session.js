/** What becomes of a conversation whose socket is lost, turned away or to be another one: it is gone on with, or taken up. */

import {comesBack, endOfClose, wasTurnedAway} from "./connection/closing.js";
import {ConnectedSession} from "./connected-session.js";
import {OwnTraces} from "./connection/own-traces.js";
import {troubleOf} from "./problem.js";
import {FIRST_PATIENCE_MS, Reconnection} from "./connection/reconnection.js";
import {Local} from "./vocabulary.js";
import {untakenSound} from "./connection/untaken-sound.js";

/** @typedef {import("./connected-session.js").End} End */
/** @typedef {import("./connection/lasting-wire.js").LastingWire} LastingWire */
/** @typedef {import("./connected-session.js").SessionOptions & {reconnection?: Reconnection}} ReturningOptions */

/** A try that has led to no session by then is given up for the next one. A server may need ten seconds for its provider. */
const TRY_MS = 20000;

/** A session that was come back to and is lost sooner than this was not there: the pauses grow on, up to the patience. */
const LASTING_MS = 3000;

/** It ended meanwhile, or whoever asks is somebody else by now. */
const NOT_THERE = new Set([404, 409]);

/** @type {End} */
const LOST = Object.freeze({reason: "connection_lost", code: "connection_lost", detail: "", retryable: true});

/** @type {End} */
const TURNED_AWAY = Object.freeze({reason: "turned_away", code: "turned_away", detail: "", retryable: true});

/**
 * The session itself is asked for first: a server that still has it goes on as if nothing had been. Else another one
 * begins on the same conversation. Until that is known everything stays as it is: lines, what is being said, the answer
 * that sounds. What is said and typed meanwhile reaches whichever it is.
 */
export class ReturningSession extends ConnectedSession {
  /** @param {ReturningOptions} options */
  constructor(options) {
    super(options);
    this._reconnection = options.reconnection || new Reconnection();
    this._traces = new OwnTraces(() => this._reconnection.now());
    /** A session was there, so one that is lost is to be had again. */
    this._wasThere = false;
    this._isReturning = false;
    /** When the session was come back to, by the clock of the reconnection. */
    this._returnedAt = -Infinity;
    /** The first socket was turned away, and is tried for again. */
    this._isKnocking = false;
    /** The session that was lost and may be had again; else empty. */
    this._lostId = "";
    /** Somebody has the place of the lost session, perhaps this page: then only that session is come back to. @type {End | null} */
    this._contested = null;
    /** A refused ticket was replaced by a fresh one already. */
    this._isRenewed = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this._trying = undefined;
  }

  /**
   * Whoever asks again does not want to wait for the next try.
   * @param {{microphone?: boolean, sound?: boolean}} [wishes]
   * @override
   */
  async connect(wishes) {
    this._reconnection.hurry();
    return super.connect(wishes);
  }

  /** @override */
  _beginAttempt() {
    this._reconnection.cancel();
    clearTimeout(this._trying);
    return super._beginAttempt();
  }

  /** The session is there, for the first time or again. */
  _greeted() {
    clearTimeout(this._trying);
    const isReturn = this._isReturning;
    this._past.reconnects += isReturn ? 1 : 0;
    this._forgetReturn();
    this._returnedAt = isReturn ? this._reconnection.now() : -Infinity;
    this._wasThere = true;
    if (this._wire) {
      this._wire.hasSession = true;
    }
  }

  _forgetReturn() {
    this._isReturning = false;
    this._returnedAt = -Infinity;
    this._isKnocking = false;
    this._unused = null;
    this._isRenewed = false;
    this._lostId = "";
    this._contested = null;
  }

  /** @override */
  _request() {
    return this._lostId ? {resume_session_id: this._lostId} : super._request();
  }

  /**
   * The first thing said on a socket: what this side has of the session that was lost, if it can still be gone on with.
   * @override
   */
  _opened() {
    super._opened();
    if (this._wire && this._wire.hasSession) {
      this._traces.asked();
      this._wire.askToResume();
    }
  }

  /**
   * @param {any} event
   * @override
   */
  _take(event) {
    const wire = this._isReturning && this._wire && this._wire.hasSession ? this._wire : null;
    if (wire && event.type === "session.created") {
      this._beginAfresh(wire);
    } else if (wire && event.type === "voiceassist.resumed" && !wire.resend(event.frames)) {
      this._giveUpSession();
      return;
    }
    super._take(event);
  }

  /** @param {number} code @override */
  _closed(code) {
    const end = this._state.end || endOfClose(code);
    // A server that is about to restart takes nobody in: the next try may find another one.
    const isWanted = this._wasThere || this._isReturning || end.code === "draining";
    if (end.code === "ticket_refused" && !this._isRenewed) {
      this._renewTicket();
    } else if (isWanted && comesBack(code, this._state.end)) {
      this._dropped(end);
    } else if (this._wasThere && end.reason === "replaced" && this._traces.found()) {
      this._contested = end;
      this._dropped(end);
    } else if (!isWanted && wasTurnedAway(code, this._state.end)) {
      this._knock();
    } else {
      this._over(end);
    }
  }

  /** It was too old when it was shown, as after a long time in front of the microphone's prompt. A fresh one is had once. */
  _renewTicket() {
    this._isRenewed = true;
    this._leaveSocket();
    if (this._isReturning) {
      this._act({type: Local.LOST, attempt: this._state.attempt});
      this._reopen();
    } else {
      this._open(this._voice !== null);
    }
  }

  /**
   * A server that is full, or about to stop, turns a handshake away without a word that a page could read. Its ticket is as
   * good as before, microphone and words wait, and nothing is told before it was tried for a while.
   */
  _knock() {
    if (!this._isKnocking) {
      this._isKnocking = true;
      this._reconnection.begin(FIRST_PATIENCE_MS);
    }
    this._tryAgain();
  }

  /** The socket went without anybody wanting it. @param {End} end */
  _dropped(end) {
    if (!this._isReturning) {
      this._isReturning = true;
      this._isKnocking = false;
      this._lostId = this._wasThere ? this._state.sessionId : "";
      if (this._reconnection.now() - this._returnedAt >= LASTING_MS) {
        this._reconnection.begin();
      }
      if (this._voice) {
        this._voice.hold();
      }
      if ((this._state.end && !this._contested) || !this._lostId) {
        // The server has put it down, or there never was one.
        this._forsake();
      }
    }
    this._tryAgain(this._unreachable, (end.retryAfter || 0) * 1000);
  }

  /** Leave the socket, and keep what goes on through another one. */
  _leaveSocket() {
    if (this._wire && this._wire.hasSession) {
      this._wire.part();
    } else {
      this._leaveWire();
    }
  }

  /** What the lost session still had to give does not come: another one takes its conversation up. */
  _forsake() {
    // What came of an answer is played to its end.
    this._partEnded(this._audioItem);
    this._tellUnheard();
    this._typed.lost();
    this._takeBack(this._wire ? this._wire.untaken : []);
    this._leaveWire();
    this._tell([...this._log.unsent(this._typed.waiting), ...this._log.settle()]);
    this._act({type: Local.FORSAKEN});
  }

  /**
   * What went to a session that was over is said to the next one. Typed turns wait by themselves, and nothing else means
   * anything there.
   * @param {import("./connection/sent-frames.js").Frame[]} frames
   */
  _takeBack(frames) {
    const {sound, isTurn} = untakenSound(frames);
    if (this._voice && sound.length > 0) {
      this._voice.hold(sound);
      if (isTurn) {
        this._owesTurn();
      }
    }
  }

  /** A turn was closed in vain. */
  _owesTurn() {}

  /** The server could not go on and has begun anew, on the same socket. @param {LastingWire} wire */
  _beginAfresh(wire) {
    const next = wire.renewed();
    this._forsake();
    this._beginSession();
    this._wire = next;
    this._adopt(this._sessionConfig);
  }

  /** The session that was lost is not to be had again; the next try asks for another one. */
  _giveUpSession() {
    this._lostId = "";
    this._forsake();
    this._reopen();
  }

  /** What to tell when it was tried for long enough, and nobody has given a reason. */
  get _unreachable() {
    return this._isKnocking ? TURNED_AWAY : LOST;
  }

  /** @param {End} [end] if it was tried for long enough @param {number} [atLeast] milliseconds to wait */
  _tryAgain(end = this._unreachable, atLeast = 0) {
    this._leaveSocket();
    this._beginAttempt();
    if (!this._isKnocking) {
      // A socket that this side never saw open may have used it up: a return asks for another one with each try.
      this._unused = null;
      this._act({type: Local.LOST, attempt: this._state.attempt + 1});
    }
    if (!this._reconnection.schedule(() => this._reopen(), atLeast)) {
      this._over(end);
    }
  }

  async _reopen() {
    const attempt = this._beginAttempt();
    this._trying = setTimeout(() => this._tryAgain(), TRY_MS);
    try {
      await this._dial(attempt);
    } catch (error) {
      if (attempt === this._attempt) {
        this._refusedAgain(error);
      }
    }
  }

  /** @param {any} error */
  _refusedAgain(error) {
    const trouble = troubleOf(error);
    if (this._lostId && NOT_THERE.has(error.status)) {
      if (this._contested) {
        this._over(this._contested);
      } else {
        this._giveUpSession();
      }
      return;
    }
    const end = trouble.code === "network" ? this._unreachable : {...trouble, reason: trouble.code};
    if (trouble.retryable) {
      this._tryAgain(end, (error.retryAfter || 0) * 1000);
    } else {
      this._over(end);
    }
  }

  /**
   * Keep nothing of what is said from now on, or keep it again. One session does one or the other: a live one ends
   * cleanly and another begins, and what is said in between is heard by the new one alone.
   * @param {boolean} offRecord
   */
  async goOffRecord(offRecord) {
    if (offRecord === this.offRecord) {
      return;
    }
    // What was written off the record is not kept by a session that keeps; it was never sent, and says so.
    this._typed.stop({keep: offRecord});
    this._tell(this._log.unsent(this._typed.waiting));
    this._log.offRecord = offRecord;
    if (!this._isLive) {
      this._act({type: Local.RECORD, offRecord});
      return;
    }
    const attempt = this._beginAttempt();
    const left = this._takeWire();
    if (this._voice) {
      this._voice.hold();
      if (!offRecord) {
        // It was said off the record, and has reached nobody yet.
        this._voice.forget();
      }
    }
    this._act({type: Local.CONNECTING});
    this._act({type: Local.RECORD, offRecord});
    await this._leave(left);
    if (attempt === this._attempt) {
      this._tell(this._log.settle());
      this._forgetReturn();
      await this._open(this._voice !== null);
    }
  }

  /**
   * @param {End} end
   * @override
   */
  _over(end) {
    this._wasThere = false;
    this._forgetReturn();
    super._over(end);
  }
}
