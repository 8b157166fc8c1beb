/** A list of checks turning green: each row shows its state in words and sign, what was measured, and what to do. */

import {part} from "../lib/part.js";
import {gettext} from "../lib/words.js";

/**
 * @typedef {object} Row what a check shows
 * @property {string} verdict for the sign and the colour
 * @property {string} word the verdict in words
 * @property {string} measured empty: what the check looks at stays there
 * @property {string} advice what to do, or empty
 * @property {string} section id of the part of the page that says more, or empty
 */

/** Asked for with `{heard}`: "yes", "no" or "again". */
export const TONE_ANSWER = "va-tone-answer";

/** @type {Record<string, string>} the sign of a verdict; the others are drawn by the style sheet */
const SIGNS = {fine: "check", look: "alert", failed: "close", skipped: "minus"};

/** The rows are in the markup, `data-check` being their names; scripts only say how each of them goes. */
export class CheckList extends HTMLElement {
  connectedCallback() {
    this.querySelectorAll("[data-heard]").forEach((button) => {
      button.addEventListener("click", () => this._answer(/** @type {HTMLElement} */ (button)));
    });
    this._rows().forEach((row) => {
      const measured = part(row, "measured");
      measured.dataset.about = measured.textContent || "";
    });
  }

  /** The title of each row by its name. @returns {Record<string, string>} */
  get titles() {
    return Object.fromEntries(this._rows().map((row) => [row.dataset.check || "", part(row, "title").textContent || ""]));
  }

  /** @param {string} name @param {Row} shown */
  show(name, {verdict, word, measured, advice, section}) {
    const row = this._row(name);
    row.dataset.verdict = verdict;
    part(row, "word").textContent = word;
    const told = part(row, "measured");
    told.textContent = measured || told.dataset.about || "";
    this._sign(row, verdict);
    this._advise(row, advice, section);
    row.querySelectorAll("[data-heard]").forEach((button) => {
      // Not `disabled`: whoever has the focus on it would lose it.
      button.setAttribute("aria-disabled", String(verdict !== "asking"));
    });
  }

  /** How loud it is in a row's meter. @param {string} name @param {number} position 0 to 1 */
  meter(name, position) {
    const row = this._row(name);
    part(row, "bar").style.transform = `scaleX(${position.toFixed(3)})`;
  }

  /** Go to where an answer is waited for. @param {string} name */
  focusOn(name) {
    /** @type {HTMLElement} */ (this._row(name).querySelector("[data-heard]")).focus();
  }

  /** @param {HTMLElement} row @param {string} verdict */
  _sign(row, verdict) {
    const sign = part(row, "sign");
    if (SIGNS[verdict]) {
      sign.setAttribute("href", `#icon-${SIGNS[verdict]}`);
    } else {
      sign.removeAttribute("href");
    }
  }

  /** @param {HTMLElement} row @param {string} advice @param {string} section */
  _advise(row, advice, section) {
    const element = part(row, "advice");
    element.hidden = !advice;
    part(row, "sentence").textContent = advice;
    const link = /** @type {HTMLAnchorElement} */ (part(row, "more"));
    link.hidden = !section;
    link.href = `#${section}`;
    link.setAttribute("aria-label", gettext("More on this: {title}", {title: part(row, "title").textContent || ""}));
  }

  /** @param {HTMLElement} button */
  _answer(button) {
    if (button.getAttribute("aria-disabled") !== "true") {
      this.dispatchEvent(new CustomEvent(TONE_ANSWER, {bubbles: true, detail: {heard: button.dataset.heard}}));
    }
  }

  /** @returns {HTMLElement[]} */
  _rows() {
    return Array.from(this.querySelectorAll("[data-check]"));
  }

  /** @param {string} name @returns {HTMLElement} */
  _row(name) {
    const row = this._rows().find(({dataset}) => dataset.check === name);
    if (!row) {
      throw new Error(`The list has no check "${name}".`);
    }
    return row;
  }
}

customElements.define("check-list", CheckList);
