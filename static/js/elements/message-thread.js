/** The conversation itself: lines in spoken order, day by day, with quiet notices between them. */

import {dayHeading, dayKey} from "../lib/clock.js";
import {FrameBatch} from "../lib/frame-batch.js";
import {copyOf, part} from "../lib/part.js";
import {pageLocale} from "../lib/words.js";
import {LineStatus, Request} from "../voice/vocabulary.js";
import {dateLine, fateOf, fillLine, momentOf, newLine, offerReplay, showReplaying, speakerOf} from "./message-line.js";
import {isWhole, pairs} from "./stored-lines.js";

/** @typedef {import("../voice/vocabulary.js").Line} Line */

/** Nearer to the end than this, the thread follows what is said. */
const FOLLOW_PX = 120;

/**
 * `place`, `withdraw` and `notice` write into it; `va-retry` comes up from a notice's button, `va-replay` and
 * `va-save-audio` from a line's, and `va-message-send` from the examples of an empty one.
 * Finals are announced in a polite region of their own: a screen reader would stumble over every partial word.
 */
export class MessageThread extends HTMLElement {
  constructor() {
    super();
    this._following = true;
    /** The lines that have an item's id, by it. @type {Map<string, HTMLElement>} */
    this._byItem = new Map();
    /** The lines that only the server told of, by their message's id. @type {Map<string, HTMLElement>} */
    this._added = new Map();
    this._partials = new FrameBatch((itemId, line) => this._showPartial(itemId, line));
  }

  connectedCallback() {
    this._lineElements().forEach((line) => dateLine(line));
    this._nameDays();
    this._scroller().addEventListener("scroll", () => this._noteScroll(), {passive: true});
    this._noteEmptiness();
    this._log.addEventListener("click", (event) => this._press(/** @type {Element} */ (event.target)));
    part(this, "empty").addEventListener("click", (event) => this._sendExample(/** @type {Element} */ (event.target)));
    part(this, "latest").addEventListener("click", () => this._goToLatest());
    // What waits for a frame is not to wait until somebody looks at the page again.
    document.addEventListener("visibilitychange", () => this._partials.flush());
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
    const known = this._byItem.get(line.item_id);
    const next = before ? this._byItem.get(before) : undefined;
    const isMoved = !known || (next !== undefined && follows(known, next));
    if (known && !isMoved && isPartial(line) && known.dataset.status === LineStatus.PARTIAL) {
      this._partials.put(line.item_id, line);
      return;
    }
    this._partials.drop(line.item_id);
    this._dropAdded(line);
    const element = known || this._newLine(line.item_id);
    fillLine(element, line);
    if (isMoved) {
      this._log.insertBefore(element, next || null);
      this._nameDays();
    }
    this._noteEmptiness();
    this._announce(element, line);
    this._follow(true);
  }

  /** @param {string} itemId */
  _newLine(itemId) {
    const element = newLine();
    this._byItem.set(itemId, element);
    return element;
  }

  /** @param {string} itemId @param {Line} line */
  _showPartial(itemId, line) {
    const element = this._byItem.get(itemId);
    if (element) {
      fillLine(element, line);
      this._follow(true);
    }
  }

  /** It turned out that nobody said this. @param {string} itemId */
  withdraw(itemId) {
    const element = this._byItem.get(itemId);
    this._partials.drop(itemId);
    if (element) {
      this._byItem.delete(itemId);
      element.remove();
      this._nameDays();
      this._noteEmptiness();
    }
  }

  /** Whether the sound of a line can be heard again. @param {string} itemId @param {boolean} isReplayable */
  replayable(itemId, isReplayable) {
    const element = this._byItem.get(itemId);
    if (element) {
      offerReplay(element, isReplayable);
    }
  }

  /** Which line is being played again. @param {string} itemId or empty */
  replaying(itemId) {
    this._byItem.forEach((element, id) => showReplaying(element, id === itemId));
  }

  /** Mark the line whose sound is heard. @param {string} itemId or empty */
  sound(itemId) {
    this._byItem.forEach((element, id) => element.classList.toggle("line--sounding", id === itemId));
  }

  /**
   * Give the lines what the server has stored meanwhile, and show what was stored without ever having been told here.
   * @param {Line[]} stored the whole conversation, in order
   * @param {{mayAdd?: boolean}} [wishes]
   */
  settle(stored, {mayAdd = true} = {}) {
    this._partials.flush();
    // What was said off the record is stored nowhere.
    const elements = this._lineElements().filter(({classList}) => !classList.contains("line--off-record"));
    /** @type {HTMLElement | null} */
    let last = null;
    for (const [known, line] of pairs(elements, stored)) {
      if (known) {
        this._settleLine(known, line);
        last = known;
      } else if (mayAdd && !this._isPast && isWhole(line)) {
        last = this._addStored(line, last);
      }
    }
  }

  /** @param {HTMLElement} element @param {Line} line */
  _settleLine(element, line) {
    const {status, message} = element.dataset;
    const unheard = part(element, "unheard").textContent;
    if (status !== line.status || unheard !== line.unheard_text || message !== line.message_id) {
      fillLine(element, {...line, item_id: element.dataset.item || ""});
      this._announce(element, line);
    }
  }

