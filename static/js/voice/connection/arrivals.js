/** How evenly the sound of an answer arrives, as it is played from its first frame on. Pure. */

import {SPEECH_RATE} from "../vocabulary.js";

/** What came late counts for so long. */
const REMEMBERED_MS = 10000;
const BYTES_PER_MS = (2 * SPEECH_RATE) / 1000;

export class Arrivals {
  /** @param {() => number} now milliseconds of a clock that never goes back */
  constructor(now) {
    this._now = now;
    this._item = "";
    /** When the last frame came. */
    this._at = 0;
    /** Until when what has come lasts, if it is played as it comes. */
    this._lasts = 0;
    /** @type {{at: number, gap: number, behind: number}[]} */
    this._notes = [];
  }

  /** @param {string} item that the frame belongs to @param {number} bytes of PCM16 */
  frame(item, bytes) {
    const now = this._now();
    if (item === this._item) {
      this._notes.push({at: now, gap: now - this._at, behind: Math.max(0, now - this._lasts)});
    }
    this._lasts = (item === this._item ? Math.max(this._lasts, now) : now) + bytes / BYTES_PER_MS;
    this._item = item;
    this._at = now;
    this._letGo();
  }

  /** The longest pause between two frames of one answer lately, in milliseconds. */
  get gap() {
    this._letGo();
    return this._notes.reduce((longest, {gap}) => Math.max(longest, gap), 0);
  }

  /** For how long, lately, there was nothing to be played in the middle of an answer, in milliseconds. */
  get behind() {
    this._letGo();
    return this._notes.reduce((sum, {behind}) => sum + behind, 0);
  }

  _letGo() {
    const from = this._now() - REMEMBERED_MS;
    while (this._notes.length > 0 && this._notes[0].at < from) {
      this._notes.shift();
    }
  }
}
