/** Where one searches in what was said. */

import {part} from "../lib/part.js";
import {gettext} from "../lib/words.js";
import {Request} from "../voice/vocabulary.js";

/** Whoever writes on within this time is not asked for yet. Milliseconds. */
const PAUSE_MS = 250;

/** Asks by `va-conversation-search` with `{query}`, which is empty when all are wanted; Escape empties it. */
export class ConversationSearch extends HTMLElement {
  constructor() {
    super();
    /** What was asked for last. */
    this._asked = "";
    this._timer = 0;
  }

  connectedCallback() {
    const field = this._field;
    field.disabled = false;
    field.addEventListener("input", () => this._askSoon());
    field.addEventListener("keydown", (event) => this._key(event));
    part(this, "clear").addEventListener("click", () => {
      this._clear();
      field.focus();
    });
  }

  disconnectedCallback() {
    clearTimeout(this._timer);
  }

  /** How many were found, for those who do not see the list. @param {string} sentence */
  tell(sentence) {
    part(this, "found").textContent = sentence;
  }

  get _field() {
    return /** @type {HTMLInputElement} */ (part(this, "query"));
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    if (event.key === "Enter") {
      event.preventDefault();
      this._ask();
    } else if (event.key === "Escape" && this._field.value) {
      // The first Escape empties the field; the drawer closes with the next one.
      event.preventDefault();
      event.stopPropagation();
      this._clear();
    }
  }

  _clear() {
    this._field.value = "";
    this._ask();
  }

  _askSoon() {
    part(this, "clear").hidden = this._field.value === "";
    clearTimeout(this._timer);
    this._timer = window.setTimeout(() => this._ask(), PAUSE_MS);
  }

  _ask() {
    clearTimeout(this._timer);
    const query = this._field.value.trim();
    part(this, "clear").hidden = this._field.value === "";
    if (query !== this._asked) {
      this._asked = query;
      this.tell(query ? gettext("Searching…") : "");
      this.dispatchEvent(new CustomEvent(Request.CONVERSATION_SEARCH, {bubbles: true, detail: {query}}));
    }
  }
}

customElements.define("conversation-search", ConversationSearch);