  /** @param {Line} line @param {HTMLElement | null} last the line before it */
  _addStored(line, last) {
    const element = newLine();
    fillLine(element, line);
    this._added.set(line.message_id, element);
    this._log.insertBefore(element, last ? last.nextSibling : this._log.firstChild);
    this._nameDays();
    this._noteEmptiness();
    this._announce(element, line);
    this._follow(true);
    return element;
  }

  /** The session tells of a line that was shown from the store before: it is one line. @param {Line} line */
  _dropAdded({message_id}) {
    const added = this._added.get(message_id);
    if (added) {
      this._added.delete(message_id);
      added.remove();
    }
  }

  /**
   * A quiet line of the house.
   * @param {string} sentence
   * @param {{retry?: string, link?: {href: string, label: string}, rating?: boolean}} [more] `retry` is the label of a
   *   button; `rating` asks how it was
   */
  notice(sentence, {retry = "", link, rating = false} = {}) {
    const element = copyOf("thread-notice");
    part(element, "sentence").textContent = sentence;
    const button = part(element, "retry");
    button.hidden = !retry;
    button.textContent = retry;
    button.addEventListener("click", () => {
      element.remove();
      this._ask(Request.RETRY);
    });
    const anchor = /** @type {HTMLAnchorElement} */ (part(element, "link"));
    anchor.hidden = !link;
    if (link) {
      anchor.href = link.href;
      anchor.textContent = link.label;
    }
    if (rating && document.getElementById("session-rating")) {
      element.appendChild(copyOf("session-rating"));
    }
    this.clearNotices();
    this._log.appendChild(element);
    this._say(sentence);
    this._follow(true);
  }

  /** A notice tells of one moment; once things go on it is in the way. */
  clearNotices() {
    this._log.querySelectorAll(".notice").forEach((notice) => notice.remove());
  }

  /** Bring the focus to the way out that a notice shows. */
  goToNotice() {
    const link = /** @type {HTMLElement | null} */ (this._log.querySelector('.notice [data-part="link"]:not([hidden])'));
    if (link) {
      link.focus();
    }
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

  /** Where nothing was said there is nothing to read, and nothing to go to by Tab. */
  _noteEmptiness() {
    const isEmpty = this._log.querySelector(".line") === null;
    part(this, "empty").hidden = !isEmpty;
    if (isEmpty) {
      this._log.removeAttribute("tabindex");
    } else {
      this._log.tabIndex = 0;
    }
  }

  /** Whether it shows an earlier part of a conversation: what came later is shown on other pages. */
  get _isPast() {
    return this.querySelector('[data-part="log"] ~ .thread__more') !== null;
  }

  get _announcer() {
    return part(this, "announcer");
  }

  /** @returns {HTMLElement[]} */
  _lineElements() {
    return Array.from(this._log.querySelectorAll(".line"));
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
        heading.textContent = dayHeading(moment, now, pageLocale());
        this._log.insertBefore(heading, element);
      }
    }
  }

  /** What was told once is not read out again, only what became of it. @param {HTMLElement} element @param {Line} line */
  _announce(element, line) {
    const {told} = element.dataset;
    const news = told ? fateOf(line) : line.text;
    if (line.is_final && told !== line.status && (told || news)) {
      element.dataset.told = line.status;
      if (news) {
        this._say(`${speakerOf(line)}: ${news}`);
      }
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
    if (!part(this, "empty").hidden) {
      return;
    }
    const {scrollHeight, scrollTop, clientHeight} = this._scroller();
    this._following = scrollHeight - scrollTop - clientHeight < FOLLOW_PX;
    if (this._following) {
      part(this, "latest").hidden = true;
    }
  }

  /** @param {boolean} [isNews] something was said that whoever has scrolled up does not see */
  _follow(isNews = false) {
    if (!part(this, "empty").hidden) {
      // Nothing was said yet: what greets people is read from its beginning.
      return;
    }
    if (this._following) {
      const scroller = this._scroller();
      scroller.scrollTop = scroller.scrollHeight;
    } else if (isNews) {
      part(this, "latest").hidden = false;
    }
  }

  /** The person wrote or spoke: what comes now is what they want to see. */
  follow() {
    this._following = true;
    part(this, "latest").hidden = true;
    this._follow();
  }

  _goToLatest() {
    this.follow();
    // The button is gone; the thread is what was being read.
    this._log.focus({preventScroll: true});
  }

  /** @param {Element} target */
  _press(target) {
    const button = target.closest('[data-part="replay"], [data-part="save"]');
    const line = /** @type {HTMLElement | null} */ (button && button.closest(".line"));
    if (button && line) {
      const type = button.matches('[data-part="save"]') ? Request.SAVE_AUDIO : Request.REPLAY;
      this._ask(type, {item_id: line.dataset.item});
    }
  }

  /** @param {Element} target */
  _sendExample(target) {
    const example = target.closest("[data-example]");
    if (example) {
      this._ask(Request.SEND, {text: (example.textContent || "").trim()});
    }
  }

  /** @param {string} type @param {any} [detail] */
  _ask(type, detail) {
    this.dispatchEvent(new CustomEvent(type, {bubbles: true, detail}));
  }
}

/** @param {Line} line */
const isPartial = ({status}) => status === LineStatus.PARTIAL;

/** Whether `element` stands behind `other` in the page. @param {Node} element @param {Node} other */
const follows = (element, other) => (other.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;

customElements.define("message-thread", MessageThread);
