/** Push-to-talk: what was sent while the button was held, and whether that is enough to be a turn. Pure. */

import {FRAME_SAMPLES, millisecondsOf} from "./vocabulary.js";

/** Servers refuse to take less for a turn. */
const SHORTEST_MS = 100;

export class HeldTurn {
  constructor() {
    this.isHeld = false;
    /** It was let go of while there was nobody to be told. */
    this.isDue = false;
    /** It went on from one socket to another: what was heard of it before is a turn already. */
    this.isRest = false;
    this._from = 0;
  }

  /** The button went down. @param {number} framesSent on this socket so far */
  begin(framesSent) {
    this.isHeld = true;
    // What was said into a gap is still to be handed over: this is more of the same turn.
    this._from = this.isDue ? this._from : framesSent;
    this.isRest = this.isDue && this.isRest;
    this.isDue = false;
  }

  /** The button came up. */
  end() {
    this.isHeld = false;
    this.isDue = true;
  }

  /** It was told in vain: to a session that was over. What is held by now is more of the same turn. */
  owed() {
    this.isDue = !this.isHeld;
  }

  /** Another socket, on which nothing was sent yet. */
  moved() {
    this.isRest = this.isHeld || this.isDue;
    this._from = 0;
  }

  /** Whether it is long enough by now. @param {number} framesSent on this socket so far */
  isEnough(framesSent) {
    return millisecondsOf((framesSent - this._from) * FRAME_SAMPLES) >= SHORTEST_MS;
  }

  /** The server is told of it now. */
  told() {
    this.isDue = false;
  }

  /** Nothing of it counts any more. */
  drop() {
    this.isHeld = false;
    this.isDue = false;
  }
}
