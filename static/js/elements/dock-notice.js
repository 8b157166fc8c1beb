/** What the dock says of voice mode while its panel is not there: that it is being fetched, or why it could not be. */

import {part} from "../lib/part.js";
import {gettext} from "../lib/words.js";
import {Phase, Request} from "../voice/vocabulary.js";
import {wordFor} from "./sentences.js";

/** Asks by `va-voice-start` from its button. */
export class DockNotice extends HTMLElement {
  connectedCallback() {
    part(this, "again").addEventListener("click", () => {
      this.dispatchEvent(new CustomEvent(Request.VOICE_START, {bubbles: true}));
    });
  }

  /** Whether it says anything. */
  get isShown() {
    return !part(this, "body").hidden;
  }

  tellConnecting() {
    this._show(wordFor(Phase.CONNECTING), "", false);
  }

  /** It did not begin, and one can try again. @param {string} sentence why */
  tellFailed(sentence) {
    this._show(gettext("Not started"), sentence, true);
    // The button that was pressed is gone, and the focus with it.
    if (!document.activeElement || document.activeElement === document.body) {
      part(this, "again").focus();
    }
  }

  clear() {
    part(this, "body").hidden = true;
  }

  /** @param {string} heading @param {string} sentence @param {boolean} canTryAgain */
  _show(heading, sentence, canTryAgain) {
    part(this, "heading").textContent = heading;
    part(this, "sentence").textContent = sentence;
    part(this, "again").hidden = !canTryAgain;
    part(this, "body").hidden = false;
  }
}

customElements.define("dock-notice", DockNotice);
