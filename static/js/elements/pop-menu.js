/** A menu that opens beside the button that was pressed. */

/** Between the menu and the button, and the edge of the window. Pixels. */
const GAP = 6;
const EDGE = 8;
const LANDMARKS = 'main, [role="complementary"]';

/**
 * Its entries are buttons and links with `role="menuitem"` and `data-choice`. Arrows, Home and End go through them,
 * Escape and Tab leave, and the focus returns to the button.
 */
export class PopMenu extends HTMLElement {
  constructor() {
    super();
    /** @type {HTMLElement | null} */
    this._button = null;
    this._choose = (/** @type {string} */ _choice) => {};
    this._onPress = (/** @type {Event} */ event) => this._leaveFor(/** @type {Node} */ (event.target));
    this._onMove = () => this.close();
    this.addEventListener("keydown", (event) => this._key(event));
    this.addEventListener("click", (event) => this._pick(event));
  }

  disconnectedCallback() {
    this.close();
  }

  /**
   * Show it beside `button`; `choose` is told what was picked, after the focus is back.
   * @param {HTMLElement} button
   * @param {(choice: string) => void} choose
   */
  open(button, choose) {
    const again = this._button === button;
    this.close();
    if (again) {
      return;
    }
    // In the landmark of its button, where whoever goes from landmark to landmark finds it.
    const landmark = button.closest(LANDMARKS);
    if (landmark && this.parentNode !== landmark) {
      landmark.appendChild(this);
    }
    this._button = button;
    this._choose = choose;
    button.setAttribute("aria-expanded", "true");
    this.hidden = false;
    this._place(button.getBoundingClientRect());
    document.addEventListener("pointerdown", this._onPress);
    window.addEventListener("resize", this._onMove);
    document.addEventListener("scroll", this._onMove, true);
    this._focus(0);
  }

  close() {
    if (!this._button) {
      return;
    }
    const button = this._button;
    const hadFocus = this.contains(document.activeElement);
    this._button = null;
    this.hidden = true;
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", this._onPress);
    window.removeEventListener("resize", this._onMove);
    document.removeEventListener("scroll", this._onMove, true);
    if (hadFocus) {
      button.focus();
    }
  }

  /** One of its entries. @param {string} choice @returns {HTMLElement} */
  entry(choice) {
    return /** @type {HTMLElement} */ (this.querySelector(`[data-choice="${choice}"]`));
  }

  /** Below the button, with their right edges in one line; above where there is no room below. @param {DOMRect} button */
  _place(button) {
    const {offsetWidth, offsetHeight} = this;
    const below = button.bottom + GAP;
    const isRoom = below + offsetHeight <= window.innerHeight - EDGE;
    const top = isRoom ? below : Math.max(EDGE, button.top - GAP - offsetHeight);
    const left = Math.min(Math.max(EDGE, button.right - offsetWidth), window.innerWidth - EDGE - offsetWidth);
    this.style.top = `${top}px`;
    this.style.left = `${left}px`;
  }

  /** @param {Node} target */
  _leaveFor(target) {
    if (this._button && !this.contains(target) && !this._button.contains(target)) {
      this.close();
    }
  }

  /** @param {Event} event */
  _pick(event) {
    const entry = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-choice]"));
    if (entry) {
      this.close();
      this._choose(entry.dataset.choice || "");
    }
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    const entries = this._entries();
    const at = entries.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    /** @type {Record<string, number>} */
    const targets = {ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1};
    if (event.key in targets) {
      this._focus(targets[event.key]);
    } else if (event.key === "Escape" || event.key === "Tab") {
      this.close();
    } else if (event.key === " ") {
      (entries[at] || this).click();
    } else {
      return;
    }
    // None of these keys shall reach what is behind the menu.
    event.preventDefault();
    event.stopPropagation();
  }

  /** @returns {HTMLElement[]} */
  _entries() {
    return /** @type {HTMLElement[]} */ (Array.from(this.querySelectorAll("[data-choice]"))).filter(
      (entry) => entry.getClientRects().length > 0,
    );
  }

  /** @param {number} at may lie one beyond either end */
  _focus(at) {
    const entries = this._entries();
    entries[(at + entries.length) % entries.length].focus();
  }
}

/** An arrow opens the menu of a button as a press does. @param {KeyboardEvent} event */
const openByArrow = (event) => {
  const {target} = event;
  if (event.key !== "ArrowDown" || event.defaultPrevented || !(target instanceof HTMLElement)) {
    return;
  }
  if (target.matches('button[aria-haspopup="menu"][aria-expanded="false"]')) {
    // It would scroll the page.
    event.preventDefault();
    target.click();
  }
};

document.addEventListener("keydown", openByArrow);
customElements.define("pop-menu", PopMenu);
