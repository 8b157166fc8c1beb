/** The conversation list's drawer on narrow screens; on wide ones it simply stands there. */

import {part} from "../lib/part.js";

/**
 * The button is the part "drawer-button" of the page.
 * @attr open
 */
export class SideDrawer extends HTMLElement {
  connectedCallback() {
    const button = part(document, "drawer-button");
    const shade = part(document, "drawer-shade");
    button.addEventListener("click", () => this._set(!this.hasAttribute("open"), button));
    shade.addEventListener("click", () => this._set(false, button));
    this.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.hasAttribute("open")) {
        event.stopPropagation();
        this._set(false, button);
      }
    });
  }

  /** @param {boolean} open @param {HTMLElement} button */
  _set(open, button) {
    this.toggleAttribute("open", open);
    button.setAttribute("aria-expanded", String(open));
    if (open) {
      const first = /** @type {HTMLElement | null} */ (this.querySelector("a, button"));
      if (first) {
        first.focus();
      }
    } else {
      button.focus();
    }
  }
}

customElements.define("side-drawer", SideDrawer);
