/** Spoken answers waiting to be played: one line of samples, and how many of each item were truly played. Pure. */

import {RingBuffer} from "./ring-buffer.js";

/** @typedef {{item: string, played: number}} PlayedItem `played` in samples */

/** @typedef {{item: string, received: number, played: number, ended: boolean}} Entry */

export class PlaybackQueue {
  /**
   * @param {number} initial samples to hold room for at once
   * @param {number} limit samples past which the oldest are lost
   */
  constructor(initial, limit) {
    this._ring = new RingBuffer(initial, limit);
    /** @type {Entry[]} */
    this._entries = [];
    /** @type {PlayedItem[]} */
    this._finished = [];
    this.lost = 0;
  }

  /** Samples waiting to be played. */
  get length() {
    return this._ring.length;
  }

  /** The item whose samples come next, or of which more is due; empty when there is none. */
  get item() {
    return this._entries.length ? this._entries[0].item : "";
  }

  /** Samples of the current item played so far. */
  get played() {
    return this._entries.length ? this._entries[0].played : 0;
  }

  /** Nothing more will come behind what is queued. */
  get ended() {
    return this._entries.every(hasEnded);
  }

  /**
   * @param {string} item
   * @param {Int16Array} samples
   */
  append(item, samples) {
    this._entry(item).received += samples.length;
    const lost = this._ring.write(samples);
    this.lost += lost;
    this._skip(lost);
  }

  /** No more samples of `item` will come. @param {string} item */
  end(item) {
    const entry = this._entries.find((other) => other.item === item);
    if (entry) {
      entry.ended = true;
      this._retire();
    }
  }

  /**
   * Play up to `count` samples into `target`; returns how many there were.
   * @param {Float32Array} target
   * @param {number} count
   */
  read(target, count) {
    const given = this._ring.read(target, count);
    let left = given;
    for (let i = 0; i < this._entries.length && left > 0; i += 1) {
      const entry = this._entries[i];
      const share = Math.min(left, entry.received - entry.played);
      entry.played += share;
      left -= share;
    }
    this._retire();
    return given;
  }

  /** Drop all that was not played yet. Returns every open item with what was played of it. */
  clear() {
    const cut = this._entries.map(({item, played}) => ({item, played}));
    this._entries = [];
    this._ring.clear();
    return cut;
  }

  /** The items whose last sample was played since the last call. */
  takeFinished() {
    if (this._finished.length === 0) {
      return NONE;
    }
    const finished = this._finished;
    this._finished = [];
    return finished;
  }

  /** @param {string} item */
  _entry(item) {
    const last = this._entries[this._entries.length - 1];
    if (last && last.item === item) {
      return last;
    }
    if (last) {
      last.ended = true;
    }
    const entry = {item, received: 0, played: 0, ended: false};
    this._entries.push(entry);
    return entry;
  }

  /** Lost samples were never heard, so they leave `received` and not `played`. @param {number} count */
  _skip(count) {
    let left = count;
    for (const entry of this._entries) {
      const share = Math.min(left, entry.received - entry.played);
      entry.received -= share;
      left -= share;
    }
  }

  _retire() {
    while (this._entries.length && this._entries[0].ended && this._entries[0].played >= this._entries[0].received) {
      const {item, played} = this._entries[0];
      this._finished.push({item, played});
      this._entries.shift();
    }
  }
}

/** @type {PlayedItem[]} */
const NONE = [];

/** Made once: the audio thread asks for it in every block. @param {Entry} entry */
const hasEnded = (entry) => entry.ended;
