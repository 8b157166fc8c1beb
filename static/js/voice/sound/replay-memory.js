/** The sound of what was said in the last ten minutes, by item: bounded by time and by size, the oldest let go first. Pure. */

import {SPEECH_RATE} from "../vocabulary.js";
import {wavOf} from "./wav.js";

const MEMORY_SECONDS = 600;
/** Two sides cannot speak for more than that in the time, unless they speak at once. */
const MEMORY_BYTES = MEMORY_SECONDS * SPEECH_RATE * 2;

/** @typedef {{parts: ArrayBuffer[], bytes: number, at: number, whole: boolean}} Sound `at`: when it was added to last, in ms */

export class ReplayMemory {
  /**
   * @param {{seconds?: number, bytes?: number, clock?: () => number}} [limits] `clock` in milliseconds
   */
  constructor({seconds = MEMORY_SECONDS, bytes = MEMORY_BYTES, clock = () => performance.now()} = {}) {
    this._ms = seconds * 1000;
    this._limit = bytes;
    this._clock = clock;
    /** Oldest first. @type {Map<string, Sound>} */
    this._sounds = new Map();
    this._bytes = 0;
  }

  /** Bytes held. */
  get bytes() {
    return this._bytes;
  }

  /** Add to the sound of an item. @param {string} itemId @param {ArrayBuffer} pcm is kept, and must not change any more */
  keep(itemId, pcm) {
    const sound = this._sounds.get(itemId) || {parts: [], bytes: 0, at: 0, whole: false};
    sound.parts.push(pcm);
    sound.bytes += pcm.byteLength;
    sound.at = this._clock();
    this._bytes += pcm.byteLength;
    // The map is in the order of putting in: what was added to last is the youngest.
    this._sounds.delete(itemId);
    this._sounds.set(itemId, sound);
  }

  /** No more will be added; from now on it can be asked for. Whether there is any of it. @param {string} itemId */
  finish(itemId) {
    const sound = this._sounds.get(itemId);
    if (sound) {
      sound.whole = true;
    }
    return sound !== undefined;
  }

  /** @param {string} itemId */
  has(itemId) {
    const sound = this._sounds.get(itemId);
    return sound !== undefined && sound.whole && !this._isOld(sound);
  }

  /** The sound as a file, or null when it is not there (any more). @param {string} itemId @returns {Blob | null} */
  wav(itemId) {
    const sound = this._sounds.get(itemId);
    return sound && this.has(itemId) ? new Blob([wavOf(sound.parts)], {type: "audio/wav"}) : null;
  }

  /** Let go of what is too old or too much; answers whether anything was. */
  tidy() {
    const before = this._sounds.size;
    this._sounds.forEach((sound, itemId) => {
      if (this._isOld(sound) || this._bytes > this._limit) {
        this.forget(itemId);
      }
    });
    return this._sounds.size < before;
  }

  /** Milliseconds until the oldest is too old; null when nothing is held. */
  get nextTidy() {
    const [oldest] = this._sounds.values();
    return oldest ? Math.max(0, oldest.at + this._ms - this._clock()) : null;
  }

  /** Whether anything was there to forget. @param {string} itemId */
  forget(itemId) {
    const sound = this._sounds.get(itemId);
    this._bytes -= sound ? sound.bytes : 0;
    return this._sounds.delete(itemId);
  }

  /** The item has another name from now on. @param {string} itemId @param {string} name */
  rename(itemId, name) {
    const sounds = Array.from(this._sounds);
    this._sounds = new Map(sounds.map(([id, sound]) => [id === itemId ? name : id, sound]));
  }

  clear() {
    this._sounds.clear();
    this._bytes = 0;
  }

  /** @param {Sound} sound */
  _isOld(sound) {
    return this._clock() - sound.at >= this._ms;
  }
}
