/** What the microphone heard before the session was ready: bounded, in order, the oldest let go first. Pure. */

/** Quieter than this (-30 dB at its loudest) nobody spoke. */
const SPEECH_LEVEL = 0.03;
/** Samples looked at: speech is loud for longer than that. */
const STEP = 8;

export class FrameBacklog {
  /** @param {number} limit in frames */
  constructor(limit) {
    this._limit = limit;
    /** @type {ArrayBuffer[]} */
    this._frames = [];
    this.dropped = 0;
    /** Frames among those in which somebody may have spoken. */
    this.lost = 0;
  }

  get length() {
    return this._frames.length;
  }

  /** @param {ArrayBuffer} frame */
  keep(frame) {
    this._frames.push(frame);
    if (this._frames.length > this._limit) {
      const oldest = /** @type {ArrayBuffer} */ (this._frames.shift());
      this.dropped += 1;
      this.lost += isLoud(oldest) ? 1 : 0;
    }
  }

  /** They were handed over, and are to be once more: before everything that came since. @param {ArrayBuffer[]} frames */
  putBack(frames) {
    [...frames, ...this._frames.splice(0)].forEach((frame) => this.keep(frame));
  }

  /** Nobody is to have what was kept. */
  forget() {
    this._frames = [];
  }

  /** Hand everything over, oldest first. @param {(frame: ArrayBuffer) => void} take */
  drain(take) {
    this._frames.splice(0).forEach((frame) => take(frame));
  }

  /** How many frames of speech were let go of since this was asked last. */
  takeLost() {
    const {lost} = this;
    this.lost = 0;
    return lost;
  }
}

/** @param {ArrayBuffer} frame of PCM16 */
const isLoud = (frame) => {
  const samples = new Int16Array(frame);
  for (let at = 0; at < samples.length; at += STEP) {
    if (Math.abs(samples[at]) > SPEECH_LEVEL * 32768) {
      return true;
    }
  }
  return false;
};
