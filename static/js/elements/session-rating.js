/** One tap on how a talk went. */

import {part} from "../lib/part.js";
import {gettext} from "../lib/words.js";
import {Request} from "../voice/vocabulary.js";

const BUTTONS = Object.freeze({good: "rate-good", bad: "rate-bad"});

/**
 * Asks by `va-rate` with `{rating}`: "good", "bad", or null when the same button is pressed again.
 * The markup is `components/session_rating.html`; `<template id="session-rating">` holds one to copy.
 */
export class SessionRating extends HTMLElement {
  constructor() {
    super();
    /** @type {"good" | "bad" | null} */
    this._rating = null;
  }

  connectedCallback() {
    if (!this._isWired) {
      this._isWired = true;
      part(this, BUTTONS.good).addEventListener("click", () => this._rate("good"));
      part(this, BUTTONS.bad).addEventListener("click", () => this._rate("bad"));
    }
  }

  /** What was chosen. @returns {"good" | "bad" | null} */
  get rating() {
    return this._rating;
  }

  /** Nothing is chosen, as for another session. */
  clear() {
    this._rating = null;
    this._show();
  }

  /** @param {"good" | "bad"} rating */
  _rate(rating) {
    this._rating = this._rating === rating ? null : rating;
    this._show();
    this.dispatchEvent(new CustomEvent(Request.RATE, {bubbles: true, detail: {rating: this._rating}}));
  }

  _show() {
    part(this, BUTTONS.good).setAttribute("aria-pressed", String(this._rating === "good"));
    part(this, BUTTONS.bad).setAttribute("aria-pressed", String(this._rating === "bad"));
    part(this, "thanks").textContent = this._rating ? gettext("Thank you.") : "";
  }
}

customElements.define("session-rating", SessionRating);
