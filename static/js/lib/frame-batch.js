/** Work that many small changes ask for, done once per frame of the display. */

/** A page that is not seen gets no frames; what waits is then done by a timer. */
const UNSEEN_MS = 250;

/** @type {(work: () => void) => () => void} */
const atNextFrame = (work) => {
  if (document.hidden) {
    const timer = setTimeout(work, UNSEEN_MS);
    return () => clearTimeout(timer);
  }
  const frame = requestAnimationFrame(work);
  return () => cancelAnimationFrame(frame);
};

/** The latest value of each key is shown at the next frame; one that is dropped before is never shown. */
export class FrameBatch {
  /**
   * @param {(key: string, value: any) => void} show
   * @param {(work: () => void) => () => void} [schedule] plans work and returns how to call it off
   */
  constructor(show, schedule = atNextFrame) {
    this._show = show;
    this._schedule = schedule;
    /** @type {Map<string, any>} */
    this._waiting = new Map();
    /** @type {(() => void) | null} */
    this._callOff = null;
  }

  /** @param {string} key @param {any} value */
  put(key, value) {
    this._waiting.set(key, value);
    if (!this._callOff) {
      this._callOff = this._schedule(() => this.flush());
    }
  }

  /** What waits for this key is out of date. @param {string} key */
  drop(key) {
    this._waiting.delete(key);
  }

  /** Show all that waits, now. */
  flush() {
    if (this._callOff) {
      this._callOff();
      this._callOff = null;
    }
    const due = Array.from(this._waiting);
    this._waiting.clear();
    due.forEach(([key, value]) => this._show(key, value));
  }
}
