/** Ears and mouth of one voice session: the microphone and the player on one audio stage. */

import {AudioStage} from "./audio-stage.js";
import {FrameBacklog} from "./frame-backlog.js";
import {Microphone} from "./microphone.js";
import {Player} from "./player.js";
import {FRAME_SAMPLES, SPEECH_RATE} from "./vocabulary.js";

/** What is said while a session is being opened is kept this long. */
const BACKLOG_SECONDS = 6;

/**
 * @typedef {object} VoiceListener
 * @property {() => void} onLost the microphone went away
 * @property {(item: string) => void} onPlaying which item sounds; empty when none does
 */

export class VoiceIo {
  /**
   * Call inside the person's gesture. Throws a Problem where voice cannot be had.
   * @param {import("./audio-stage.js").WorkletUrls} worklets
   * @param {VoiceListener} listener
   */
  constructor(worklets, listener) {
    this._stage = new AudioStage(worklets);
    this.player = new Player(this._stage, listener);
    this._backlog = new FrameBacklog((BACKLOG_SECONDS * SPEECH_RATE) / FRAME_SAMPLES);
    /** @type {((frame: ArrayBuffer) => void) | null} */
    this._send = null;
    this._microphone = new Microphone(this._stage, {
      onFrame: (frame) => (this._send ? this._send(frame) : this._backlog.keep(frame)),
      onLost: listener.onLost,
    });
    this._onVisible = () => this._stage.wake();
    document.addEventListener("visibilitychange", this._onVisible);
  }

  /** Rejects with a Problem. */
  async open() {
    await Promise.all([this._microphone.open(), this.player.open()]);
  }

  /** Hand every frame to `send`, first those that were kept. @param {(frame: ArrayBuffer) => void} send */
  stream(send) {
    this._backlog.drain(send);
    this._send = send;
  }

  /** From now on every frame is kept for the next `stream`. */
  hold() {
    this._send = null;
  }

  get levels() {
    return {assistant: this.player.level, user: this._microphone.level};
  }

  get muted() {
    return this._microphone.muted;
  }

  set muted(muted) {
    this._microphone.muted = muted;
  }

  close() {
    document.removeEventListener("visibilitychange", this._onVisible);
    this._microphone.close();
    this.player.close();
    this._stage.close();
  }
}
