/** When a socket that is not there is tried for again: after pauses that grow, and at once when the network may be back. */

import {BackOff, PATIENCE_MS} from "./back-off.js";
import {Wakeups} from "./wakeups.js";

/** How long a first socket is tried for, which somebody waits for with a finger on the button. */
export const FIRST_PATIENCE_MS = 10000;

/**
 * @typedef {object} Chances
 * @property {() => number} [now] milliseconds
 * @property {() => number} [random] from 0 up to 1
 * @property {Pick<Wakeups, "listen">} [wakeups]
 */

export class Reconnection {
  /** @param {Chances} [chances] */
  constructor({now = () => performance.now(), random = Math.random, wakeups = new Wakeups()} = {}) {
    this._now = now;
    this._backOff = new BackOff(now, random);
    this._wakeups = wakeups;
    /** @type {(() => void) | null} */
    this._try = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this._timer = undefined;
    this._notBefore = 0;
    this._deafen = () => {};
  }

  /** Milliseconds of the clock that it goes by. */
  now() {
    return this._now();
  }

  /** There is no connection from now on. @param {number} [patience] milliseconds to try for */
  begin(patience = PATIENCE_MS) {
    this.cancel();
    this._backOff.begin(patience);
  }

  /**
   * Call `act` once, when the next try is due.
   * @param {() => void} act
   * @param {number} [atLeast] milliseconds the server wants to be left alone for
   * @returns {boolean} false when it was tried for long enough; then `act` is not called
   */
  schedule(act, atLeast = 0) {
    this.cancel();
    const pause = this._backOff.next(atLeast);
    if (pause === null) {
      return false;
    }
    this._try = act;
    this._notBefore = this._now() + atLeast;
    this._timer = setTimeout(() => this._act(), pause);
    this._deafen = this._wakeups.listen(() => this.hurry());
    return true;
  }

  /** Things have changed: try at once, and be patient from the beginning. Nothing happens when no try is due. */
  hurry() {
    if (this._try && this._now() >= this._notBefore) {
      this._backOff.begin();
      this._act();
    }
  }

  cancel() {
    clearTimeout(this._timer);
    this._deafen();
    this._deafen = () => {};
    this._try = null;
  }

  _act() {
    const act = this._try;
    this.cancel();
    if (act) {
      act();
    }
  }
}
