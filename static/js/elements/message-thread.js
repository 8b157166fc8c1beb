/** The conversation itself: lines in spoken order, day by day, with quiet notices between them. */

import {dayHeading, dayKey} from "../lib/clock.js";
import {copyOf, part} from "../lib/part.js";
import {Request} from "../voice/vocabulary.js";
import {dateLine, fillLine, momentOf, newLine} from "./message-line.js";

/** @typedef {import("../voice/vocabulary.js").Line} Line */

/** Nearer to the end than this, the thread follows what is said. */
const FOLLOW_PX = 120;

/**
 * `place`, `withdraw` and `notice` write into it; `va-retry` comes up from a notice's button.
 * Finals are announced in a polite region of their own: a screen reader would stumble over every partial word.
 */
export class MessageThread extends HTMLElement {
  constructor() {
    super();
    this._following = true;
  }

  connectedCallback() {
    this._lineElements().forEach((line) => dateLine(line));
    this._nameDays();
    this._scroller().addEventListener("scroll", () => this._noteScroll());
    // The dock grows and shrinks below: what was last said stays in sight.
    new ResizeObserver(() => this._follow()).observe(this._scroller());
    this._follow();
  }

  /**
   * Show a line; a new one goes before the line of item `before`, or to the end.
   * @param {Line} line
   * @param {string} before
   */
  place(line, before) {
    const known = this._lineOf(line.item_id);
    const element = known || newLine();
    fillLine(element, line);
    const next = before ? this._lineOf(before) : undefined;
    if (!known || (next && follows(element, next))) {
      this._log.insertBefore(element, next || null);
      this._nameDays();
    }
    part(this, "empty").hidden = true;
    this._announce(element, line);
    this._follow();
  }

  /** It turned out that nobody said this. @param {string} itemId */
  withdraw(itemId) {
    const element = this._lineOf(itemId);
    if (element) {
      element.remove();
      this._nameDays();
    }
  }

  /** Mark the line whose sound is heard. @param {string} itemId or empty */
  sound(itemId) {
    for (const element of this._lineElements()) {
      element.classList.toggle("line--sounding", itemId !== "" && element.dataset.item === itemId);
    }
  }

  /** Give the lines what the server has stored meanwhile. @param {Line[]} stored the whole conversation, in order */
  settle(stored) {
    // What was said off the record is stored nowhere.
    const elements = this._lineElements().filter(({classList}) => !classList.contains("line--off-record"));
    for (const [element, line] of pairs(elements, stored)) {
      const unheard = part(element, "unheard").textContent;
      if (element.dataset.status !== line.status || unheard !== line.unheard_text) {
        fillLine(element, {...line, item_id: element.dataset.item || ""});
        this._announce(element, line);
      }
    }
  }

  /**
   * A quiet line of the house.
   * @param {string} sentence
   * @param {{retry?: string, link?: {href: string, label: string}}} [more] `retry` is the label of a button
   */
  notice(sentence, {retry = "", link} = {}) {
    const element = copyOf("thread-notice");
    part(element, "sentence").textContent = sentence;
    const button = part(element, "retry");
    button.hidden = !retry;
    button.textContent = retry;
    button.addEventListener("click", () => {
      element.remove();
      this.dispatchEvent(new CustomEvent(Request.RETRY, {bubbles: true}));
    });
    const anchor = /** @type {HTMLAnchorElement} */ (part(element, "link"));
    anchor.hidden = !link;
    if (link) {
      anchor.href = link.href;
      anchor.textContent = link.label;
    }
    this.clearNotices();
    this._log.appendChild(element);
    this._say(sentence);
    this._follow();
  }

  /** A notice tells of one moment; once things go on it is in the way. */
  clearNotices() {
    this._log.querySelectorAll(".notice").forEach((notice) => notice.remove());
  }

  /** Tell those who listen to the page. @param {string} sentence */
  announce(sentence) {
    this._say(sentence);
  }

