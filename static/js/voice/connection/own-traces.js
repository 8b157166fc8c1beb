/** Whether it was this page itself that took the place of its session away: it asked for it again a moment ago. Pure. */

/** What a server still does about a return is done by then. */
const LATE_MS = 10000;
/** More often one after another it is somebody else. */
const MOST = 3;

export class OwnTraces {
  /** @param {() => number} now milliseconds of a clock that never goes back */
  constructor(now) {
    this._now = now;
    this._askedAt = -Infinity;
    this._count = 0;
  }

  /** The page asks to go on with its session. */
  asked() {
    const now = this._now();
    this._count = now - this._askedAt > LATE_MS ? 0 : this._count;
    this._askedAt = now;
  }

  /** The place is taken. @returns {boolean} whether it may have been by the page itself */
  found() {
    this._count += 1;
    return this._now() - this._askedAt <= LATE_MS && this._count <= MOST;
  }
}
