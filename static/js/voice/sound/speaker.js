/** Where the assistant's voice goes: its volume, and the loudspeaker that was chosen, where browsers let one choose. */

import {canChooseSpeaker} from "../../lib/media-devices.js";

/** Seconds in which a change of the volume is heard to settle: at once, and without a crackle. */
const RAMP_SECONDS = 0.02;

/** @typedef {{setSinkId?: (id: string) => Promise<void>}} Chooses contexts and elements, in browsers that have it */

export class Speaker {
  /**
   * @param {import("./audio-stage.js").AudioStage} stage
   * @param {{onChanged: () => void}} listener told when the chosen one cannot be used and the system's own is
   */
  constructor(stage, listener) {
    this._stage = stage;
    this._listener = listener;
    this._wished = "";
    this._used = "";
    this._volume = 1;
    /** @type {HTMLAudioElement | null} */
    this._element = null;
    this._closed = false;
    this._gain = this._makeGain();
  }

  /** What sounds is connected to this. @returns {AudioNode} */
  get input() {
    return this._gain;
  }

  /** 0 to 1 */
  set volume(/** @type {number} */ volume) {
    this._volume = volume;
    this._gain.gain.setTargetAtTime(volume, this._stage.context.currentTime, RAMP_SECONDS);
  }

  /** Sound there from now on. Never rejects. @param {string} id empty: the system's own choice */
  async use(id) {
    if (id !== this._wished) {
      this._wished = id;
      await this._route(id);
    }
  }

  /** The devices that are there now. @param {string[]} ids */
  async look(ids) {
    if (this._used && ids.length > 0 && !ids.includes(this._used)) {
      await this._fallBack();
    } else if (this._wished !== this._used && ids.includes(this._wished)) {
      await this._route(this._wished);
    }
  }

  /** The stage has another audio context: what sounds is to be connected to another `input`. */
  async renew() {
    this._letElement();
    this._used = "";
    this._gain = this._makeGain();
    await this._route(this._wished);
  }

  close() {
    this._closed = true;
    this._letElement();
    this._gain.disconnect();
  }

  _makeGain() {
    const gain = this._stage.context.createGain();
    gain.gain.value = this._volume;
    gain.connect(this._stage.context.destination);
    return gain;
  }

  /** @param {string} id */
  async _route(id) {
    if (id === this._used || !canChooseSpeaker()) {
      return;
    }
    try {
      await this._sink(id);
      this._used = id;
    } catch (error) {
      await this._fallBack();
    }
  }

  async _fallBack() {
    // A context that is being closed takes no speaker; nobody has lost one.
    if (this._closed) {
      return;
    }
    this._used = "";
    this._listener.onChanged();
    // The system's own always is there; a refusal of it changes nothing for whoever listens.
    await this._sink("").catch(() => undefined);
  }

  /** @param {string} id */
  async _sink(id) {
    const context = /** @type {AudioContext & Chooses} */ (this._stage.context);
    if (context.setSinkId) {
      await context.setSinkId(id);
    } else if (id) {
      await this._sinkElement(id);
    } else {
      this._letElement();
      this._connectTo(context.destination);
    }
  }

  /** Older browsers let elements choose, not contexts: the sound goes through one. @param {string} id */
  async _sinkElement(id) {
    const element = this._element || new Audio();
    await /** @type {Required<Chooses>} */ (/** @type {unknown} */ (element)).setSinkId(id);
    if (!this._element) {
      const joint = this._stage.context.createMediaStreamDestination();
      element.srcObject = joint.stream;
      await element.play();
      this._element = element;
      this._connectTo(joint);
    }
  }

  /** @param {AudioNode} node */
  _connectTo(node) {
    this._gain.disconnect();
    this._gain.connect(node);
  }

  _letElement() {
    if (this._element) {
      this._element.pause();
      this._element.srcObject = null;
      this._element = null;
    }
  }
}
