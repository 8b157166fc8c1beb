/** Which sound belongs to which turn: what was sent and what was received, cut by the events of the session. Pure. */

import {SentAudio} from "./sent-audio.js";

/** Voice detection tells the beginning late and cuts it close. */
const PRE_ROLL_MS = 200;
/** Detection is never further behind than this; a time beyond it is of a clock that began later, of another upstream. */
const FURTHEST_BEHIND_MS = 10000;
/** Where no time can be believed: so long before its event did the turn begin. */
const USUAL_DELAY_MS = 700;

/** @typedef {import("./replay-memory.js").ReplayMemory} ReplayMemory */

export class TurnSounds {
  /** @param {ReplayMemory} memory @param {(itemId: string) => void} onWhole told when the sound of an item is complete */
  constructor(memory, onWhole) {
    this._memory = memory;
    this._onWhole = onWhole;
    this._sent = new SentAudio();
    /** Where the turn under way begins, in ms of what was sent; -1 when nobody was heard to begin. */
    this._start = -1;
    this._end = -1;
    /** Until where what was sent is part of earlier turns. */
    this._closedTo = 0;
  }

  /** Another socket: the server counts from its first sample. What was sent on the one before is forgotten. */
  begin() {
    this._sent = new SentAudio();
    this._start = this._end = -1;
    this._closedTo = 0;
  }

  /** @param {ArrayBuffer} frame is kept */
  sent(frame) {
    this._sent.keep(frame);
  }

  /** @param {string} itemId @param {ArrayBuffer} pcm of an answer; is kept */
  received(itemId, pcm) {
    this._memory.keep(itemId, pcm);
  }

  /** No more of it is to come. @param {string} itemId */
  finished(itemId) {
    if (!this._memory.has(itemId) && this._memory.finish(itemId)) {
      this._onWhole(itemId);
    }
  }

  /** Take one server event. @param {any} event */
  apply(event) {
    if (event.type === "input_audio_buffer.speech_started") {
      this._start = this._placed(event.audio_start_ms, USUAL_DELAY_MS) - PRE_ROLL_MS;
      this._end = -1;
    } else if (event.type === "input_audio_buffer.speech_stopped") {
      this._end = this._placed(event.audio_end_ms, 0);
    } else if (event.type === "input_audio_buffer.committed") {
      this._committed(event.item_id);
    } else if (event.type === "input_audio_buffer.cleared") {
      this._closeTurn(this._sent.ms);
    }
  }

  /** @param {string} itemId */
  _committed(itemId) {
    const end = this._end < 0 ? this._sent.ms : this._end;
    const start = Math.max(this._closedTo, this._start < 0 ? this._closedTo : this._start);
    const pcm = this._sent.slice(start, end);
    if (itemId && pcm.byteLength > 0) {
      this._memory.keep(itemId, pcm);
      this.finished(itemId);
    }
    this._closeTurn(end);
  }

  /** @param {number} ms */
  _closeTurn(ms) {
    this._closedTo = ms;
    this._start = this._end = -1;
  }

  /** A time of the server's in ms of what was sent. @param {unknown} told @param {number} delay */
  _placed(told, delay) {
    const now = this._sent.ms;
    const believable = typeof told === "number" && told <= now && told >= now - FURTHEST_BEHIND_MS;
    return believable ? /** @type {number} */ (told) : Math.max(0, now - delay);
  }
}
