/** How long the way to the server and back takes, from pings that it answers. Pure. */

/** What is not answered within this is not waited for any more. */
const REMEMBERED = 8;

export class RoundTrips {
  /** @param {() => number} now milliseconds of a clock that never goes back */
  constructor(now) {
    this._now = now;
    this._serial = 0;
    /** When each ping was sent that is not answered yet, oldest first. @type {Map<string, number>} */
    this._open = new Map();
    /** Milliseconds of the latest one; null before the first. @type {number | null} */
    this.latest = null;
  }

  /** Another socket: what the last one did not answer will not be answered. */
  begin() {
    this._open.clear();
    this.latest = null;
  }

  /** The event to send now. */
  ping() {
    this._serial += 1;
    const id = `ping_${this._serial}`;
    this._open.set(id, this._now());
    if (this._open.size > REMEMBERED) {
      this._open.delete(/** @type {string} */ (this._open.keys().next().value));
    }
    return {type: "voiceassist.ping", id};
  }

  /** @param {string} id of a `voiceassist.pong` */
  answered(id) {
    const sent = this._open.get(id);
    if (sent !== undefined) {
      this.latest = this._now() - sent;
      // Answers come in the order of their questions: what was asked before is not answered any more.
      for (const [other, at] of this._open) {
        if (at <= sent) {
          this._open.delete(other);
        }
      }
    }
  }

  /** For how many milliseconds an answer has been waited for; 0 when none is due. */
  get overdue() {
    const [sent] = this._open.values();
    return sent === undefined ? 0 : this._now() - sent;
  }
}
