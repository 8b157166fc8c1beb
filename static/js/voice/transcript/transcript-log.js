/** The lines of a running conversation, keyed by item and kept in spoken order, from server events alone. Pure. */

import {LineStatus} from "../vocabulary.js";
import {heardPart, heardShare} from "./heard-part.js";
import {OrderedLines, SETTLED} from "./ordered-lines.js";

/** @typedef {import("../vocabulary.js").Line} Line */
/** @typedef {import("./ordered-lines.js").LineChange} LineChange */

export class TranscriptLog extends OrderedLines {
  /** @param {() => Date} [clock] */
  constructor(clock = () => new Date()) {
    super(clock);
    /** Typed turns that no server has confirmed yet, oldest first. @type {string[]} */
    this._unconfirmed = [];
    /** Items that are no speech of anybody (idle timeouts). @type {Set<string>} */
    this._ignored = new Set();
    /** Items whose heard part is settled: later words of them were never heard. @type {Set<string>} */
    this._cut = new Set();
    /**
     * Answers whose heard part is reckoned on this side, until the server tells it: all their words, and how much of
     * their sound was heard.
     * @type {Map<string, {whole: string, heardMs: number, receivedMs: number}>}
     */
    this._reckoned = new Map();
    /** The line of somebody who is speaking this moment, before it is known to be a turn. */
    this._speaking = "";
    /** Which response an answer belongs to. @type {Map<string, string>} */
    this._responses = new Map();
    /** Sessions and upstreams so far. Each names its items by itself, and may use a name that another used. */
    this._life = 0;
    /** In which life a line was placed. @type {Map<string, number>} */
    this._born = new Map();
  }

  /** Another session or upstream begins. What somebody was saying will be announced again. */
  beginLife() {
    this._life += 1;
    this._stopSpeaking();
    return this._takeChanges();
  }

  /**
   * A turn the person typed. Shown at once, confirmed by the server later; said again when it is sent once more.
   * @param {string} itemId
   * @param {string} text
   */
  typed(itemId, text) {
    if (!this._unconfirmed.includes(itemId)) {
      this._unconfirmed.push(itemId);
    }
    if (this._lines.has(itemId)) {
      this._change(itemId, {status: LineStatus.FINAL, off_record: this.offRecord});
    } else {
      this._place(itemId, {role: "user", modality: "text", status: LineStatus.FINAL, text});
    }
    return this._takeChanges();
  }

  /** Typed turns that never reached the server, but for those that still wait to be sent. @param {string[]} [waiting] */
  unsent(waiting = []) {
    const lost = this._unconfirmed.filter((itemId) => !waiting.includes(itemId));
    this._unconfirmed = waiting.slice();
    for (const itemId of lost) {
      this._change(itemId, {status: LineStatus.UNSENT});
    }
    return this._takeChanges();
  }

  /** The session is over: an answer still on its way was cut off. */
  settle() {
    this._stopSpeaking();
    for (const {item_id, role, status, text, unheard_text, off_record} of this.lines) {
      const isOpen = status === LineStatus.PARTIAL || status === LineStatus.PENDING;
      if (role === "assistant" && isOpen) {
        this._close(item_id, LineStatus.INTERRUPTED);
      } else if (this._reckoned.has(item_id) && !text && !unheard_text) {
        this._remove(item_id);
      } else if (isOpen && off_record) {
        // Nothing of it is kept, so nobody will bring its words later.
        this._change(item_id, {status: text ? LineStatus.FINAL : LineStatus.FAILED});
      } else if (isOpen) {
        this._change(item_id, {status: LineStatus.PENDING});
      }
    }
    return this._takeChanges();
  }

