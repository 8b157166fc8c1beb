/** Microphone blocks at the native rate in, PCM16 frames of 40 ms at 24 kHz with their level out. Pure. */

import {Resampler} from "./resampler.js";

const SPEECH_RATE = 24000;

export class FrameAssembler {
  /**
   * @param {number} inputRate in hertz
   * @param {number} frameSamples
   * @param {(frame: Int16Array, level: number) => void} onFrame is given the frame for keeps; level is its RMS, 0 to 1
   */
  constructor(inputRate, frameSamples, onFrame) {
    this._resampler = new Resampler(inputRate, SPEECH_RATE);
    this._block = new Float32Array(1024);
    this._onFrame = onFrame;
    this._size = frameSamples;
    this._frame = new Int16Array(frameSamples);
    this._filled = 0;
    this._energy = 0;
  }

  /** @param {Float32Array} input */
  push(input) {
    const made = this._resampler.process(input, input.length, this._block);
    for (let i = 0; i < made; i += 1) {
      this._take(this._block[i]);
    }
  }

  /** @param {number} sample */
  _take(sample) {
    const clamped = Math.max(-1, Math.min(1, sample));
    this._frame[this._filled] = Math.round(clamped * 32767);
    this._energy += clamped * clamped;
    this._filled += 1;
    if (this._filled === this._size) {
      const frame = this._frame;
      const level = Math.sqrt(this._energy / this._size);
      // The full frame leaves for the main thread, so its successor is the one allocation per 40 ms.
      this._frame = new Int16Array(this._size);
      this._filled = 0;
      this._energy = 0;
      this._onFrame(frame, level);
    }
  }
}
