/** What the settings page does with what is chosen on it: saves it at once, and lets voices be heard. */

import {sentenceFor} from "../elements/sentences.js";
import {part} from "../lib/part.js";
import {gettext, pageLocale} from "../lib/words.js";
import {troubleOf} from "../voice/problem.js";
import {SampleSound} from "../voice/sound/sample-sound.js";
import {VoiceSample} from "../voice/voice-sample.js";
import {Request} from "../voice/vocabulary.js";
import {PreferenceForm} from "./preference-form.js";
import {PreferenceSaver} from "./preference-saver.js";

/** @typedef {import("../api/client.js").ApiClient} ApiClient */
/** @typedef {import("../elements/voice-preview.js").VoicePreview} VoicePreview */

export class SettingsPage {
  /**
   * @param {Document} root
   * @param {{sample: string}} config `sample`: what a voice is asked, so that it can be judged
   * @param {ApiClient} api
   * @param {import("../lib/device-choices.js").DeviceChoices} devices
   */
  constructor(root, config, api, devices) {
    this._root = root;
    this._config = config;
    this._form = /** @type {HTMLFormElement} */ (part(root, "preferences"));
    this._status = part(root, "status");
    this._fields = new PreferenceForm(this._form);
    const save = async (/** @type {Record<string, any>} */ changes) => {
      await api.savePreferences(changes);
      this._fields.keep(changes);
    };
    this._saver = new PreferenceSaver(save, {
      onSaving: () => this._tell(gettext("Saving…")),
      onSaved: () => this._tell(gettext("Saved.")),
      onRefused: (names) => this._takeBack(names),
      onFailed: (error) => this._tellUnsaved(error),
    });
    this._sample = new VoiceSample({
      createSession: (request) => api.createRealtimeSession(request),
      openSound: () => new SampleSound(devices.current),
    });
    /** @type {VoicePreview | null} */
    this._heard = null;
    /** @type {HTMLElement | null} */
    this._chosenLast = null;
  }

  begin() {
    // From now on every choice is saved as it is made.
    part(this._root, "save").hidden = true;
    this._form.addEventListener("submit", (event) => event.preventDefault());
    this._form.addEventListener("change", ({target}) => this._save(/** @type {HTMLInputElement} */ (target)));
    this._form.addEventListener("input", () => this._showSpeed());
    this._root.addEventListener(Request.VOICE_PREVIEW, (event) => {
      this._preview(/** @type {VoicePreview} */ (event.target), /** @type {CustomEvent} */ (event).detail.voice);
    });
    window.addEventListener("pagehide", () => this._sample.stop());
    window.addEventListener("beforeunload", (event) => this._keepOpen(event));
    // A browser that goes back to this page may show what was chosen before it was left.
    this._showSpeed();
  }

  /** Older browsers ask only where a value is returned. @param {BeforeUnloadEvent} event */
  _keepOpen(event) {
    if (this._saver.isUnsaved) {
      event.preventDefault();
      event.returnValue = "";
    }
  }

  /** @param {HTMLInputElement} field */
  _save(field) {
    if (field.name) {
      this._chosenLast = field;
      this._saver.choose(this._fields.choice(field));
    }
  }

  /** Show what counts instead of what cannot be had. @param {string[]} names */
  _takeBack(names) {
    this._fields.restore(names);
    this._showSpeed();
    this._tell(gettext("This cannot be chosen here any more. What counts is shown again; reload the page to see what there is now."), {isBad: true});
  }

  get _speed() {
    return Number(/** @type {HTMLInputElement} */ (part(this._root, "speed")).value);
  }

  _showSpeed() {
    const digits = {minimumFractionDigits: 2, maximumFractionDigits: 2};
    const speed = `${this._speed.toLocaleString(pageLocale(), digits)}×`;
    part(this._root, "speed-value").textContent = speed;
    part(this._root, "speed").setAttribute("aria-valuetext", speed);
  }

  /** @param {VoicePreview} button @param {string} voice */
  async _preview(button, voice) {
    const wasHeard = this._heard === button;
    this._sample.stop();
    this._show(this._heard, "idle");
    this._heard = wasHeard ? null : button;
    if (wasHeard) {
      return;
    }
    this._show(button, "loading");
    this._tell("");
    const isMine = () => this._heard === button;
    try {
      await this._sample.play({
        text: this._config.sample,
        voice: voice || this._typedVoice,
        speed: this._speed,
        onSound: () => isMine() && this._show(button, "playing"),
      });
    } catch (error) {
      this._tellUnheard(error);
    }
    if (isMine()) {
      this._show(button, "idle");
      this._heard = null;
    }
  }

  /** Where nobody knows which voices there are, its name is written into a field. */
  get _typedVoice() {
    const field = this._form.elements.namedItem("voice");
    return field instanceof HTMLInputElement && field.type === "text" ? field.value.trim() : "";
  }

  /** @param {VoicePreview | null} button @param {"idle" | "loading" | "playing"} state */
  _show(button, state) {
    if (button) {
      button.setAttribute("state", state);
    }
  }

  /** @param {any} error */
  _tellUnheard(error) {
    const trouble = troubleOf(error);
    this._tell(
      trouble.code === "no_sound"
        ? gettext("The voice cannot be heard: the answer came without sound. Try again, or choose another voice.")
        : gettext("The voice cannot be heard. {why}", {why: sentenceFor(trouble, {offRecord: true})}),
      {isBad: true},
    );
  }

  /** @param {any} error */
  _tellUnsaved(error) {
    const why = sentenceFor(troubleOf(error), {offRecord: true});
    this._tell(gettext("Not saved. {why}", {why}), {isBad: true, retry: () => this._saver.retry()});
  }

  /** @param {string} sentence @param {{isBad?: boolean, retry?: (() => void) | null}} [more] */
  _tell(sentence, {isBad = false, retry = null} = {}) {
    const hadFocus = this._status.contains(this._root.activeElement);
    this._status.textContent = sentence;
    if (hadFocus && this._chosenLast) {
      this._chosenLast.focus();
    }
    this._status.classList.toggle("settings__status--bad", isBad);
    if (retry) {
      const button = this._root.createElement("button");
      button.type = "button";
      button.className = "link-button";
      button.textContent = gettext("Try again");
      button.addEventListener("click", retry);
      this._status.append(" ", button);
    }
  }
}
