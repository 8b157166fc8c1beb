/** The big button of push-to-talk: held by pointer or key; pressed twice by whoever cannot hold. */

import {part} from "../lib/part.js";
import {PushToTalk} from "../lib/push-to-talk.js";
import {gettext} from "../lib/words.js";
import {Request} from "../voice/vocabulary.js";

const HOLDING_KEYS = [" ", "Enter"];
/** Advice stays in the button for this long. */
const ADVICE_MS = 5000;

/**
 * Asks by `va-voice-talk` with `{talking}`. Whatever ends the hold without a word (the window loses the focus, the
 * pointer is cancelled, the element goes) releases it: nobody is heard unknowingly.
 * @attr talking it is held, for styles
 * @attr advising it says what to do better, for styles
 */
export class TalkButton extends HTMLElement {
  constructor() {
    super();
    this._hold = new PushToTalk((talking) => this._tell(talking));
    this._advice = 0;
    this._onGone = () => this._hold.releaseAll();
    this._onVisibility = () => document.hidden && this._hold.releaseAll();
  }

  connectedCallback() {
    this._button = /** @type {HTMLButtonElement} */ (part(this, "talk"));
    if (!this._isWired) {
      this._isWired = true;
      this._listen(this._button);
    }
    window.addEventListener("blur", this._onGone);
    document.addEventListener("visibilitychange", this._onVisibility);
  }

  disconnectedCallback() {
    window.removeEventListener("blur", this._onGone);
    document.removeEventListener("visibilitychange", this._onVisibility);
    this._hold.releaseAll();
    this._write();
  }

  get talking() {
    return this._hold.talking;
  }

  /** Held by something else than this button, such as a key of the page. @param {string} holder */
  hold(holder) {
    this._hold.hold(holder);
  }

  /** @param {string} holder */
  release(holder) {
    this._hold.release(holder);
  }

  releaseAll() {
    this._hold.releaseAll();
  }

  /** Say something in the button's own words, where nothing moves by it; it goes by itself. @param {string} sentence */
  advise(sentence) {
    this._write(sentence);
    this._advice = window.setTimeout(() => this._write(), ADVICE_MS);
  }

  /** @param {HTMLButtonElement} button */
  _listen(button) {
    button.addEventListener("pointerdown", (event) => event.button === 0 && this._press(button, event));
    for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) {
      button.addEventListener(type, () => this._hold.release("pointer"));
    }
    // A long press on a phone would open a menu, and the menu would take the pointer away.
    button.addEventListener("contextmenu", (event) => event.preventDefault());
    button.addEventListener("keydown", (event) => {
      if (HOLDING_KEYS.includes(event.key)) {
        event.preventDefault();
        this._hold.hold("key");
      }
    });
    button.addEventListener("keyup", (event) => {
      if (HOLDING_KEYS.includes(event.key)) {
        event.preventDefault();
        this._hold.release("key");
      }
    });
    button.addEventListener("blur", () => this._hold.releaseAll());
    button.addEventListener("click", (event) => this._click(event));
  }

  /** @param {HTMLButtonElement} button @param {PointerEvent} event */
  _press(button, event) {
    button.setPointerCapture(event.pointerId);
    this._hold.hold("pointer");
  }

  /** A click of no pointer and no key comes from a screen reader or a voice control. @param {MouseEvent} event */
  _click(event) {
    if (event.detail === 0) {
      this._hold.toggle("click");
    }
  }

  /** @param {boolean} talking */
  _tell(talking) {
    this.toggleAttribute("talking", talking);
    const button = /** @type {HTMLButtonElement} */ (this._button);
    button.setAttribute("aria-pressed", String(talking));
    this._write();
    this.dispatchEvent(new CustomEvent(Request.VOICE_TALK, {bubbles: true, detail: {talking}}));
  }

  /** @param {string} [advice] instead of what to do */
  _write(advice) {
    clearTimeout(this._advice);
    this.toggleAttribute("advising", advice !== undefined);
    part(this, "talk-words").textContent = advice || (this.talking ? gettext("Release to send") : gettext("Hold to talk"));
  }
}

customElements.define("talk-button", TalkButton);
