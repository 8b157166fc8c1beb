/** The audio context that the microphone and the player share, at the device's own rate. */

import {Problem} from "./problem.js";

/** @typedef {{capture: string, playback: string}} WorkletUrls */

export class AudioStage {
  /**
   * Call inside the person's gesture: Safari lets no other context sound.
   * @param {WorkletUrls} worklets
   */
  constructor(worklets) {
    /** @type {typeof AudioContext | undefined} */
    const Context = window.AudioContext || Reflect.get(window, "webkitAudioContext");
    if (!Context || !window.AudioWorkletNode) {
      throw new Problem(window.isSecureContext ? "browser_too_old" : "insecure_context", {retryable: false});
    }
    // No rate is forced: Firefox and Bluetooth headsets fail or stutter on any but their own.
    this.context = new Context({latencyHint: "interactive"});
    this._worklets = worklets;
    this.context.resume().catch(() => undefined);
    /** Settles when both processors are there. */
    this.ready = this.load(this.context);
    // Whoever needs the worklets awaits `ready`; a stage given up before must not count as an unhandled rejection.
    this.ready.catch(() => undefined);
  }

  /**
   * Load the processors into `context`.
   * @param {AudioContext} context
   */
  async load(context) {
    const {capture, playback} = this._worklets;
    try {
      await Promise.all([context.audioWorklet.addModule(capture), context.audioWorklet.addModule(playback)]);
    } catch (error) {
      throw new Problem("browser_too_old", {retryable: false});
    }
  }

  /** Phones stop the context for a call or a lock screen; it may start again once the page is looked at. */
  wake() {
    if (this.context.state !== "running" && this.context.state !== "closed") {
      this.context.resume().catch(() => undefined);
    }
  }

  async close() {
    if (this.context.state !== "closed") {
      await this.context.close();
    }
  }
}
