/** The audio context that the microphone and the player share, at the device's own rate. */

import {Problem} from "../problem.js";

/** @typedef {string} WorkletUrl the one module that registers both processors */

/** Processors that were told to end have done so by then. */
const ENDING_MS = 100;

export class AudioStage {
  /**
   * Call inside the person's gesture: Safari lets no other context sound.
   * @param {WorkletUrl} worklets
   */
  constructor(worklets) {
    this._worklets = worklets;
    this._tellPhone("play-and-record");
    this._context = this._make();
    /** Settles when both processors are there. @type {Promise<void>} */
    this.ready = this._prepare();
  }

  get context() {
    return this._context;
  }

  /**
   * Load the processors into `context`.
   * @param {AudioContext} context
   */
  async load(context) {
    try {
      await context.audioWorklet.addModule(this._worklets);
    } catch (error) {
      throw new Problem("browser_too_old", {retryable: false});
    }
  }

  /** Phones stop the context for a call or a lock screen; it may start again once the page is looked at. */
  wake() {
    if (this._context.state !== "running" && this._context.state !== "closed") {
      this._context.resume().catch(() => undefined);
    }
  }

  /** Another context in place of one that does not come back. What was connected to that one is to be connected anew. */
  renew() {
    const stuck = this._context;
    this._context = this._make();
    this.ready = this._prepare();
    stuck.close().catch(() => undefined);
    return this.ready;
  }

  /** Chromium keeps a context for ever that is closed before its processors have ended, with all that hangs on it. */
  async close() {
    this._tellPhone("auto");
    await new Promise((resolve) => setTimeout(resolve, ENDING_MS));
    if (this._context.state !== "closed") {
      await this._context.close();
    }
  }

  /** @returns {AudioContext} */
  _make() {
    /** @type {typeof AudioContext | undefined} */
    const Context = window.AudioContext || Reflect.get(window, "webkitAudioContext");
    if (!Context || !window.AudioWorkletNode) {
      throw new Problem(window.isSecureContext ? "browser_too_old" : "insecure_context", {retryable: false});
    }
    // No rate is forced: Firefox and Bluetooth headsets fail or stutter on any but their own.
    const context = new Context({latencyHint: "interactive"});
    context.resume().catch(() => undefined);
    return context;
  }

  _prepare() {
    const ready = this.load(this._context);
    // Whoever needs the worklets awaits `ready`; a stage given up before must not count as an unhandled rejection.
    ready.catch(() => undefined);
    return ready;
  }

  /** iPhones play through the ear piece, or not at all beside a microphone, unless they are told. @param {string} type */
  _tellPhone(type) {
    const session = Reflect.get(navigator, "audioSession");
    if (session) {
      session.type = type;
    }
  }
}
