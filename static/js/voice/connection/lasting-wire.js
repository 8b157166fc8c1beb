/** The wire of one session. Sockets come and go below it, and neither side loses or doubles what the other said. */

import {randomId} from "../../lib/identifiers.js";
import {SPEECH_RATE} from "../vocabulary.js";
import {SentFrames} from "./sent-frames.js";

/** @typedef {import("./wire.js").Wire} Wire */
/** @typedef {{type: string, [field: string]: any}} ClientEvent */

const BYTES_PER_MS = (2 * SPEECH_RATE) / 1000;

/** Any code but 1000: for the server the session is lost and not left. */
const LOST = 4000;

/** While there is no socket, what is sent waits for the next one, as far as it is kept. */
export class LastingWire {
  constructor() {
    /** @type {Wire | null} */
    this._socket = null;
    this._sent = new SentFrames();
    /** How many frames were sent before each ping that was not answered yet. @type {Map<string, number>} */
    this._pings = new Map();
    /** The last event that was processed. */
    this._lastEventId = "";
    /** The answer whose sound came last, and how much of it. */
    this._item = "";
    this._bytes = 0;
    /** Bytes of it that come a second time: sound is asked for by the millisecond. */
    this._again = 0;
    this._isClosed = false;
    /** A socket was lost, and the server has not said yet whether it goes on: so long nothing else is sent. */
    this._isParted = false;
    /** How many frames a session that is over had taken in, where it has said so. @type {number | null} */
    this._taken = null;
    /** Set once the server has begun a session on it: there is something to go on with. */
    this.hasSession = false;
    /** Frames of sound, each way. */
    this.framesSent = 0;
    this.framesReceived = 0;
  }

  /** Go on through another socket. @param {Wire} socket that is being opened */
  use(socket) {
    this._socket = socket;
  }

  /** Whether what is sent arrives, now or later. */
  get isOpen() {
    return !this._isClosed && (this.hasSession || (this._socket !== null && this._socket.isOpen));
  }

  /** Bytes handed over that the network has not taken yet. @returns {number} */
  get waiting() {
    return (this._socket && this._socket.waiting) || 0;
  }

  /** @param {ClientEvent} event */
  send(event) {
    if (this.isOpen) {
      this._sent.add(event);
      this._pass(event);
    }
  }

  /** @param {ArrayBuffer} pcm */
  sendAudio(pcm) {
    if (this.isOpen) {
      this.framesSent += 1;
      this._sent.add(pcm);
      this._pass(pcm);
    }
  }

  /** Ask for a sign of life, and say what has come: the server need not keep that. @param {ClientEvent} ping */
  ping(ping) {
    this._pings.set(ping.id, this._sent.count);
    this._pass(this._lastEventId ? {...ping, last_event_id: this._lastEventId} : ping);
  }

  /** The server has everything that was sent before that ping. @param {string} id of its pong */
  answered(id) {
    const count = this._pings.get(id);
    if (count !== undefined) {
      this._sent.arrived(count);
      for (const [other, before] of this._pings) {
        if (before <= count) {
          this._pings.delete(other);
        }
      }
    }
  }

  /** An event was processed. @param {ClientEvent} event */
  took(event) {
    // Until the server goes on, and with what it says of that, nothing comes that it keeps.
    if (!this._isParted && event.type !== "voiceassist.resumed") {
      this._lastEventId = event.event_id || this._lastEventId;
      if (event.type === "voiceassist.ended" && Number.isInteger(event.frames)) {
        this._taken = event.frames;
      }
    }
  }

  /** What was sent to a session that was over by then, oldest first; nothing where it is not known what it had. */
  get untaken() {
    return this._taken === null ? [] : this._sent.since(this._taken);
  }

  /** Sound came. @param {string} item @param {ArrayBuffer} pcm @returns {ArrayBuffer} what of it is new */
  takeAudio(item, pcm) {
    this.framesReceived += 1;
    if (item !== this._item) {
      this.forgetSound();
      this._item = item;
    }
    const again = Math.min(this._again, pcm.byteLength);
    this._again -= again;
    this._bytes += pcm.byteLength - again;
    return again > 0 ? pcm.slice(again) : pcm;
  }

  /** Items that come from now on may have the names of earlier ones. */
  forgetSound() {
    this._item = "";
    this._bytes = 0;
    this._again = 0;
  }

  // --- when the socket is lost -------------------------------------------------------------------------------------

  /** Give the socket up, and keep everything for the next one. */
  part() {
    this._isParted = true;
    if (this._socket) {
      this._socket.close(LOST);
      this._socket = null;
    }
  }

  /** First of all on another socket: say how far this side has come. */
  askToResume() {
    const ms = Math.floor(this._bytes / BYTES_PER_MS);
    this._again = this._bytes - ms * BYTES_PER_MS;
    this._pings.clear();
    if (this._socket) {
      this._socket.send({
        type: "voiceassist.resume",
        event_id: randomId("event_"),
        last_event_id: this._lastEventId || null,
        item_id: this._item || null,
        played_ms: ms,
      });
    }
  }

  /**
   * The server goes on: send what it has not got.
   * @param {number} count of the frames that it has
   * @returns {boolean} false when some of the others are not kept any more; then nothing is sent
   */
  resend(count) {
    const missing = this._sent.from(count);
    if (missing === null) {
      return false;
    }
    this._isParted = false;
    this._taken = null;
    this._sent.arrived(count);
    missing.forEach((frame) => this._pass(frame));
    return true;
  }

  /** The server begins anew on this socket, and so does the wire that is returned. This one is over. */
  renewed() {
    const wire = new LastingWire();
    wire._socket = this._socket;
    this._socket = null;
    this.close();
    return wire;
  }

  /** Leave the session. */
  close() {
    this._isClosed = true;
    if (this._socket) {
      this._socket.close();
      this._socket = null;
    }
  }

  /** @param {import("./sent-frames.js").Frame} frame */
  _pass(frame) {
    const socket = this._isParted ? null : this._socket;
    if (socket && frame instanceof ArrayBuffer) {
      socket.sendAudio(frame);
    } else if (socket) {
      socket.send(/** @type {ClientEvent} */ (frame));
    }
  }
}
