/** Lines in the order in which they were said, and a list of what changed among them. Pure. */

import {LineStatus} from "../vocabulary.js";

/** @typedef {import("../vocabulary.js").Line} Line */

/** @typedef {{kind: "placed" | "removed", line: Line, before: string}} LineChange `before`: the item that follows, or empty */

/** @type {Set<string>} */
export const SETTLED = new Set([LineStatus.FINAL, LineStatus.INTERRUPTED, LineStatus.FAILED]);

/** Frozen lines, keyed by item; every change is noted until it is taken. */
export class OrderedLines {
  /** @param {() => Date} clock */
  constructor(clock) {
    this._clock = clock;
    /** What is placed now is kept nowhere. */
    this.offRecord = false;
    /** @type {Map<string, Line>} */
    this._lines = new Map();
    /** @type {string[]} */
    this._order = [];
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
      off_record: this.offRecord,
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

  /** Give a line in its place another name. @param {string} itemId @param {string} name */
  _rename(itemId, name) {
    const line = this._lines.get(itemId);
    if (line) {
      const at = this._order.indexOf(itemId);
      this._remove(itemId);
      this._order.splice(at, 0, name);
      this._lines.set(name, Object.freeze({...line, item_id: name}));
      this._tell(/** @type {Line} */ (this._lines.get(name)));
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
