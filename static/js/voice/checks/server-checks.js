/** What needs the server: the ticket, the socket, who answers, and an answer that is heard. */

import {Player} from "../sound/player.js";
import {Wire} from "../connection/wire.js";
import {measureRoundTrip, openLine} from "./connection.js";
import {failed} from "./outcome.js";
import {hearAnswer, judgeFirstSound, judgePlayback} from "./spoken-answer.js";
import {askForTicket, judgeExpiry, judgeProvider} from "./ticket.js";

/**
 * @typedef {object} ServerMeans
 * @property {any} scope the window
 * @property {() => Promise<any>} createSession off the record, with sound
 * @property {(config: any) => Promise<unknown>} dropSession lets go of what `createSession` made
 * @property {number} ticketSeconds that a new ticket is good
 * @property {(config: any, listener: import("../connection/wire.js").WireListener) => Wire} [openWire]
 */

/** Where an answer is played. @typedef {Pick<import("./device-checks.js").DeviceChecks, "stage" | "speaker">} Output */

/** Holds a session and its socket until it is released. */
export class ServerChecks {
  /** @param {ServerMeans} means @param {Output} output */
  constructor(means, output) {
    this._means = means;
    this._output = output;
    this._now = () => means.scope.performance.now();
    /** What `createSession` gave. @type {any} */
    this._config = null;
    /** @type {import("./test-line.js").TestLine | null} */
    this._line = null;
    /** What the socket said of itself. @type {any} */
    this._session = null;
    /** @type {Player | null} */
    this._player = null;
    /** @type {import("./spoken-answer.js").Heard | null} */
    this._heard = null;
    this._isOver = false;
  }

  /** @returns {import("./examination.js").Check[]} */
  get checks() {
    return [
      {name: "ticket", needs: ["browser"], run: () => this._checkTicket()},
      {name: "expiry", needs: ["ticket"], run: () => this._checkExpiry()},
      {name: "socket", needs: ["ticket"], run: () => this._checkSocket()},
      {name: "roundtrip", needs: ["socket"], run: () => measureRoundTrip({line: this._openedLine, now: this._now})},
      {name: "who", needs: ["socket"], run: () => judgeProvider(this._session.provider, this._session.voice_problem || "")},
      {name: "answer", needs: ["rate", "socket", "who"], run: () => this._checkAnswer()},
      {name: "playback", needs: ["answer"], run: () => judgePlayback(/** @type {import("./spoken-answer.js").Heard} */ (this._heard))},
    ];
  }

  /** Let go of everything, also of what is still on its way. */
  release() {
    this._isOver = true;
    [this._line, this._player].forEach((each) => each && each.close());
    if (this._config) {
      // What is left is an empty conversation; where it cannot be taken away, nobody sees it.
      this._means.dropSession(this._config).catch(() => undefined);
    }
    this._line = this._player = this._config = null;
  }

  async _checkTicket() {
    const {config, outcome} = await askForTicket({createSession: this._means.createSession, now: this._now});
    this._config = config;
    if (this._isOver) {
      this.release();
    }
    return outcome;
  }

  _checkExpiry() {
    return judgeExpiry({expiresAt: this._config.expires_at, now: Date.now() / 1000, lasts: this._means.ticketSeconds});
  }

  async _checkSocket() {
    const open = this._means.openWire || ((config, listener) => new Wire(config, listener));
    const {line, session, outcome} = await openLine({openWire: (listener) => open(this._config, listener), now: this._now});
    this._line = line;
    this._session = session;
    if (this._isOver) {
      this.release();
    }
    return outcome;
  }

  async _checkAnswer() {
    const {stage, speaker} = this._output;
    /** @type {(item: string) => void} */
    let onPlaying = () => undefined;
    const player = new Player(stage, {onPlaying: (item) => onPlaying(item)});
    this._player = player;
    try {
      await player.open(speaker.input);
    } catch (error) {
      return failed("no_playback");
    }
    this._heard = await hearAnswer({
      line: this._openedLine,
      player,
      watchPlaying: (tell) => {
        onPlaying = tell;
      },
      now: this._now,
    });
    return judgeFirstSound(this._heard);
  }

  get _openedLine() {
    return /** @type {import("./test-line.js").TestLine} */ (this._line);
  }
}
