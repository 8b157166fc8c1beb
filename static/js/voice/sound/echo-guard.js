/** Half duplex: while the assistant can be heard, and shortly after, the microphone is not to be. Pure. */

/** Rooms and loudspeakers sound on for a while. */
const TAIL_MS = 200;

export class EchoGuard {
  /** @param {() => number} [clock] in milliseconds */
  constructor(clock = () => performance.now()) {
    this._clock = clock;
    /** Whether it guards at all. */
    this.on = false;
    this._until = -Infinity;
  }

  /**
   * Whether what is heard now has to be replaced by silence.
   * @param {boolean} audible the assistant or a replay sounds, or is about to
   * @param {number} [latencyMs] from the player to the ear
   */
  silences(audible, latencyMs = 0) {
    const now = this._clock();
    if (audible) {
      this._until = now + latencyMs + TAIL_MS;
    }
    return this.on && now < this._until;
  }
}
