/** The lines of a running conversation, keyed by item and kept in spoken order, from server events alone. Pure. */

import {LineStatus} from "./vocabulary.js";
import {heardPart} from "./heard-part.js";

/** @typedef {import("./vocabulary.js").Line} Line */

/** @typedef {{kind: "placed" | "removed", line: Line, before: string}} LineChange `before`: the item that follows, or empty */

/** @type {Set<string>} */
const SETTLED = new Set([LineStatus.FINAL, LineStatus.INTERRUPTED, LineStatus.FAILED]);

export class TranscriptLog {
  /** @param {() => Date} [clock] */
  constructor(clock = () => new Date()) {
    this._clock = clock;
    /** @type {Map<string, Line>} */
    this._lines = new Map();
    /** @type {string[]} */
    this._order = [];
    /** Typed turns that no server has confirmed yet, oldest first. @type {string[]} */
    this._unconfirmed = [];
    /** Items that are no speech of anybody (idle timeouts). @type {Set<string>} */
    this._ignored = new Set();
    /** Items whose heard part is settled: later words of them were never heard. @type {Set<string>} */
    this._cut = new Set();
    /** @type {LineChange[]} */
    this._changes = [];
  }

  /** Every line, in spoken order. @returns {Line[]} */
  get lines() {
    return this._order.map((id) => /** @type {Line} */ (this._lines.get(id)));
  }

