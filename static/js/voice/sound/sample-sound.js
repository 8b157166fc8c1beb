/** Plays one short piece of speech that is there as a whole. */

import {Problem} from "../problem.js";
import {SPEECH_RATE} from "../vocabulary.js";

export class SampleSound {
  /**
   * Call inside the person's gesture: Safari lets no other context sound. Throws a Problem where there is none.
   * @param {{speaker: string, volume: number}} devices the id of a device, empty for the system's own; 0 to 1
   */
  constructor({speaker, volume}) {
    /** @type {typeof AudioContext | undefined} */
    const Context = window.AudioContext || Reflect.get(window, "webkitAudioContext");
    if (!Context) {
      throw new Problem("browser_too_old", {retryable: false});
    }
    this._context = new Context();
    this._context.resume().catch(() => undefined);
    this._routed = this._route(speaker);
    this._volume = this._context.createGain();
    this._volume.gain.value = volume;
    this._volume.connect(this._context.destination);
  }

  /** Resolves when it was heard. @param {ArrayBuffer[]} pcm PCM16 at 24 kHz, in order */
  async play(pcm) {
    await this._routed;
    const buffer = bufferOf(this._context, pcm);
    const source = this._context.createBufferSource();
    source.buffer = buffer;
    source.connect(this._volume);
    await new Promise((resolve) => {
      source.onended = resolve;
      source.start();
    });
  }

  close() {
    if (this._context.state !== "closed") {
      this._context.close().catch(() => undefined);
    }
  }

  /** Where the speaker is gone, or cannot be chosen, the system's own is used. @param {string} speaker */
  async _route(speaker) {
    const context = /** @type {any} */ (this._context);
    if (speaker && context.setSinkId) {
      await context.setSinkId(speaker).catch(() => undefined);
    }
  }
}

/** @param {AudioContext} context @param {ArrayBuffer[]} pcm */
const bufferOf = (context, pcm) => {
  const chunks = pcm.map((chunk) => new Int16Array(chunk, 0, chunk.byteLength >> 1));
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const buffer = context.createBuffer(1, Math.max(1, length), SPEECH_RATE);
  const samples = buffer.getChannelData(0);
  let at = 0;
  for (const chunk of chunks) {
    for (let index = 0; index < chunk.length; index += 1) {
      samples[at + index] = chunk[index] / 32768;
    }
    at += chunk.length;
  }
  return buffer;
};
