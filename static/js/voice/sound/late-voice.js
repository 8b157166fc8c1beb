/** Voice before its modules are there: the audio context is made at once, inside the gesture, all the rest is loaded. */

import {AudioStage} from "./audio-stage.js";
import {Problem} from "../problem.js";

/** @typedef {import("./voice-io.js").VoiceIo} VoiceIo */
/** @typedef {import("./voice-io.js").VoiceListener} VoiceListener */
/** @typedef {import("./voice-io.js").VoiceWishes} VoiceWishes */

/** What every press of the button but the first finds loaded. @type {Promise<typeof import("./voice-io.js")> | null} */
let rooms = null;

/** Fetch the modules, once; a failure is forgotten, so that it can be tried again. */
export const loadVoice = () => {
  if (!rooms) {
    rooms = import("./voice-io.js");
    rooms.catch(() => {
      rooms = null;
    });
  }
  return rooms;
};

export class LateVoice {
  /**
   * Call inside the person's gesture. Throws a Problem where voice cannot be had.
   * @param {import("./audio-stage.js").WorkletUrl} worklets
   * @param {VoiceListener} listener
   * @param {VoiceWishes} wishes
   */
  constructor(worklets, listener, wishes) {
    this._stage = new AudioStage(worklets);
    this._listener = listener;
    this._wishes = wishes;
    /** @type {VoiceIo | null} */
    this._io = null;
    this._closed = false;
    this._muted = false;
    this._listening = true;
    /** @type {((frame: ArrayBuffer) => void) | null} */
    this._send = null;
  }

  /** Load the rest, ask for the microphone and begin. Rejects with a Problem. */
  async open() {
    const rooms = await this._load();
    if (this._closed) {
      return;
    }
    this._listener.onLoaded(rooms);
    const io = new rooms.VoiceIo(this._stage, this._listener, this._wishes);
    this._io = io;
    io.muted = this._muted;
    io.listening = this._listening;
    if (this._send) {
      io.stream(this._send);
    }
    await io.open();
  }

  /** The player, once it is loaded. */
  get player() {
    return this._io ? this._io.player : null;
  }

  get levels() {
    return this._io ? this._io.levels : {assistant: 0, user: 0};
  }

  get figures() {
    return this._io ? this._io.figures : null;
  }

  get muted() {
    return this._muted;
  }

  set muted(muted) {
    this._muted = muted;
    if (this._io) {
      this._io.muted = muted;
    }
  }

  /** While it is false nothing that is heard is sent or kept. */
  get listening() {
    return this._listening;
  }

  set listening(listening) {
    this._listening = listening;
    if (this._io) {
      this._io.listening = listening;
    }
  }

  /** Hand every frame to `send`, first those that were kept. @param {(frame: ArrayBuffer) => void} send */
  stream(send) {
    this._send = send;
    if (this._io) {
      this._io.stream(send);
    }
  }

  /** From now on every frame is kept for the next `stream`. @param {ArrayBuffer[]} [again] sent in vain, kept before them */
  hold(again) {
    this._send = null;
    if (this._io) {
      this._io.hold(again);
    }
  }

  /** The next `stream` begins with what is heard from now on. */
  forget() {
    if (this._io) {
      this._io.forget();
    }
  }

  /** Let suspended sound go on. Call inside the person's gesture. */
  async resume() {
    if (this._io) {
      await this._io.resume();
    } else {
      this._stage.wake();
    }
  }

  close() {
    this._closed = true;
    if (this._io) {
      this._io.close();
    }
    this._stage.close();
  }

  async _load() {
    try {
      return await loadVoice();
    } catch (error) {
      throw new Problem("network");
    }
  }
}
