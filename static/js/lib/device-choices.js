/** What this browser uses to hear and to be heard, and how: kept by the browser, never sent anywhere. */

const KEY = "voiceassist.devices";

/**
 * @typedef {object} Devices
 * @property {string} microphone id of a device; empty: the system's own choice
 * @property {string} speaker id of a device; empty: the system's own choice
 * @property {number} volume of the assistant's voice, 0 to 1
 * @property {boolean} noiseSuppression by the browser
 * @property {boolean} echoSafe half duplex: nothing is heard while the assistant is audible
 * @property {"low" | "normal" | "high"} sensitivity how quiet speech may be to count as speech
 */

/** @type {Devices} */
const DEFAULTS = Object.freeze({
  microphone: "",
  speaker: "",
  volume: 1,
  noiseSuppression: true,
  echoSafe: false,
  sensitivity: "normal",
});

/** Dispatches `change` whenever something else was chosen, here or in another tab. */
export class DeviceChoices extends EventTarget {
  /** @param {Pick<Storage, "getItem" | "setItem"> | null} [store] null: nothing is remembered */
  constructor(store = ownStore()) {
    super();
    this._store = store;
    this._devices = this._read();
    if (typeof window !== "undefined") {
      window.addEventListener("storage", ({key}) => key === KEY && this._heedOthers());
    }
  }

  /** @returns {Devices} frozen */
  get current() {
    return this._devices;
  }

  /** @param {Partial<Devices>} changes */
  choose(changes) {
    this._devices = Object.freeze({...this._devices, ...changes});
    if (this._store) {
      try {
        this._store.setItem(KEY, JSON.stringify(this._devices));
      } catch (error) {
        // A browser that stores nothing still uses what was chosen, until the page is left.
      }
    }
    this.dispatchEvent(new CustomEvent("change"));
  }

  _heedOthers() {
    this._devices = this._read();
    this.dispatchEvent(new CustomEvent("change"));
  }

  /** @returns {Devices} */
  _read() {
    try {
      return Object.freeze({...DEFAULTS, ...known(JSON.parse((this._store && this._store.getItem(KEY)) || "{}"))});
    } catch (error) {
      return DEFAULTS;
    }
  }
}

/** Of what was stored, what has the right shape. @param {any} stored @returns {Partial<Devices>} */
const known = (stored) => {
  /** @type {any} */
  const kept = {};
  for (const [name, usual] of Object.entries(DEFAULTS)) {
    if (stored && typeof stored[name] === typeof usual) {
      kept[name] = stored[name];
    }
  }
  if (kept.sensitivity && !["low", "normal", "high"].includes(kept.sensitivity)) {
    delete kept.sensitivity;
  }
  return "volume" in kept ? {...kept, volume: Math.min(1, Math.max(0, kept.volume))} : kept;
};

/** Private windows and strict settings refuse it. */
const ownStore = () => {
  try {
    return window.localStorage;
  } catch (error) {
    return null;
  }
};
