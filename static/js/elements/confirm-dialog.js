/** A question that has to be answered before anything else. */

import {isolate} from "../lib/modal.js";
import {part} from "../lib/part.js";

/** Escape and a press beside it mean no. The focus returns to where it was. */
export class ConfirmDialog extends HTMLElement {
  constructor() {
    super();
    this._answer = (/** @type {boolean} */ _yes) => {};
  }

  connectedCallback() {
    part(this, "confirm").addEventListener("click", () => this._answer(true));
    part(this, "keep").addEventListener("click", () => this._answer(false));
    part(this, "shade").addEventListener("click", () => this._answer(false));
    this.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        this._answer(false);
      }
    });
  }

  /**
   * Ask; resolves with whether the answer was yes.
   * @param {{heading: string, words: string, confirm: string}} question `confirm` is the label of the button that says yes
   * @returns {Promise<boolean>}
   */
  ask({heading, words, confirm}) {
    this._answer(false);
    part(this, "heading").textContent = heading;
    part(this, "words").textContent = words;
    part(this, "confirm").textContent = confirm;
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    this.hidden = false;
    const release = isolate(this);
    // The harmless answer is the one that a hasty Enter gives.
    part(this, "keep").focus();
    return new Promise((resolve) => {
      this._answer = (/** @type {boolean} */ yes) => {
        this._answer = () => {};
        this.hidden = true;
        release();
        if (before) {
          before.focus();
        }
        resolve(yes);
      };
    });
  }
}

customElements.define("confirm-dialog", ConfirmDialog);
