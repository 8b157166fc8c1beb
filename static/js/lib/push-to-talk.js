/** Whether somebody holds push-to-talk: a pointer, a key, or several at once. Pure. */

/** Tells `onChange` once when the first holds, and once when the last lets go. */
export class PushToTalk {
  /** @param {(talking: boolean) => void} onChange */
  constructor(onChange) {
    this._onChange = onChange;
    /** @type {Set<string>} */
    this._holders = new Set();
  }

  get talking() {
    return this._holders.size > 0;
  }

  /** @param {string} holder by which it is held, such as "pointer" */
  hold(holder) {
    const before = this.talking;
    this._holders.add(holder);
    this._tell(before);
  }

  /** @param {string} holder */
  release(holder) {
    const before = this.talking;
    this._holders.delete(holder);
    this._tell(before);
  }

  /** Nobody holds any more: the window lost the focus, or the button went. */
  releaseAll() {
    const before = this.talking;
    this._holders.clear();
    this._tell(before);
  }

  /** For those who can press and not hold: the first press begins, the second ends. @param {string} holder */
  toggle(holder) {
    if (this._holders.has(holder)) {
      this.release(holder);
    } else {
      this.hold(holder);
    }
  }

  /** @param {boolean} before */
  _tell(before) {
    if (before !== this.talking) {
      this._onChange(this.talking);
    }
  }
}
