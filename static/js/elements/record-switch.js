/** The switch in the dock between what is kept and what is not. */

import {part} from "../lib/part.js";
import {Request} from "../voice/vocabulary.js";

/**
 * Asks by `va-record-switch` with `{offRecord}`; whoever hears it sets the attribute. It starts out on the record with
 * every page, and no browser is asked to remember it: nobody shall be off the record, or on it, without having seen so.
 * @attr off nothing is kept
 */
export class RecordSwitch extends HTMLElement {
  static get observedAttributes() {
    return ["off"];
  }

  connectedCallback() {
    const button = /** @type {HTMLButtonElement} */ (part(this, "switch"));
    button.disabled = false;
    button.addEventListener("click", () => {
      const offRecord = !this.hasAttribute("off");
      this.dispatchEvent(new CustomEvent(Request.RECORD_SWITCH, {bubbles: true, detail: {offRecord}}));
    });
  }

  attributeChangedCallback() {
    part(this, "switch").setAttribute("aria-checked", String(this.hasAttribute("off")));
  }
}

customElements.define("record-switch", RecordSwitch);
