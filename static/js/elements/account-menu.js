/** What belongs to the account: works without scripts, and closes with Escape or a press beside it where there are any. */

/** Holds one `<details>`. */
export class AccountMenu extends HTMLElement {
  constructor() {
    super();
    this._onPress = (/** @type {Event} */ event) => {
      if (!this.contains(/** @type {Node} */ (event.target))) {
        this._details.open = false;
      }
    };
  }

  connectedCallback() {
    document.addEventListener("pointerdown", this._onPress);
    this.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this._details.open) {
        event.preventDefault();
        event.stopPropagation();
        this._details.open = false;
        /** @type {HTMLElement} */ (this.querySelector("summary")).focus();
      }
    });
    this.addEventListener("focusout", ({relatedTarget}) => {
      if (relatedTarget && !this.contains(/** @type {Node} */ (relatedTarget))) {
        this._details.open = false;
      }
    });
  }

  disconnectedCallback() {
    document.removeEventListener("pointerdown", this._onPress);
  }

  get _details() {
    return /** @type {HTMLDetailsElement} */ (this.querySelector("details"));
  }
}

customElements.define("account-menu", AccountMenu);
