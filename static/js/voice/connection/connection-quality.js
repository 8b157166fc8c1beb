/** How well a connection does, from what was measured lately. It changes its mind only when several looks agree. Pure. */

import {Quality, SPEECH_RATE} from "../vocabulary.js";

/**
 * @typedef {object} Measured
 * @property {number | null} roundTrip milliseconds; null when none was measured yet
 * @property {number} behind milliseconds of missing sound, lately
 * @property {number} waiting bytes that the network has not taken yet
 */

/** Bytes of one second of the microphone. */
const SECOND = 2 * SPEECH_RATE;

/** Beyond these. @type {[string, {roundTrip: number, behind: number, waiting: number}][]} */
const BOUNDS = [
  [Quality.POOR, {roundTrip: 800, behind: 600, waiting: 2 * SECOND}],
  [Quality.FAIR, {roundTrip: 300, behind: 150, waiting: SECOND / 2}],
];
/** @type {string[]} */
const ORDER = [Quality.GOOD, Quality.FAIR, Quality.POOR];
/** A single hiccup is not told, and an improvement has to last. */
const LOOKS_TO_FALL = 2;
const LOOKS_TO_RISE = 5;

export class ConnectionQuality {
  constructor() {
    /** One of Quality. @type {string} */
    this.current = Quality.UNKNOWN;
    /** How many looks in a row saw another one: above zero a worse, below it a better one. */
    this._other = 0;
  }

  /** Another connection: nothing is known of it. */
  begin() {
    this.current = Quality.UNKNOWN;
    this._other = 0;
  }

  /** Take a look; one a second is meant. @param {Measured} measured @returns {string} one of Quality */
  look(measured) {
    if (measured.roundTrip === null && this.current === Quality.UNKNOWN) {
      return this.current;
    }
    const seen = judged(measured);
    const change = ORDER.indexOf(seen) - ORDER.indexOf(this.current);
    if (this.current === Quality.UNKNOWN) {
      this.current = seen;
    } else if (change === 0) {
      this._other = 0;
    } else {
      this._note(Math.sign(change), seen);
    }
    return this.current;
  }

  /** @param {number} direction 1: it got worse @param {string} seen */
  _note(direction, seen) {
    this._other = Math.sign(this._other) === direction ? this._other + direction : direction;
    if (this._other >= LOOKS_TO_FALL || this._other <= -LOOKS_TO_RISE) {
      this.current = seen;
      this._other = 0;
    }
  }
}

/** @param {Measured} measured */
const judged = ({roundTrip, behind, waiting}) => {
  const found = BOUNDS.find(
    ([, most]) => (roundTrip || 0) > most.roundTrip || behind > most.behind || waiting > most.waiting,
  );
  return found ? found[0] : Quality.GOOD;
};
