/** The list of conversations: today, this week, earlier. */

import {addressOf} from "../lib/addresses.js";
import {ageGroup, shortAge} from "../lib/clock.js";
import {copyOf, part, write} from "../lib/part.js";
import {piecesOf} from "../lib/search-words.js";
import {gettext, pageLocale} from "../lib/words.js";
import {Request} from "../voice/vocabulary.js";
import {offerActions} from "./conversation-actions.js";
import {editTitle} from "./title-field.js";

/** @typedef {{id: string, title: string, updated_at: string, excerpt?: string | null}} Entry */

/**
 * What stands around the entries, and what they are an answer to.
 * @typedef {object} Around
 * @property {boolean} more whether there are more
 * @property {string} none what to say when there is none
 * @property {string} [query] what was looked for
 */

/**
 * Asks by `va-conversation-rename`, `va-conversation-delete` and `va-conversation-more`.
 * @attr current id of the conversation that is open
 * @attr href-pattern address of a conversation, with an id of zeros in its place
 * @attr export-pattern the same for its export
 */
export class ConversationList extends HTMLElement {
  constructor() {
    super();
    /** What each conversation's entry stands in, so that a new look at the list takes nobody's focus. */
    this._items = /** @type {Map<string, HTMLElement>} */ (new Map());
    /** Which entries stand where: as long as that is so, only their words are written. */
    this._order = "";
    /** How many are shown, and from which one on more were asked for. */
    this._count = 0;
    this._moreFrom = -1;
    this._editing = "";
    /** @type {(() => void) | null} */
    this._late = null;
  }

  static get observedAttributes() {
    return ["current"];
  }

  connectedCallback() {
    const entries = Array.from(this.querySelectorAll("[data-conversation]")).map((link) => entryOf(link));
    part(this, "list").textContent = "";
    part(this, "more-button").addEventListener("click", () => this._askMore());
    this.show(entries, {more: this.hasAttribute("more"), none: part(this, "none").textContent || ""});
  }

  attributeChangedCallback() {
    this._items.forEach((item, id) => markCurrent(item, id === this.getAttribute("current")));
  }

  /**
   * @param {Entry[]} entries newest first
   * @param {Around} around
   */
  show(entries, around) {
    if (this._editing) {
      // Not under somebody's hands.
      this._late = () => this.show(entries, around);
      return;
    }
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    const now = new Date();
    const order = entries.map(({id, updated_at}) => `${id} ${ageGroup(new Date(updated_at), now)}`).join();
    if (order !== this._order) {
      this._order = order;
      this._arrange(entries, now);
    }
    const query = around.query || "";
    entries.forEach((entry) => this._write(/** @type {HTMLElement} */ (this._items.get(entry.id)), entry, now, query));
    part(this, "more-button").hidden = !around.more;
    part(this, "none").hidden = entries.length > 0;
    this.sayNone(around.none);
    this._count = entries.length;
    if (focused && focused !== document.activeElement && this.contains(focused)) {
      focused.focus();
    }
    this._goToNews(entries, focused);
  }

  /** What stands here as long as there is no conversation. @param {string} sentence */
  sayNone(sentence) {
    write(part(this, "none"), sentence);
  }

  _askMore() {
    this._moreFrom = this._count;
    this._ask(Request.CONVERSATION_MORE);
  }

  /** Whoever pressed "Show more" goes on with what came. @param {Entry[]} entries @param {Element | null} focused */
  _goToNews(entries, focused) {
    const first = this._moreFrom >= 0 && entries[this._moreFrom];
    if (first) {
      this._moreFrom = -1;
      if (focused === part(this, "more-button")) {
        part(/** @type {HTMLElement} */ (this._items.get(first.id)), "link").focus();
      }
    }
  }

  /** Why something could not be done, in words; empty when that is over. @param {string} sentence */
  tell(sentence) {
    part(this, "trouble").textContent = sentence;
    part(this, "trouble").hidden = !sentence;
  }

