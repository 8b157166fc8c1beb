/** How long to wait before something lost is tried for again: longer each time, and never all clients at once. Pure. */

const FIRST_MS = 300;
const LONGEST_MS = 8000;
/** How long a socket that was lost is tried for: a server restarts, a train leaves its tunnel. */
export const PATIENCE_MS = 60000;

export class BackOff {
  /**
   * @param {() => number} now milliseconds of a clock that never goes back
   * @param {() => number} random from 0 up to 1
   */
  constructor(now, random) {
    this._now = now;
    this._random = random;
    this._since = now();
    this._tries = 0;
    this._patience = PATIENCE_MS;
  }

  /**
   * From now on it is waited for anew.
   * @param {number} [patience] milliseconds for all tries together; as long as the last time where it is left out
   */
  begin(patience = this._patience) {
    this._patience = patience;
    this._since = this._now();
    this._tries = 0;
  }

  /**
   * Milliseconds until the next try: any share of the pause, or many clients of one server would come back together.
   * @param {number} [atLeast] what the server asked for
   * @returns {number | null} null when that would be too late
   */
  next(atLeast = 0) {
    const pause = this._random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** this._tries);
    this._tries += 1;
    const wait = Math.max(atLeast, pause);
    return this._now() - this._since + wait > this._patience ? null : wait;
  }
}
