/** What the playback worklet does, without the worklet: queued 24 kHz speech in, fading blocks at the native rate out. */

import {PlaybackQueue} from "./playback-queue.js";
import {Resampler} from "./resampler.js";

const SPEECH_RATE = 24000;
const FADE_SAMPLES = 120;
const MIN_START_MS = 80;
const MAX_START_MS = 200;
const START_STEP_MS = 40;
/** An answer too short to fill the start buffer begins after this time all the same. */
const MAX_WAIT_MS = 200;
const QUEUE_SECONDS = 20;
const QUEUE_LIMIT_SECONDS = 900;
/** Below this level an output sample counts as silence (-60 dB). */
const AUDIBLE = 0.001;

/** @type {(ms: number) => number} */
const samplesIn = (ms) => Math.round((ms * SPEECH_RATE) / 1000);

export class Playback {
  /** @param {number} outputRate of the audio context, in hertz */
  constructor(outputRate) {
    this._queue = new PlaybackQueue(QUEUE_SECONDS * SPEECH_RATE, QUEUE_LIMIT_SECONDS * SPEECH_RATE);
    this._resampler = new Resampler(SPEECH_RATE, outputRate);
    this._block = new Float32Array(1024);
    this._tail = new Float32Array(FADE_SAMPLES);
    this._tailLength = 0;
    this._tailAt = 0;
    this._playing = false;
    this._fadeIn = 0;
    this._waited = 0;
    this._last = 0;
    this._startMs = MIN_START_MS;
    this.underruns = 0;
    /** Samples of speech played, at 24 kHz. */
    this.samplesPlayed = 0;
    /** Samples above -60 dB given to the device, at its own rate. */
    this.audibleSamples = 0;
    /** Loudest sample since `takeLevel`, 0 to 1. */
    this._peak = 0;
  }

  get item() {
    return this._queue.item;
  }

  /** Samples of the current item played so far. */
  get itemPlayed() {
    return this._queue.played;
  }

  get playing() {
    return this._playing;
  }

  get lost() {
    return this._queue.lost;
  }

  /** Nothing of a cut item is still fading out. */
  get silent() {
    return !this._playing && this._tailAt === this._tailLength;
  }

  /** @param {string} item @param {Int16Array} samples */
  append(item, samples) {
    this._queue.append(item, samples);
  }

  /** No more samples of `item` will come. @param {string} item */
  end(item) {
    this._queue.end(item);
  }

  /** The items played to their end since the last call. */
  takeFinished() {
    return this._queue.takeFinished();
  }

  takeLevel() {
    const peak = this._peak;
    this._peak = 0;
    return peak;
  }

  /**
   * Stop: what is queued is dropped but for a fade of 5 ms, which counts as played because it will be heard.
   * Returns the open items with what was played of each.
   */
  clear() {
    this._tailLength = 0;
    this._tailAt = 0;
    if (this._playing) {
      this._tailLength = this._queue.read(this._tail, FADE_SAMPLES);
      this.samplesPlayed += this._tailLength;
      for (let i = 0; i < this._tailLength; i += 1) {
        this._tail[i] *= 1 - (i + 1) / this._tailLength;
      }
    }
    this._playing = false;
    this._waited = 0;
    return [...this._queue.takeFinished(), ...this._queue.clear()];
  }

  /** Fill one block of the audio device. @param {Float32Array} output */
  render(output) {
    const needed = this._resampler.inputNeeded(output.length);
    if (needed > this._block.length) {
      this._block = new Float32Array(needed);
    }
    this._fill(needed);
    const made = this._resampler.process(this._block, needed, output);
    this._meter(output, made);
  }

  /** @param {number} count */
  _fill(count) {
    const block = this._block;
    let at = 0;
    while (at < count && this._tailAt < this._tailLength) {
      block[at] = this._tail[this._tailAt];
      at += 1;
      this._tailAt += 1;
      this._last = 0;
    }
    if (at === 0 && this._mayPlay(count)) {
      at = this._play(count);
    }
    // A sudden stop clicks: whatever sample was last falls to zero within the fade.
    for (; at < count; at += 1) {
      this._last = Math.abs(this._last) < 1e-4 ? 0 : this._last * 0.96;
      block[at] = this._last;
    }
  }

  /** Whether enough is in hand to begin, or to go on. @param {number} count */
  _mayPlay(count) {
    if (this._playing || this._queue.length === 0) {
      return this._playing;
    }
    this._waited += count;
    const enough = this._queue.length >= samplesIn(this._startMs);
    if (enough || this._queue.ended || this._waited >= samplesIn(MAX_WAIT_MS)) {
      this._playing = true;
      this._fadeIn = 0;
      this._waited = 0;
    }
    return this._playing;
  }

  /** @param {number} count */
  _play(count) {
    const given = this._queue.read(this._block, count);
    this.samplesPlayed += given;
    for (let i = 0; i < given && this._fadeIn < FADE_SAMPLES; i += 1) {
      this._fadeIn += 1;
      this._block[i] *= this._fadeIn / FADE_SAMPLES;
    }
    if (given > 0) {
      this._last = this._block[given - 1];
    }
    if (given < count) {
      this._ranDry();
    }
    return given;
  }

  _ranDry() {
    this._playing = false;
    if (this._queue.ended) {
      this._startMs = Math.max(MIN_START_MS, this._startMs - START_STEP_MS / 2);
    } else {
      this.underruns += 1;
      this._startMs = Math.min(MAX_START_MS, this._startMs + START_STEP_MS);
    }
  }

  /** @param {Float32Array} output @param {number} count */
  _meter(output, count) {
    for (let i = 0; i < count; i += 1) {
      const level = Math.abs(output[i]);
      if (level > AUDIBLE) {
        this.audibleSamples += 1;
      }
      if (level > this._peak) {
        this._peak = level;
      }
    }
  }
}
