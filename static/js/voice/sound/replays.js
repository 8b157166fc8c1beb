/** Plays lines of the last ten minutes again, out of the page's own memory. */

import {ReplayMemory} from "./replay-memory.js";
import {TurnSounds} from "./turn-sounds.js";

/** @typedef {import("../../lib/device-choices.js").DeviceChoices} DeviceChoices */

export class Replays {
  /**
   * @param {DeviceChoices} devices
   * @param {(itemId: string) => void} onChange told of which item something is different; empty: of any
   * @param {ReplayMemory} [memory]
   * @param {EventTarget} [page] says when it is left
   */
  constructor(devices, onChange, memory = new ReplayMemory(), page = window) {
    this._devices = devices;
    this._onChange = onChange;
    this._memory = memory;
    /** Where the session tells what it sends and receives. */
    this.turns = new TurnSounds(memory, (itemId) => this._kept(itemId));
    /** @type {HTMLAudioElement | null} */
    this._element = null;
    this._playing = "";
    this._settle = () => {};
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this._timer = undefined;
    // Whoever goes back to this page later is perhaps somebody else.
    page.addEventListener("pagehide", () => this.clear());
  }

  /** The item that is being played again, or empty. */
  get playing() {
    return this._playing;
  }

  /** @param {string} itemId */
  has(itemId) {
    return this._memory.has(itemId);
  }

  /** 24 kHz mono, or null when it is not in memory (any more). @param {string} itemId */
  wav(itemId) {
    return this._memory.wav(itemId);
  }

  /** Resolves when it was played to its end or stopped. Call inside the person's gesture. @param {string} itemId */
  async play(itemId) {
    this.stop();
    const wav = this._memory.wav(itemId);
    if (!wav) {
      return;
    }
    const element = new Audio(URL.createObjectURL(wav));
    this._element = element;
    this._playing = itemId;
    const over = new Promise((resolve) => {
      this._settle = () => resolve(undefined);
    });
    element.onended = () => this.stop();
    element.onerror = () => this.stop();
    element.volume = this._devices.current.volume;
    this._onChange(itemId);
    try {
      await this._choose(element);
      // Stopped meanwhile, before it was heard.
      if (this._element === element) {
        await element.play();
      }
    } catch (error) {
      // Another one was begun meanwhile, or the browser plays nothing at all.
      if (this._element === element) {
        this.stop();
      }
    }
    await over;
  }

  stop() {
    const element = this._element;
    if (!element) {
      return;
    }
    const stopped = this._playing;
    this._element = null;
    this._playing = "";
    element.onended = element.onerror = null;
    element.pause();
    URL.revokeObjectURL(element.src);
    element.removeAttribute("src");
    this._settle();
    this._onChange(stopped);
  }

  /** @param {string} itemId */
  forget(itemId) {
    if (this._playing === itemId) {
      this.stop();
    }
    if (this._memory.forget(itemId)) {
      this._onChange(itemId);
    }
  }

  /** @param {string} itemId @param {string} name */
  rename(itemId, name) {
    this._memory.rename(itemId, name);
    this._onChange("");
  }

  clear() {
    this.stop();
    clearTimeout(this._timer);
    this._memory.clear();
    this.turns.begin();
    this._onChange("");
  }

  /** @param {string} itemId */
  _kept(itemId) {
    this._tidy();
    this._onChange(itemId);
  }

  /** What is ten minutes old goes by itself. */
  _tidy() {
    if (this._memory.tidy()) {
      this._onChange("");
    }
    clearTimeout(this._timer);
    const wait = this._memory.nextTidy;
    if (wait !== null) {
      this._timer = setTimeout(() => this._tidy(), wait);
    }
  }

  /** @param {HTMLAudioElement} element */
  async _choose(element) {
    const {speaker} = this._devices.current;
    const choose = Reflect.get(element, "setSinkId");
    if (speaker && choose) {
      // Gone meanwhile: the system's own plays it.
      await choose.call(element, speaker).catch(() => undefined);
    }
  }
}