  /**
   * The sound of an answer was stopped.
   * @param {string} itemId
   * @param {number} heardMs
   * @param {number} receivedMs
   */
  cut(itemId, heardMs, receivedMs) {
    const line = this._lines.get(itemId);
    if (line) {
      if (!this._cut.has(itemId) && !this._reckoned.has(itemId)) {
        this._reckoned.set(itemId, {whole: line.text, heardMs, receivedMs});
        this._change(itemId, heardShare(line.text, heardMs, receivedMs));
      }
      this._change(itemId, {status: LineStatus.INTERRUPTED});
    }
    return this._takeChanges();
  }

  /** No sound of an answer will come, if it is not over already. @param {string} itemId */
  unheard(itemId) {
    const line = this._lines.get(itemId);
    return line && line.text && !SETTLED.has(line.status) ? this.cut(itemId, 0, 0) : [];
  }

  /** Let go of everything that was said off the record. */
  forget() {
    this.lines.filter((line) => line.off_record).forEach((line) => this._remove(line.item_id));
    return this._takeChanges();
  }

  /** Whether anything of this response was said. @param {string} responseId */
  hasWordsOf(responseId) {
    return this.lines.some(({item_id, text, unheard_text}) => text + unheard_text !== "" && this._responses.get(item_id) === responseId);
  }

  /**
   * Take one server event; returns what it changed.
   * @param {any} event
   * @returns {LineChange[]}
   */
  apply(event) {
    const handler = HANDLERS[event.type];
    if (handler) {
      handler(this, event);
    }
    return this._takeChanges();
  }

  /** @param {any} item @param {string | null | undefined} previous */
  itemAdded(item, previous) {
    if (!item || item.type !== "message" || (item.role !== "user" && item.role !== "assistant")) {
      return;
    }
    if (item.role === "user" && isTyped(item)) {
      this._confirm(item.id);
    } else if (item.role === "assistant" && !this._lines.has(item.id)) {
      return;
    }
    this._follow(item.id, previous);
  }

  /** Somebody is heard: their turn has its place from the first word. @param {string | undefined} itemId */
  userSpeaks(itemId) {
    this._stopSpeaking();
    if (itemId && !this._ignored.has(itemId)) {
      this._makeRoom(itemId);
      if (!this._lines.has(itemId)) {
        this._place(itemId, {role: "user", modality: "audio", status: LineStatus.PARTIAL});
        this._speaking = itemId;
      }
    }
  }

  /** What was being said has come to nothing. */
  userUnsaid() {
    this._stopSpeaking();
  }

  /** @param {string} itemId @param {string | null | undefined} previous */
  userCommitted(itemId, previous) {
    if (this._speaking !== itemId) {
      this._stopSpeaking();
    }
    this._speaking = "";
    if (this._ignored.has(itemId)) {
      return;
    }
    this._makeRoom(itemId);
    const known = this._lines.get(itemId);
    if (!known) {
      this._place(itemId, {role: "user", modality: "audio", status: LineStatus.PENDING}, previous);
      return;
    }
    if (known.status === LineStatus.PARTIAL && !known.text) {
      this._change(itemId, {status: LineStatus.PENDING});
    }
    this._follow(itemId, previous);
  }

  /** @param {string} itemId @param {string} text @param {boolean} isFinal */
  userWords(itemId, text, isFinal) {
    if (this._ignored.has(itemId)) {
      return;
    }
    if (!this._lines.has(itemId)) {
      this._place(itemId, {role: "user", modality: "audio", status: LineStatus.PARTIAL});
    }
    const before = /** @type {Line} */ (this._lines.get(itemId));
    if (isFinal && !text.trim()) {
      this._remove(itemId);
    } else if (isFinal) {
      this._change(itemId, {status: LineStatus.FINAL, text: text.trim()});
    } else if (!SETTLED.has(before.status)) {
      this._change(itemId, {status: LineStatus.PARTIAL, text: (before.text + text).replace(/^\s+/, "")});
    }
  }

  /** @param {string} itemId */
  userFailed(itemId) {
    if (this._ignored.has(itemId)) {
      return;
    }
    if (!this._lines.has(itemId)) {
      this._place(itemId, {role: "user", modality: "audio", status: LineStatus.FAILED});
    } else {
      this._change(itemId, {status: LineStatus.FAILED, text: ""});
    }
  }

