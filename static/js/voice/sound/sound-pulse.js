/** Whether an audio context gets on: some stand still although they say that they run. Pure. */

/** So many looks without progress are no accident. */
const STILL_LOOKS = 3;

export class SoundPulse {
  constructor() {
    this._time = -1;
    this._still = 0;
  }

  /**
   * Look at it once; answers whether it stands still.
   * @param {{state: string, currentTime: number}} context
   */
  look({state, currentTime}) {
    const moves = state === "running" && currentTime !== this._time;
    this._time = currentTime;
    this._still = moves ? 0 : this._still + 1;
    return this._still >= STILL_LOOKS;
  }

  /** Another context, or another beginning. */
  reset() {
    this._time = -1;
    this._still = 0;
  }
}
