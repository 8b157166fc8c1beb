/** The button beside a voice that lets it be heard. */

import {part} from "../lib/part.js";
import {gettext, gettextNoop} from "../lib/words.js";
import {Request} from "../voice/vocabulary.js";

/** @type {Record<string, string>} */
const LABELS = {
  idle: gettextNoop("Listen"),
  loading: gettextNoop("One moment…"),
  playing: gettextNoop("Stop"),
};

/**
 * Asks by `va-voice-preview` with `{voice}`, also to stop what sounds; whoever hears it sets the attribute.
 * @attr voice its name; empty: the server's own
 * @attr state idle, loading or playing
 */
export class VoicePreview extends HTMLElement {
  static get observedAttributes() {
    return ["state"];
  }

  connectedCallback() {
    const button = /** @type {HTMLButtonElement} */ (part(this, "button"));
    button.disabled = false;
    button.addEventListener("click", () => {
      const voice = this.getAttribute("voice") || "";
      this.dispatchEvent(new CustomEvent(Request.VOICE_PREVIEW, {bubbles: true, detail: {voice}}));
    });
  }

  attributeChangedCallback() {
    const state = this.getAttribute("state") || "idle";
    const label = LABELS[state];
    part(this, "label").textContent = label ? gettext(label) : "";
  }
}

customElements.define("voice-preview", VoicePreview);
