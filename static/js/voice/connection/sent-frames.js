/** What was sent lately, by its number: until the server has it, it may have to be sent again. Pure. */

import {SPEECH_RATE} from "../vocabulary.js";

/** @typedef {{type: string, [field: string]: any} | ArrayBuffer} Frame */

/** Half a minute of the microphone. */
const MOST_BYTES = 30 * 2 * SPEECH_RATE;

export class SentFrames {
  constructor() {
    /** @type {{frame: Frame, bytes: number}[]} */
    this._kept = [];
    this._bytes = 0;
    /** The number of the oldest that is kept. */
    this._first = 0;
  }

  /** How many there were in all: the number of the next one. */
  get count() {
    return this._first + this._kept.length;
  }

  /** @param {Frame} frame */
  add(frame) {
    const bytes = frame instanceof ArrayBuffer ? frame.byteLength : JSON.stringify(frame).length;
    this._kept.push({frame, bytes});
    this._bytes += bytes;
    while (this._bytes > MOST_BYTES) {
      this._drop();
    }
  }

  /** The server has everything before that number. @param {number} number */
  arrived(number) {
    while (this._kept.length > 0 && this._first < number) {
      this._drop();
    }
  }

  /**
   * Everything from that number on; null where that is not kept any more, or there is no such number.
   * @param {number} number
   * @returns {Frame[] | null}
   */
  from(number) {
    const isThere = Number.isInteger(number) && number >= this._first && number <= this.count;
    return isThere ? this._kept.slice(number - this._first).map(({frame}) => frame) : null;
  }

  /** What is kept from that number on. @param {number} number @returns {Frame[]} */
  since(number) {
    return this.from(Math.max(number, this._first)) || [];
  }

  _drop() {
    const oldest = this._kept.shift();
    this._bytes -= oldest ? oldest.bytes : 0;
    this._first += 1;
  }
}
