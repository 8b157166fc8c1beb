/** Hearing a line of the thread again, and saving its sound: from what the page remembers, never from the server. */

import {nameOfSound} from "../lib/file-names.js";
import {Request, SessionEvent} from "../voice/vocabulary.js";

/** @typedef {import("../elements/message-thread.js").MessageThread} MessageThread */
/** @typedef {import("../voice/realtime-voice-session.js").RealtimeVoiceSession} RealtimeVoiceSession */

export class Replays {
  /** @param {Document} root @param {RealtimeVoiceSession} session @param {MessageThread} thread */
  constructor(root, session, thread) {
    this._root = root;
    this._session = session;
    this._thread = thread;
  }

  begin() {
    this._root.addEventListener(Request.REPLAY, (event) => this._toggle(itemOf(event)));
    this._root.addEventListener(Request.SAVE_AUDIO, (event) => this._save(itemOf(event)));
    this._session.addEventListener(SessionEvent.REPLAYABLE, (event) => this._offer(itemOf(event)));
  }

  /** @param {string} itemId empty: what can be heard may have changed for all */
  _offer(itemId) {
    const items = itemId ? [itemId] : this._session.lines.map((line) => line.item_id);
    items.forEach((each) => this._thread.replayable(each, this._session.replays.has(each)));
    this._thread.replaying(this._session.replays.playing);
  }

  /** Play it, or stop it if it plays. @param {string} itemId */
  _toggle(itemId) {
    const {replays} = this._session;
    if (replays.playing === itemId) {
      replays.stop();
    } else {
      replays.play(itemId);
    }
  }

  /** @param {string} itemId */
  _save(itemId) {
    const sound = this._session.replays.wav(itemId);
    const line = this._session.lines.find(({item_id}) => item_id === itemId);
    if (sound && line) {
      const link = this._root.createElement("a");
      link.href = URL.createObjectURL(sound);
      link.download = nameOfSound(line);
      link.click();
      // The browser has begun to take it by then.
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    }
  }
}

/** @param {Event} event */
const itemOf = (event) => /** @type {string} */ (/** @type {CustomEvent} */ (event).detail.item_id);