  /** @param {any} item @param {string | undefined} responseId */
  answerBegan(item, responseId) {
    if (!item || item.type !== "message" || item.role !== "assistant") {
      return;
    }
    this._makeRoom(item.id);
    this._responses.set(item.id, responseId || "");
    if (!this._lines.has(item.id)) {
      this._place(item.id, {role: "assistant", modality: "text", status: LineStatus.PARTIAL});
    }
  }

  /** @param {string} itemId @param {"text" | "audio"} modality */
  answerSounds(itemId, modality) {
    this._change(itemId, {modality});
  }

  /** @param {string} itemId @param {string} text @param {boolean} whole */
  answerWords(itemId, text, whole) {
    const line = this._lines.get(itemId);
    const reckoned = this._reckoned.get(itemId);
    if (reckoned) {
      reckoned.whole = whole ? text : reckoned.whole + text;
      this._change(itemId, heardShare(reckoned.whole, reckoned.heardMs, reckoned.receivedMs));
    } else if (line && !this._cut.has(itemId)) {
      this._change(itemId, {text: whole ? text : line.text + text});
    }
  }

  /** @param {string} itemId @param {string} status of the item */
  answerDone(itemId, status) {
    this._close(itemId, status === "incomplete" ? LineStatus.INTERRUPTED : LineStatus.FINAL);
  }

  /** A response is over, and so is every answer of it that nobody closed. @param {any} response */
  responseDone({id, status} = {}) {
    for (const {item_id, role} of this.lines) {
      if (role === "assistant" && id && this._responses.get(item_id) === id) {
        this._close(item_id, status === "completed" ? LineStatus.FINAL : LineStatus.INTERRUPTED);
      }
    }
  }

  /** @param {string} itemId @param {string | undefined} heard the words truly heard, when the server knows them */
  answerCut(itemId, heard) {
    const line = this._lines.get(itemId);
    if (!line) {
      return;
    }
    const {whole} = this._reckoned.get(itemId) || {whole: line.text};
    const split = typeof heard === "string" && !this._cut.has(itemId) ? heardPart(whole, heard) : {};
    if (typeof heard === "string") {
      this._heardIsKnown(itemId);
    }
    this._change(itemId, {...split, status: LineStatus.INTERRUPTED});
  }

  /** @param {string} itemId */
  deleted(itemId) {
    this._remove(itemId);
  }

  /** Nobody said this. @param {string} itemId */
  ignore(itemId) {
    this._ignored.add(itemId);
    this._remove(itemId);
  }

  /** @param {any} event */
  saved(event) {
    const line = this._lines.get(event.item_id);
    if (!line) {
      return;
    }
    this._unconfirmed = this._unconfirmed.filter((itemId) => itemId !== event.item_id);
    // An answer that was cut off stays so: a saving from before the cut may be told after it.
    const overtaken = line.status === LineStatus.INTERRUPTED && event.status === LineStatus.FINAL;
    const isSettled = SETTLED.has(event.status) && !overtaken;
    if (event.hidden || (isSettled && saysNothing(event))) {
      this._remove(event.item_id);
      return;
    }
    /** @type {Partial<Line>} */
    const change = {message_id: event.message_id || line.message_id};
    if (isSettled) {
      change.status = event.status;
      if (typeof event.text === "string") {
        change.text = event.text;
        change.unheard_text = event.unheard_text || "";
      }
      if (event.status === LineStatus.INTERRUPTED) {
        this._heardIsKnown(event.item_id);
      }
    }
    this._change(event.item_id, change);
  }

  /** A server may give a typed turn an id of its own: the oldest unconfirmed one is meant. @param {string} itemId */
  _confirm(itemId) {
    const at = this._unconfirmed.indexOf(itemId);
    if (at < 0 && this._lines.has(itemId)) {
      return; // announced once more
    }
    const [ours] = this._unconfirmed.splice(Math.max(0, at), 1);
    if (ours !== undefined && ours !== itemId) {
      this._rename(ours, itemId);
    }
  }

