/** What this browser hears and speaks with: microphone, speaker, volume and how speech is told from noise. */

import {DeviceChoices} from "../lib/device-choices.js";
import {takeEarlyProperties} from "../lib/late-properties.js";
import {canChooseSpeaker, MediaDevicesList} from "../lib/media-devices.js";
import {part} from "../lib/part.js";
import {gettext, pageLocale} from "../lib/words.js";

/** @typedef {{id: string, label: string}} Device */

/**
 * Shows what `devices` holds and chooses in it; everything takes effect at once, also in a talk that is going on.
 * Without `devices` it makes its own. The markup is `components/device_settings.html`.
 */
export class DeviceSettings extends HTMLElement {
  constructor() {
    super();
    /** @type {DeviceChoices | null} */
    this._devices = null;
    /** @type {MediaDevicesList | null} */
    this._list = null;
    this._onChoice = () => this._show();
    this._onList = () => this._showLists();
  }

  connectedCallback() {
    takeEarlyProperties(this, ["devices"]);
    if (!this._isWired) {
      this._isWired = true;
      this._wire();
    }
    this.devices.addEventListener("change", this._onChoice);
    this._list = new MediaDevicesList();
    this._list.addEventListener("change", this._onList);
    this._show();
    this._showLists();
    this.refresh();
  }

  disconnectedCallback() {
    this.devices.removeEventListener("change", this._onChoice);
    if (this._list) {
      this._list.removeEventListener("change", this._onList);
      this._list.close();
      this._list = null;
    }
  }

  /** The choices that are shown. */
  get devices() {
    this._devices = this._devices || new DeviceChoices();
    return this._devices;
  }

  set devices(devices) {
    if (this._devices) {
      this._devices.removeEventListener("change", this._onChoice);
    }
    this._devices = devices;
    if (this.isConnected && devices) {
      devices.addEventListener("change", this._onChoice);
      this._show();
      this._showLists();
    }
  }

  /** Ask the browser again what there is, as after the microphone was allowed. */
  async refresh() {
    if (this._list) {
      await this._list.refresh();
      this._showLists();
    }
  }

  _wire() {
    for (const name of ["microphone", "speaker", "sensitivity"]) {
      const select = this._select(name);
      select.addEventListener("change", () => this.devices.choose({[name]: select.value}));
    }
    for (const name of ["noiseSuppression", "echoSafe"]) {
      const box = this._box(name);
      box.addEventListener("change", () => this.devices.choose({[name]: box.checked}));
    }
    const volume = this._volume;
    volume.addEventListener("input", () => this.devices.choose({volume: Number(volume.value) / 100}));
  }

  _show() {
    const {volume, noiseSuppression, echoSafe, sensitivity, microphone, speaker} = this.devices.current;
    const shown = volume.toLocaleString(pageLocale(), {style: "percent"});
    this._volume.value = String(Math.round(volume * 100));
    this._volume.setAttribute("aria-valuetext", shown);
    part(this, "device-volume-number").textContent = shown;
    this._box("noiseSuppression").checked = noiseSuppression;
    this._box("echoSafe").checked = echoSafe;
    this._select("sensitivity").value = sensitivity;
    this._select("microphone").value = microphone;
    this._select("speaker").value = speaker;
  }

  _showLists() {
    const list = this._list;
    if (!list) {
      return;
    }
    const {microphone, speaker} = this.devices.current;
    fill(this._select("microphone"), list.microphones, microphone);
    fill(this._select("speaker"), list.speakers, speaker);
    part(this, "device-names").hidden = list.hasLabels;
    part(this, "device-speaker-row").hidden = !canChooseSpeaker();
    part(this, "device-no-speaker").hidden = canChooseSpeaker();
  }

  /** @param {string} name */
  _select(name) {
    return /** @type {HTMLSelectElement} */ (part(this, `device-${name}`));
  }

  /** @param {string} name */
  _box(name) {
    return /** @type {HTMLInputElement} */ (part(this, `device-${name}`));
  }

  get _volume() {
    return /** @type {HTMLInputElement} */ (part(this, "device-volume"));
  }
}

/**
 * Offer the system's own choice, what there is, and what was chosen even if it is gone: it may come back.
 * @param {HTMLSelectElement} select
 * @param {readonly Device[]} devices
 * @param {string} chosen
 */
const fill = (select, devices, chosen) => {
  const named = devices.filter(({label}) => label !== "");
  const options = [{id: "", label: gettext("The system's own choice")}, ...named];
  if (!options.some(({id}) => id === chosen)) {
    options.push({id: chosen, label: gettext("The one you chose (not connected)")});
  }
  const known = Array.from(select.options, ({value, text}) => `${value} ${text}`);
  // An open list must not be taken from under the pointer for nothing.
  if (known.join("\n") !== options.map(({id, label}) => `${id} ${label}`).join("\n")) {
    select.textContent = "";
    options.forEach(({id, label}) => select.add(new Option(label, id)));
  }
  select.value = chosen;
};

customElements.define("device-settings", DeviceSettings);
