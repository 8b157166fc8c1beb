/** How loud the person comes in: measured in blocks while they speak, judged at the end. */

import {failed, fine, look} from "./outcome.js";

/** Quieter than this (dB below full scale) is nothing at all: a switched-off microphone, not a quiet room. */
const NOTHING_DB = -90;
/** Louder than this somebody speaks; the voice detection needs about as much. */
const SPEECH_DB = -45;
/** From this share of full scale on a sample counts as cut off. */
const CLIP = 0.985;
/** A cough may clip; speech that clips in more than this share of its blocks is too loud. */
const CLIPPED_SHARE = 0.1;
/** So much speech is enough to judge, ms. */
const ENOUGH_SPEECH_MS = 800;
/** So long is waited for it, ms. */
export const PATIENCE_MS = 10000;
/** One block, ms. */
export const BLOCK_MS = 40;

/** @param {number} amplitude 0 to 1 */
export const decibels = (amplitude) => (amplitude > 0 ? 20 * Math.log10(amplitude) : -Infinity);

/** In whole dB. -120 stands for nothing: an infinite figure cannot be written down; nor is there a minus before 0. @param {number} db */
const written = (db) => Math.round(Math.max(-120, db)) || 0;

/** Where a loudness stands on a meter from -60 dB to 0, 0 to 1. @param {number} db */
export const meterPosition = (db) => Math.min(1, Math.max(0, (db + 60) / 60));

/** What was heard so far. */
export class LevelTally {
  constructor() {
    /** dB, of the loudest block */
    this.loudest = -Infinity;
    /** 0 to 1, of the loudest sample: what is cut off shows here, not in the loudness of a block */
    this.peak = 0;
    this.blocks = 0;
    this._speech = 0;
    this._clipped = 0;
  }

  /** Take one block of samples; its loudness in dB. @param {ArrayLike<number>} samples */
  take(samples) {
    let sum = 0;
    let peak = 0;
    for (let at = 0; at < samples.length; at += 1) {
      sum += samples[at] * samples[at];
      peak = Math.max(peak, Math.abs(samples[at]));
    }
    const loudness = decibels(Math.sqrt(sum / Math.max(1, samples.length)));
    this.loudest = Math.max(this.loudest, loudness);
    this.peak = Math.max(this.peak, peak);
    this.blocks += 1;
    this._speech += loudness > SPEECH_DB ? 1 : 0;
    this._clipped += peak >= CLIP ? 1 : 0;
    return loudness;
  }

  /** Whether enough was said to judge it. */
  get isEnough() {
    return this._speech * BLOCK_MS >= ENOUGH_SPEECH_MS;
  }

  /** @returns {import("./outcome.js").Outcome} */
  judge() {
    const figures = {loudest: written(this.loudest), peak: written(decibels(this.peak))};
    if (this.loudest < NOTHING_DB) {
      return failed("level_none", figures);
    }
    if (this._speech === 0) {
      return look("level_quiet", figures);
    }
    return this._clipped > Math.max(1, this._speech * CLIPPED_SHARE) ? look("level_loud", figures) : fine(figures);
  }
}

/**
 * Listen until enough was said or the patience is over.
 * @param {object} means
 * @param {() => ArrayLike<number>} means.block the latest samples
 * @param {(position: number) => void} means.show a meter, 0 to 1
 * @param {() => Promise<void>} means.pause waits for the next block
 * @param {() => boolean} means.isOver whether nobody wants to know any more
 * @returns {Promise<import("./outcome.js").Outcome>}
 */
export const listen = async ({block, show, pause, isOver}) => {
  const tally = new LevelTally();
  while (!tally.isEnough && tally.blocks * BLOCK_MS < PATIENCE_MS && !isOver()) {
    await pause();
    show(meterPosition(tally.take(block())));
  }
  show(0);
  return tally.judge();
};
