/** Where one types: Enter sends, Shift+Enter makes a new line, the purple button starts to speak. */

import {part} from "../lib/part.js";
import {gettext} from "../lib/words.js";
import {Request} from "../voice/vocabulary.js";

/**
 * Sends `va-message-send` with `{text}`, `va-voice-start` and, shortly before, `va-voice-intent` up.
 * @attr voice-active while voice mode is on: the field then invites to type instead
 * @attr off-record nothing of what is written is kept, and the field says so
 * @attr closed nothing can be said here any more
 */
export class MessageComposer extends HTMLElement {
  static get observedAttributes() {
    return ["voice-active", "off-record", "closed"];
  }

  connectedCallback() {
    this._form = /** @type {HTMLFormElement} */ (part(this, "form"));
    this._field = /** @type {HTMLTextAreaElement} */ (part(this, "field"));
    this._send = /** @type {HTMLButtonElement} */ (part(this, "send"));
    this._voice = /** @type {HTMLButtonElement | null} */ (this.querySelector('[data-part="voice"]'));
    if (this._field.hasAttribute("data-off")) {
      return;
    }
    this._field.disabled = false;
    this._form.addEventListener("submit", (event) => {
      event.preventDefault();
      this._submit();
    });
    this._field.addEventListener("keydown", (event) => this._onKey(event));
    this._field.addEventListener("input", () => this._fit());
    if (this._voice) {
      this._voice.disabled = false;
      this._voice.addEventListener("click", () => this._ask(Request.VOICE_START));
      // Whoever reaches for the button is about to speak: what speaking needs can be fetched meanwhile.
      for (const sign of ["pointerenter", "focus", "touchstart"]) {
        this._voice.addEventListener(sign, () => this._ask(Request.VOICE_INTENT), {once: true, passive: true});
      }
    }
    this._fit();
  }

  attributeChangedCallback() {
    if (this._field) {
      const active = this.hasAttribute("voice-active");
      const offRecord = this.hasAttribute("off-record");
      const closed = this.hasAttribute("closed");
      const invitation = active ? gettext("Type instead…") : gettext("Write a message…");
      const open = offRecord ? gettext("Write off the record…") : invitation;
      this._field.placeholder = closed ? gettext("Nothing more can be written here") : open;
      this._field.disabled = closed;
      /** @type {HTMLButtonElement} */ (this._send).disabled = closed || this._field.value.trim() === "";
      this._describe(offRecord ? "record-banner" : "");
      if (this._voice) {
        this._voice.hidden = active || closed;
      }
    }
  }

  /** @param {string} id of what explains the field, or empty */
  _describe(id) {
    const field = /** @type {HTMLElement} */ (this._field);
    if (id) {
      field.setAttribute("aria-describedby", id);
    } else {
      field.removeAttribute("aria-describedby");
    }
  }

  /** What is written and not sent is gone. */
  clear() {
    if (this._field) {
      this._field.value = "";
      this._fit();
    }
  }

  /** Bring the focus to the field, or to the voice button. @param {"field" | "voice"} where */
  focusOn(where) {
    const target = where === "voice" && this._voice ? this._voice : this._field;
    if (target) {
      target.focus();
    }
  }

  /** @param {KeyboardEvent} event */
  _onKey(event) {
    // While an input method composes, Enter belongs to it.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      this._submit();
    }
  }

  _submit() {
    const field = /** @type {HTMLTextAreaElement} */ (this._field);
    const text = field.value.trim();
    if (text) {
      field.value = "";
      this._fit();
      this._ask(Request.SEND, {text});
    }
    field.focus();
  }

  /** The field grows with what is written, up to the height the style sheet allows. */
  _fit() {
    const field = /** @type {HTMLTextAreaElement} */ (this._field);
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
    /** @type {HTMLButtonElement} */ (this._send).disabled = field.value.trim() === "";
  }

  /** @param {string} type @param {any} [detail] */
  _ask(type, detail) {
    this.dispatchEvent(new CustomEvent(type, {bubbles: true, detail}));
  }
}

customElements.define("message-composer", MessageComposer);