  /** A line of an earlier life gives its name to a new item, if it has the same. @param {string} itemId */
  _makeRoom(itemId) {
    const line = this._lines.get(itemId);
    const born = this._born.get(itemId) || 0;
    if (line && SETTLED.has(line.status) && born < this._life) {
      this._rename(itemId, `${itemId}~${born}`);
      this._cut.delete(itemId);
      this._reckoned.delete(itemId);
    }
    if (!this._lines.has(itemId)) {
      this._born.set(itemId, this._life);
    }
  }

  /** The server has told what was heard of an answer. @param {string} itemId */
  _heardIsKnown(itemId) {
    this._cut.add(itemId);
    this._reckoned.delete(itemId);
  }

  /** The line of whoever was speaking goes, unless words have come of it. */
  _stopSpeaking() {
    const line = this._lines.get(this._speaking);
    if (line && line.status === LineStatus.PARTIAL && !line.text) {
      this._remove(this._speaking);
    }
    this._speaking = "";
  }

  /** @param {string} itemId @param {string} status */
  _close(itemId, status) {
    const line = this._lines.get(itemId);
    if (!line || SETTLED.has(line.status)) {
      return;
    }
    if (!line.text.trim()) {
      this._remove(itemId);
    } else {
      this._change(itemId, {status});
    }
  }
}

/** @type {(item: any) => boolean} */
const isTyped = (item) => Array.isArray(item.content) && item.content.some((/** @type {any} */ part) => part.type === "input_text");

/** Stored as a turn in which nothing was said, which is shown to nobody. @type {(saved: any) => boolean} */
const saysNothing = ({status, text, unheard_text}) => status !== LineStatus.FAILED && text === "" && !unheard_text;

/** @type {Record<string, (log: TranscriptLog, event: any) => void>} */
const HANDLERS = {
  "conversation.item.added": (log, event) => log.itemAdded(event.item, event.previous_item_id),
  "conversation.item.deleted": (log, event) => log.deleted(event.item_id),
  "conversation.item.truncated": (log, event) => log.answerCut(event.item_id, event.transcript),
  "conversation.item.input_audio_transcription.delta": (log, event) => log.userWords(event.item_id, event.delta || "", false),
  "conversation.item.input_audio_transcription.completed": (log, event) =>
    log.userWords(event.item_id, event.transcript || "", true),
  "conversation.item.input_audio_transcription.failed": (log, event) => log.userFailed(event.item_id),
  "input_audio_buffer.speech_started": (log, event) => log.userSpeaks(event.item_id),
  "input_audio_buffer.committed": (log, event) => log.userCommitted(event.item_id, event.previous_item_id),
  "input_audio_buffer.cleared": (log) => log.userUnsaid(),
  "input_audio_buffer.timeout_triggered": (log, event) => log.ignore(event.item_id),
  "response.output_item.added": (log, event) => log.answerBegan(event.item, event.response_id),
  "response.content_part.added": (log, event) =>
    log.answerSounds(event.item_id, event.part && event.part.type === "audio" ? "audio" : "text"),
  "response.output_text.delta": (log, event) => log.answerWords(event.item_id, event.delta || "", false),
  "response.output_text.done": (log, event) => log.answerWords(event.item_id, event.text || "", true),
  "response.output_audio_transcript.delta": (log, event) => log.answerWords(event.item_id, event.delta || "", false),
  "response.output_audio_transcript.done": (log, event) => log.answerWords(event.item_id, event.transcript || "", true),
  "response.output_item.done": (log, event) => event.item && log.answerDone(event.item.id, event.item.status),
  "response.done": (log, event) => log.responseDone(event.response),
  "voiceassist.message.saved": (log, event) => log.saved(event),
};
