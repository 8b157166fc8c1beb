/** A quiet line of advice in the voice panel, with at most one thing to do about it. */

import {part} from "../lib/part.js";
import {Hint} from "../voice/vocabulary.js";
import {hintFor} from "./panel-words.js";

/** @typedef {import("../lib/device-choices.js").DeviceChoices} DeviceChoices */

/** What asks for nothing goes by itself after this long. */
const SHOWN_MS = 20000;

/**
 * Hidden until `tell`. Dispatches `hint-gone` when it went: put away, taken for advice, or by itself; `hadFocus` tells
 * whether somebody was on it.
 */
export class VoiceHint extends HTMLElement {
  constructor() {
    super();
    this._code = "";
    this._timer = 0;
    /** @type {DeviceChoices | null} */
    this._devices = null;
  }

  connectedCallback() {
    if (!this._isWired) {
      this._isWired = true;
      part(this, "hint-echo-safe").addEventListener("click", () => this._beEchoSafe());
      part(this, "hint-dismiss").addEventListener("click", () => this._leave());
    }
  }

  /** What is told at the moment, one of Hint; empty when nothing is. */
  get code() {
    return this._code;
  }

  /** @param {string} code one of Hint; one that is not known shows nothing @param {DeviceChoices | null} devices */
  tell(code, devices) {
    const sentence = hintFor(code);
    this._code = sentence ? code : "";
    this._devices = devices;
    const mayHelp = code === Hint.HEARS_ITSELF && devices !== null && !devices.current.echoSafe;
    part(this, "hint-echo-safe").hidden = !mayHelp;
    this.hidden = sentence === "";
    part(this, "hint-words").textContent = sentence;
    clearTimeout(this._timer);
    if (sentence && !mayHelp) {
      this._timer = window.setTimeout(() => this._leave(), SHOWN_MS);
    }
  }

  clear() {
    this.tell("", null);
  }

  _beEchoSafe() {
    if (this._devices) {
      this._devices.choose({echoSafe: true});
    }
    this._leave();
  }

  _leave() {
    const hadFocus = this.contains(document.activeElement);
    this.clear();
    this.dispatchEvent(new CustomEvent("hint-gone", {detail: {hadFocus}}));
  }
}

customElements.define("voice-hint", VoiceHint);
