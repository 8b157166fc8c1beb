/** What the microphone sent on one socket, by the milliseconds that the server counts. Bounded. Pure. */

import {SPEECH_RATE} from "../vocabulary.js";

/** The longest turn that can be cut out whole. */
const KEPT_SECONDS = 120;
const BYTES_PER_MS = (SPEECH_RATE * 2) / 1000;

export class SentAudio {
  /** @param {number} [seconds] */
  constructor(seconds = KEPT_SECONDS) {
    this._limit = seconds * 1000 * BYTES_PER_MS;
    /** @type {ArrayBuffer[]} */
    this._frames = [];
    /** Bytes sent before the first of these frames. */
    this._gone = 0;
    this._held = 0;
  }

  /** Milliseconds sent so far. */
  get ms() {
    return (this._gone + this._held) / BYTES_PER_MS;
  }

  /** @param {ArrayBuffer} frame is kept, and must not change any more */
  keep(frame) {
    this._frames.push(frame);
    this._held += frame.byteLength;
    while (this._held > this._limit) {
      const {byteLength} = /** @type {ArrayBuffer} */ (this._frames.shift());
      this._held -= byteLength;
      this._gone += byteLength;
    }
  }

  /** What is left of a span, in milliseconds. @param {number} from @param {number} to @returns {ArrayBuffer} */
  slice(from, to) {
    const begin = Math.max(this._gone, byteAt(from));
    const end = Math.min(this._gone + this._held, byteAt(to));
    const whole = new Uint8Array(Math.max(0, end - begin));
    let at = this._gone;
    for (const frame of this._frames) {
      const first = Math.max(0, begin - at);
      const last = Math.min(frame.byteLength, end - at);
      if (first < last) {
        whole.set(new Uint8Array(frame, first, last - first), at + first - begin);
      }
      at += frame.byteLength;
    }
    return whole.buffer;
  }
}

/** Never in the middle of a sample. @param {number} ms */
const byteAt = (ms) => 2 * Math.round((ms * BYTES_PER_MS) / 2);
