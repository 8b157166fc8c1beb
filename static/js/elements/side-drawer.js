/** The conversation list's drawer on narrow screens; on wide ones it simply stands there. */

import {isolate, reachable} from "../lib/modal.js";
import {part} from "../lib/part.js";

/**
 * The button is the part "drawer-button" of the page. While it is open nothing behind it can be reached.
 * @attr open
 */
export class SideDrawer extends HTMLElement {
  connectedCallback() {
    part(document, "drawer-button").addEventListener("click", () => this._open());
    part(document, "drawer-shade").addEventListener("click", () => this._close());
    part(this, "drawer-close").addEventListener("click", () => this._close());
    this.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.hasAttribute("open")) {
        event.stopPropagation();
        this._close();
      }
    });
    // On a wide screen the drawer is a column beside the thread, and nothing is behind it.
    const wide = window.matchMedia("(min-width: 821px)");
    const onWidth = () => wide.matches && this._close();
    // Safari before 14 knows the older name alone.
    wide.addEventListener ? wide.addEventListener("change", onWidth) : wide.addListener(onWidth);
  }

  _open() {
    this.setAttribute("open", "");
    part(document, "drawer-button").setAttribute("aria-expanded", "true");
    // What opens above the drawer stays within reach.
    const above = Array.from(document.querySelectorAll("[data-floats]"));
    this._release = isolate(this, [part(document, "drawer-shade"), ...above]);
    (reachable(this)[0] || this).focus();
  }

  _close() {
    if (this._release) {
      this._release();
      this._release = undefined;
      this.removeAttribute("open");
      part(document, "drawer-button").setAttribute("aria-expanded", "false");
      part(document, "drawer-button").focus();
    }
  }
}

customElements.define("side-drawer", SideDrawer);
