/** What the options of the voice panel open: turn taking, devices, the connection, and the short help. */

import {copyOf, part} from "../lib/part.js";
import {Request} from "../voice/vocabulary.js";
import "./device-settings.js";
import {qualityWords} from "./panel-words.js";
import {SpareRoom} from "./spare-room.js";

/** @typedef {import("./device-settings.js").DeviceSettings} DeviceSettings */
/** @typedef {import("../lib/device-choices.js").DeviceChoices} DeviceChoices */

/** Closed it holds no device list, so nothing is asked of the browser. Asks by `va-voice-turn-detection`; `options-toggled` when it opened or closed. */
export class VoiceOptions extends HTMLElement {
  constructor() {
    super();
    /** The button that opened it. @type {HTMLElement | null} */
    this._opener = null;
    this._room = new SpareRoom(this);
  }

  connectedCallback() {
    if (!this._isWired) {
      this._isWired = true;
      this.addEventListener("change", (event) => this._choose(/** @type {HTMLInputElement} */ (event.target)));
      this.addEventListener("keydown", (event) => {
        // Its own fields have no use for Escape, unlike those of others.
        if (event.key === "Escape" && !event.defaultPrevented) {
          event.preventDefault();
          this.close();
        }
      });
    }
  }

  get isOpen() {
    return !this.hidden;
  }

  /**
   * @param {HTMLElement} opener the button that gets the focus back
   * @param {DeviceChoices | null} devices
   * @param {string[]} offered kinds of turn taking, of TurnDetection
   */
  open(opener, devices, offered) {
    for (const choice of this._choices) {
      /** @type {HTMLElement} */ (choice.closest("label")).hidden = !offered.includes(choice.value);
    }
    const settings = /** @type {DeviceSettings} */ (copyOf("voice-device-settings"));
    if (devices) {
      settings.devices = devices;
    }
    part(this, "option-devices").appendChild(settings);
    this.hidden = false;
    this._opener = opener;
    opener.setAttribute("aria-expanded", "true");
    this._room.keep();
    this.dispatchEvent(new CustomEvent("options-toggled"));
  }

  /** Whoever was inside is at the opener afterwards. */
  close() {
    const hadFocus = this.contains(document.activeElement);
    part(this, "option-devices").textContent = "";
    this.hidden = true;
    this._room.leave();
    this.dispatchEvent(new CustomEvent("options-toggled"));
    if (this._opener) {
      this._opener.setAttribute("aria-expanded", "false");
      if (hadFocus) {
        this._opener.focus();
      }
    }
  }

  /** @param {{turnDetection: string, quality: string}} state */
  show({turnDetection, quality}) {
    for (const choice of this._choices) {
      choice.checked = choice.value === turnDetection;
    }
    part(this, "option-quality").textContent = qualityWords(quality);
  }

  /** @param {HTMLInputElement} input */
  _choose(input) {
    if (this._choices.includes(input)) {
      const detail = {turnDetection: input.value};
      this.dispatchEvent(new CustomEvent(Request.VOICE_TURN_DETECTION, {bubbles: true, detail}));
    }
  }

  /** @returns {HTMLInputElement[]} */
  get _choices() {
    return Array.from(this.querySelectorAll('[data-part="option-turns"] input'));
  }
}

customElements.define("voice-options", VoiceOptions);
