/** Watches a socket while voice is on: asks for signs of life, measures, and notices when nobody is there any more. */

import {Arrivals} from "./arrivals.js";
import {ConnectionQuality} from "./connection-quality.js";
import {RoundTrips} from "./round-trips.js";

const LOOK_MS = 1000;
const LOOKS_PER_PING = 2;
/**
 * A network that went away without a word: its sockets stay open for minutes. After so many looks in a row that saw no
 * frame of any kind it is taken for lost. Looks are counted, not time: a page that stood still was itself not there.
 */
const GONE_LOOKS = 6;
/** Of a first ping without an answer nothing is said for so long. */
const PATIENCE_MS = 2000;

/**
 * @typedef {object} Watched
 * @property {(event: {type: string, id: string}) => void} send
 * @property {() => number} waiting bytes that the network has not taken yet
 * @property {(quality: string) => void} onQuality
 * @property {() => void} onGone
 */

export class ConnectionWatch {
  /** @param {Watched} watched @param {() => number} [now] milliseconds */
  constructor(watched, now = () => performance.now()) {
    this._watched = watched;
    this._trips = new RoundTrips(now);
    this._arrivals = new Arrivals(now);
    this._quality = new ConnectionQuality();
    this._looks = 0;
    /** Looks since the last frame. */
    this._silent = 0;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this._timer = undefined;
  }

  /** Watch, or do not; saying the same twice changes nothing. @param {boolean} on */
  set on(on) {
    // Without a page nobody looks, and a timer would keep the program that runs this alive.
    if (on === (this._timer !== undefined) || typeof document === "undefined") {
      return;
    }
    clearInterval(this._timer);
    this._timer = undefined;
    if (on) {
      this._trips.begin();
      this._quality.begin();
      this._looks = 0;
      this._timer = setInterval(() => this.look(), LOOK_MS);
      // The look that begins is none.
      this._silent = -1;
      this.look();
    }
  }

  /** A frame came, whichever: somebody is there. */
  alive() {
    this._silent = 0;
  }

  /** @param {string} id of a `voiceassist.pong` */
  answered(id) {
    this._trips.answered(id);
    if (!isUnseen()) {
      this._judge();
    }
  }

  /** Sound came. @param {string} item @param {number} bytes */
  heard(item, bytes) {
    this._arrivals.frame(item, bytes);
  }

  get figures() {
    const trip = this._trips.latest;
    return {roundTripMs: trip === null ? null : Math.round(trip), packetGapMs: Math.round(this._arrivals.gap)};
  }

  /** Called once a second. A page that nobody looks at is slowed down by its browser, and would measure that. */
  look() {
    const isHidden = isUnseen();
    this._silent = isHidden ? 0 : this._silent + 1;
    if (this._silent >= GONE_LOOKS) {
      this._watched.onGone();
      return;
    }
    if (this._looks % LOOKS_PER_PING === 0) {
      // Also when nobody looks: it says what has come, and the server need not keep that any longer.
      this._watched.send(this._trips.ping());
    }
    this._looks += 1;
    if (isHidden) {
      this._trips.begin();
    } else {
      this._judge();
    }
  }

  _judge() {
    const {latest, overdue} = this._trips;
    this._watched.onQuality(
      this._quality.look({
        // Of an answer that has not come yet it is known that it takes this long at least.
        roundTrip: latest === null && overdue < PATIENCE_MS ? null : Math.max(latest || 0, overdue),
        behind: this._arrivals.behind,
        waiting: this._watched.waiting(),
      }),
    );
  }
}

const isUnseen = () => typeof document === "undefined" || document.visibilityState === "hidden";