  /** @param {string} itemId */
  line(itemId) {
    return this._lines.get(itemId);
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
      this._change(itemId, {status: LineStatus.FINAL});
    } else {
      this._place(itemId, {role: "user", modality: "text", status: LineStatus.FINAL, text});
    }
    return this._takeChanges();
  }

  /** Typed turns that never reached the server. */
  unsent() {
    for (const itemId of this._unconfirmed.splice(0)) {
      this._change(itemId, {status: LineStatus.UNSENT});
    }
    return this._takeChanges();
  }

  /** The session is over: an answer still on its way was cut off. */
  settle() {
    for (const line of this.lines) {
      if (line.role === "assistant" && line.status === LineStatus.PARTIAL) {
        this._close(line.item_id, LineStatus.INTERRUPTED);
      } else if (line.role === "user" && line.status === LineStatus.PARTIAL) {
        this._change(line.item_id, {status: LineStatus.PENDING});
      }
    }
    return this._takeChanges();
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

  /** @param {string} itemId @param {string | null | undefined} previous */
  userCommitted(itemId, previous) {
    if (this._ignored.has(itemId)) {
      return;
    }
    const known = this._lines.get(itemId);
    if (!known) {
      this._place(itemId, {role: "user", modality: "audio", status: LineStatus.PENDING}, previous);
    } else {
      this._follow(itemId, previous);
    }
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

  /** @param {string} itemId @param {string} [text] */
  userFailed(itemId, text = "") {
    if (this._lines.has(itemId)) {
      this._change(itemId, {status: LineStatus.FAILED, text});
    }
  }

  /** @param {any} item */
  answerBegan(item) {
    if (item && item.type === "message" && item.role === "assistant" && !this._lines.has(item.id)) {
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
    if (line && !this._cut.has(itemId)) {
      this._change(itemId, {text: whole ? text : line.text + text});
    }
  }

  /** @param {string} itemId @param {string} status of the item */
  answerDone(itemId, status) {
    this._close(itemId, status === "incomplete" ? LineStatus.INTERRUPTED : LineStatus.FINAL);
  }

  /** @param {string} itemId @param {string | undefined} heard the words truly heard, when the server knows them */
  answerCut(itemId, heard) {
    const line = this._lines.get(itemId);
    if (!line) {
      return;
    }
    const split = typeof heard === "string" && !this._cut.has(itemId) ? heardPart(line.text, heard) : {};
    if (typeof heard === "string") {
      this._cut.add(itemId);
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
  }

  /** @param {any} event */
  saved(event) {
    const line = this._lines.get(event.item_id);
    if (!line) {
      return;
    }
    /** @type {Partial<Line>} */
    const change = {message_id: event.message_id || line.message_id};
    if (event.hidden) {
      this._remove(event.item_id);
      return;
    }
    // An answer that was cut off stays so: a saving from before the cut may be told after it.
    const overtaken = line.status === LineStatus.INTERRUPTED && event.status === LineStatus.FINAL;
    if (SETTLED.has(event.status) && !overtaken) {
      change.status = event.status;
      if (typeof event.text === "string") {
        change.text = event.text;
        change.unheard_text = event.unheard_text || "";
      }
      if (event.status === LineStatus.INTERRUPTED) {
        this._cut.add(event.item_id);
      }
    }
    this._change(event.item_id, change);
  }

  /** A server may give a typed turn an id of its own: the oldest unconfirmed one is meant. @param {string} itemId */
  _confirm(itemId) {
    const at = Math.max(0, this._unconfirmed.indexOf(itemId));
    const [ours] = this._unconfirmed.splice(at, 1);
    const line = ours === undefined || ours === itemId ? undefined : this._lines.get(ours);
    if (line) {
      const at = this._order.indexOf(ours);
      this._remove(ours);
      this._order.splice(at, 0, itemId);
      this._lines.set(itemId, Object.freeze({...line, item_id: itemId}));
      this._tell(/** @type {Line} */ (this._lines.get(itemId)));
    }
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

  /** @param {string} itemId @param {Partial<Line>} fields @param {string | null} [previous] */
  _place(itemId, fields, previous) {
    const line = Object.freeze({
      item_id: itemId,
      role: /** @type {"user"} */ ("user"),
      modality: /** @type {"text"} */ ("text"),
      status: LineStatus.PARTIAL,
      text: "",
      unheard_text: "",
      message_id: "",
      spoken_at: this._clock().toISOString(),
      ...fields,
      is_final: SETTLED.has(fields.status || LineStatus.PARTIAL),
    });
    const at = previous ? this._order.indexOf(previous) : -1;
    this._order.splice(at < 0 ? this._order.length : at + 1, 0, itemId);
    this._lines.set(itemId, line);
    this._tell(line);
  }

  /** Move a line behind its predecessor if it stands before it. @param {string} itemId @param {string | null | undefined} previous */
  _follow(itemId, previous) {
    const from = this._order.indexOf(itemId);
    const to = previous ? this._order.indexOf(previous) : -1;
    if (from < 0 || to < 0 || to < from) {
      return;
    }
    this._order.splice(from, 1);
    this._order.splice(to, 0, itemId);
    this._tell(/** @type {Line} */ (this._lines.get(itemId)));
  }

  /** @param {string} itemId @param {Partial<Line>} fields */
  _change(itemId, fields) {
    const line = this._lines.get(itemId);
    if (!line) {
      return;
    }
    const next = {...line, ...fields};
    next.is_final = SETTLED.has(next.status);
    if (Object.keys(next).some((key) => Reflect.get(next, key) !== Reflect.get(line, key))) {
      this._lines.set(itemId, Object.freeze(next));
      this._tell(next);
    }
  }

  /** @param {string} itemId */
  _remove(itemId) {
    const line = this._lines.get(itemId);
    if (line) {
      this._lines.delete(itemId);
      this._order.splice(this._order.indexOf(itemId), 1);
      this._changes.push({kind: "removed", line, before: ""});
    }
  }

  /** @param {Line} line */
  _tell(line) {
    const next = this._order[this._order.indexOf(line.item_id) + 1];
    this._changes.push({kind: "placed", line, before: next || ""});
  }

  _takeChanges() {
    return this._changes.splice(0);
  }
}

/** @type {(item: any) => boolean} */
const isTyped = (item) => Array.isArray(item.content) && item.content.some((/** @type {any} */ part) => part.type === "input_text");

/** @type {Record<string, (log: TranscriptLog, event: any) => void>} */
const HANDLERS = {
  "conversation.item.added": (log, event) => log.itemAdded(event.item, event.previous_item_id),
  "conversation.item.deleted": (log, event) => log.deleted(event.item_id),
  "conversation.item.truncated": (log, event) => log.answerCut(event.item_id, event.transcript),
  "conversation.item.input_audio_transcription.delta": (log, event) => log.userWords(event.item_id, event.delta || "", false),
  "conversation.item.input_audio_transcription.completed": (log, event) =>
    log.userWords(event.item_id, event.transcript || "", true),
  "conversation.item.input_audio_transcription.failed": (log, event) => log.userFailed(event.item_id),
  "input_audio_buffer.committed": (log, event) => log.userCommitted(event.item_id, event.previous_item_id),
  "input_audio_buffer.timeout_triggered": (log, event) => log.ignore(event.item_id),
  "response.output_item.added": (log, event) => log.answerBegan(event.item),
  "response.content_part.added": (log, event) =>
    log.answerSounds(event.item_id, event.part && event.part.type === "audio" ? "audio" : "text"),
  "response.output_text.delta": (log, event) => log.answerWords(event.item_id, event.delta || "", false),
  "response.output_text.done": (log, event) => log.answerWords(event.item_id, event.text || "", true),
  "response.output_audio_transcript.delta": (log, event) => log.answerWords(event.item_id, event.delta || "", false),
  "response.output_audio_transcript.done": (log, event) => log.answerWords(event.item_id, event.transcript || "", true),
  "response.output_item.done": (log, event) => event.item && log.answerDone(event.item.id, event.item.status),
  "voiceassist.message.saved": (log, event) => log.saved(event),
};
