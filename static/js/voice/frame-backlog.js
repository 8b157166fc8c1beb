/** What the microphone heard before the session was ready: bounded, in order, the oldest let go first. Pure. */

export class FrameBacklog {
  /** @param {number} limit in frames */
  constructor(limit) {
    this._limit = limit;
    /** @type {ArrayBuffer[]} */
    this._frames = [];
    this.dropped = 0;
  }

  get length() {
    return this._frames.length;
  }

  /** @param {ArrayBuffer} frame */
  keep(frame) {
    this._frames.push(frame);
    if (this._frames.length > this._limit) {
      this._frames.shift();
      this.dropped += 1;
    }
  }

  /** Hand everything over, oldest first. @param {(frame: ArrayBuffer) => void} take */
  drain(take) {
    this._frames.splice(0).forEach((frame) => take(frame));
  }
}
