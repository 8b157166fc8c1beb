/** Notices when the assistant interrupts itself: speech within its own that turns out to be nobody's. Pure. */

const ENOUGH = 2;
/** Words that are not there after this time will not come any more. */
const WORDS_TAKE_MS = 6000;

const TRANSCRIBED = "conversation.item.input_audio_transcription.completed";
const FAILED = "conversation.item.input_audio_transcription.failed";

export class SelfInterruptions {
  /** @param {() => void} onEnough told once, at the second @param {() => number} [clock] in milliseconds */
  constructor(onEnough, clock = () => performance.now()) {
    this._onEnough = onEnough;
    this._clock = clock;
    /** Speech within an answer of which nothing is known yet: by item, when it began. @type {Map<string, number>} */
    this._suspects = new Map();
    this._count = 0;
  }

  /** Take one server event. @param {any} event @param {boolean} isPlaying the assistant can be heard */
  apply(event, isPlaying) {
    if (event.type === "input_audio_buffer.speech_started") {
      this._began(event.item_id || "", isPlaying);
    } else if (event.type === "input_audio_buffer.cleared") {
      this._suspects.forEach((_began, itemId) => this._wasNobody(itemId));
    } else if (event.type === TRANSCRIBED && (event.transcript || "").trim()) {
      this._wasSomebody(event.item_id);
    } else if (event.type === TRANSCRIBED || event.type === FAILED || isHidden(event)) {
      this._wasNobody(event.item_id);
    }
  }

  /** @param {string} itemId @param {boolean} isPlaying */
  _began(itemId, isPlaying) {
    const now = this._clock();
    this._suspects.forEach((began, earlier) => now - began > WORDS_TAKE_MS && this._wasNobody(earlier));
    if (isPlaying) {
      this._suspects.set(itemId, now);
    }
  }

  /** @param {string} itemId */
  _wasSomebody(itemId) {
    if (this._suspects.delete(itemId)) {
      this._count = 0;
    }
  }

  /** @param {string} itemId */
  _wasNobody(itemId) {
    if (!this._suspects.delete(itemId)) {
      return;
    }
    this._count += 1;
    if (this._count === ENOUGH) {
      this._onEnough();
    }
  }
}

/** Stored as a turn in which nothing was said. @param {any} event */
const isHidden = (event) => event.type === "voiceassist.message.saved" && event.hidden === true;