  /** Nothing that was told to listeners shall be found here later. */
  forgetAnnouncements() {
    this._announcer.textContent = "";
  }

  get _log() {
    return part(this, "log");
  }

  get _announcer() {
    return part(this, "announcer");
  }

  /** @returns {HTMLElement[]} */
  _lineElements() {
    return Array.from(this._log.querySelectorAll(".line"));
  }

  /** @param {string} itemId */
  _lineOf(itemId) {
    return this._lineElements().find((element) => element.dataset.item === itemId);
  }

  _nameDays() {
    this._log.querySelectorAll(".day").forEach((day) => day.remove());
    const now = new Date();
    let last = "";
    for (const element of this._lineElements()) {
      const moment = momentOf(element);
      if (dayKey(moment) !== last) {
        last = dayKey(moment);
        const heading = document.createElement("p");
        heading.className = "day";
        heading.textContent = dayHeading(moment, now);
        this._log.insertBefore(heading, element);
      }
    }
  }

  /** @param {HTMLElement} element @param {Line} line */
  _announce(element, line) {
    if (line.is_final && line.text && element.dataset.told !== line.status) {
      element.dataset.told = line.status;
      this._say(`${line.role === "user" ? "You" : "Assistant"}: ${line.text}`);
    }
  }

  /** @param {string} sentence */
  _say(sentence) {
    const told = document.createElement("p");
    told.textContent = sentence;
    this._announcer.appendChild(told);
    while (this._announcer.childElementCount > 8) {
      /** @type {Element} */ (this._announcer.firstElementChild).remove();
    }
  }

  /** @returns {HTMLElement} */
  _scroller() {
    return /** @type {HTMLElement} */ (this.closest("[data-scroller]") || this);
  }

  _noteScroll() {
    const {scrollHeight, scrollTop, clientHeight} = this._scroller();
    this._following = scrollHeight - scrollTop - clientHeight < FOLLOW_PX;
  }

  _follow() {
    if (this._following) {
      const scroller = this._scroller();
      scroller.scrollTop = scroller.scrollHeight;
    }
  }

  /** The person wrote or spoke: what comes now is what they want to see. */
  follow() {
    this._following = true;
    this._follow();
  }
}

/**
 * Which element shows which stored line. What was stored after the socket was gone never got its id here: such lines
 * are matched by their order and side.
 * @param {HTMLElement[]} elements
 * @param {Line[]} stored
 * @returns {[HTMLElement, Line][]}
 */
const pairs = (elements, stored) => {
  const byId = new Map(elements.filter(({dataset}) => dataset.message).map((element) => [element.dataset.message, element]));
  // A page may show only the end of a long conversation.
  const from = byId.size ? stored.findIndex((line) => byId.has(line.message_id)) : 0;
  const nameless = elements.filter(({dataset}) => !dataset.message && dataset.status !== "unsent");
  // The server may have a turn of which it could not tell us any more.
  const unsent = elements.filter(({dataset}) => dataset.status === "unsent");
  /** @type {[HTMLElement, Line][]} */
  const found = [];
  for (const line of from < 0 ? [] : stored.slice(from)) {
    const element =
      byId.get(line.message_id) ||
      takeFirst(unsent, (lost) => line.role === "user" && part(lost, "heard").textContent === line.text) ||
      takeFirst(nameless, ({dataset}) => dataset.role === line.role);
    if (element) {
      found.push([element, line]);
    }
  }
  return found;
};

/**
 * The first element that fits, taken out of the list.
 * @param {HTMLElement[]} elements
 * @param {(element: HTMLElement) => boolean} fits
 */
const takeFirst = (elements, fits) => {
  const at = elements.findIndex(fits);
  return at < 0 ? undefined : elements.splice(at, 1)[0];
};

/** Whether `element` stands behind `other` in the page. @param {Node} element @param {Node} other */
const follows = (element, other) => (other.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;

customElements.define("message-thread", MessageThread);