  /** @param {Entry[]} entries @param {Date} now */
  _arrange(entries, now) {
    const list = part(this, "list");
    const known = this._items;
    this._items = new Map();
    const sections = document.createDocumentFragment();
    let group = "";
    /** @type {HTMLElement | null} */
    let section = null;
    for (const entry of entries) {
      const moment = new Date(entry.updated_at);
      if (!section || ageGroup(moment, now) !== group) {
        group = ageGroup(moment, now);
        section = copyOf("conversation-group");
        part(section, "heading").textContent = group;
        sections.appendChild(section);
      }
      const item = known.get(entry.id) || this._newItem(entry.id);
      this._items.set(entry.id, item);
      part(section, "entries").appendChild(item);
    }
    list.textContent = "";
    list.appendChild(sections);
  }

  /** @param {string} id */
  _newItem(id) {
    const item = copyOf("conversation-entry");
    const link = /** @type {HTMLAnchorElement} */ (part(item, "link"));
    link.href = addressOf(this.getAttribute("href-pattern") || "", id);
    const more = part(item, "more");
    more.addEventListener("click", () => {
      const pattern = this.getAttribute("export-pattern") || "";
      const title = part(item, "title").textContent || "";
      offerActions(more, {id, title}, pattern, () => this._rename(item, id));
    });
    return item;
  }

  /** @param {HTMLElement} item @param {Entry} entry @param {Date} now @param {string} query */
  _write(item, entry, now, query) {
    const title = entry.title || gettext("Untitled conversation");
    markCurrent(item, entry.id === this.getAttribute("current"));
    write(part(item, "title"), title);
    part(item, "more").setAttribute("aria-label", gettext("Options for {title}", {title}));
    const time = /** @type {HTMLTimeElement} */ (part(item, "time"));
    time.dateTime = entry.updated_at;
    write(time, shortAge(new Date(entry.updated_at), now, pageLocale()));
    writeExcerpt(part(item, "excerpt"), entry.excerpt || "", query);
  }

  /** @param {HTMLElement} item @param {string} id */
  async _rename(item, id) {
    this._editing = id;
    const title = await editTitle(part(item, "row"), part(item, "title").textContent || "");
    this._editing = "";
    const late = this._late;
    this._late = null;
    if (title !== null) {
      // What came meanwhile knows the old title; the list is asked for anew now.
      part(item, "title").textContent = title;
      this._ask(Request.CONVERSATION_RENAME, {id, title});
    } else if (late) {
      late();
    }
    part(item, "more").focus();
  }

  /** @param {string} type @param {any} [detail] */
  _ask(type, detail) {
    this.dispatchEvent(new CustomEvent(type, {bubbles: true, detail}));
  }
}

/** @param {HTMLElement} item @param {boolean} isCurrent */
const markCurrent = (item, isCurrent) => {
  const link = part(item, "link");
  if (isCurrent) {
    link.setAttribute("aria-current", "page");
  } else {
    link.removeAttribute("aria-current");
  }
};

/**
 * Where it was said, with the words that were looked for marked. What people said is written as text, never as markup.
 * @param {HTMLElement} element
 * @param {string} text
 * @param {string} query
 */
const writeExcerpt = (element, text, query) => {
  element.hidden = !text;
  element.textContent = "";
  for (const {text: piece, isMatch} of piecesOf(text, query)) {
    const node = isMatch ? document.createElement("mark") : document.createTextNode(piece);
    node.textContent = piece;
    element.appendChild(node);
  }
};

/** @param {Element} link @returns {Entry} */
const entryOf = (link) => ({
  id: link.getAttribute("data-conversation") || "",
  title: part(link, "title").textContent || "",
  updated_at: /** @type {HTMLTimeElement} */ (part(link, "time")).dateTime,
});

customElements.define("conversation-list", ConversationList);
