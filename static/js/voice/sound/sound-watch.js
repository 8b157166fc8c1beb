/** Watches over the audio context: tells when the browser holds it back, and when it runs again. */

import {SoundPulse} from "./sound-pulse.js";

const LOOK_MS = 500;

export class SoundWatch {
  /**
   * @param {import("./audio-stage.js").AudioStage} stage
   * @param {{onSuspended: (suspended: boolean) => void, onSeen: () => void}} listener `onSeen`: the page is in sight again
   */
  constructor(stage, listener) {
    this._stage = stage;
    this._listener = listener;
    this._pulse = new SoundPulse();
    this._suspended = false;
    this._timer = setInterval(() => this._look(), LOOK_MS);
    this._onVisible = () => this._seen();
    document.addEventListener("visibilitychange", this._onVisible);
  }

  get suspended() {
    return this._suspended;
  }

  /** It was tapped, or the context is another one: it has its time to begin. */
  reset() {
    this._pulse.reset();
    this._tell(false);
  }

  close() {
    clearInterval(this._timer);
    document.removeEventListener("visibilitychange", this._onVisible);
    this._tell(false);
  }

  _seen() {
    if (document.visibilityState === "visible") {
      this._stage.wake();
      this._listener.onSeen();
    }
  }

  _look() {
    const still = this._pulse.look(this._stage.context);
    // Some browsers let it go on without a tap: after a call, for example.
    if (still && !this._suspended) {
      this._stage.wake();
    }
    this._tell(still);
  }

  /** @param {boolean} suspended */
  _tell(suspended) {
    // As long as it lasts it is told again: a session that began anew meanwhile would not know.
    if (suspended || this._suspended) {
      this._suspended = suspended;
      this._listener.onSuspended(suspended);
    }
  }
}
