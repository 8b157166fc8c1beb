/** A first-in, first-out store of PCM16 samples that always says how many it truly gave and truly lost. Pure. */

export class RingBuffer {
  /**
   * Grows from `initial` up to `limit` samples; past that the oldest samples make room.
   * @param {number} initial
   * @param {number} limit
   */
  constructor(initial, limit) {
    this._store = new Int16Array(Math.min(initial, limit));
    this._limit = limit;
    this._head = 0;
    this._length = 0;
  }

  /** Samples waiting to be read. */
  get length() {
    return this._length;
  }

  /**
   * Keep `samples`; returns how many of the oldest were lost to make room.
   * @param {Int16Array} samples
   */
  write(samples) {
    const kept = samples.length > this._limit ? samples.subarray(samples.length - this._limit) : samples;
    this._makeRoom(kept.length);
    const lost = Math.max(0, this._length + kept.length - this._store.length);
    this._drop(lost);
    const tail = (this._head + this._length) % this._store.length;
    const first = Math.min(kept.length, this._store.length - tail);
    this._store.set(kept.subarray(0, first), tail);
    this._store.set(kept.subarray(first), 0);
    this._length += kept.length;
    return lost + samples.length - kept.length;
  }

  /**
   * Move up to `count` of the oldest samples to `target` as floats of -1 to 1; returns how many there were.
   * @param {Float32Array} target
   * @param {number} count
   */
  read(target, count) {
    const given = Math.min(count, this._length);
    for (let i = 0; i < given; i += 1) {
      target[i] = this._store[(this._head + i) % this._store.length] / 32768;
    }
    this._drop(given);
    return given;
  }

  clear() {
    this._head = 0;
    this._length = 0;
  }

  /** @param {number} count */
  _drop(count) {
    this._head = (this._head + count) % this._store.length;
    this._length -= count;
  }

  /** @param {number} more */
  _makeRoom(more) {
    const needed = this._length + more;
    if (needed <= this._store.length || this._store.length === this._limit) {
      return;
    }
    const larger = new Int16Array(Math.min(this._limit, Math.max(needed, 2 * this._store.length)));
    for (let i = 0; i < this._length; i += 1) {
      larger[i] = this._store[(this._head + i) % this._store.length];
    }
    this._store = larger;
    this._head = 0;
  }
}
