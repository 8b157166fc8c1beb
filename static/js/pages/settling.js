/** Giving the thread what the server has stored after the socket was gone: trailing words, and what was heard. */

/** @typedef {import("../api/client.js").ApiClient} ApiClient */
/** @typedef {import("../api/client.js").Message} Message */
/** @typedef {import("../elements/message-thread.js").MessageThread} MessageThread */

import {LineStatus} from "../voice/vocabulary.js";

/** The server waits this long for a trailing transcript after a clean end; then the words are there. */
const TRAILING_MS = 2500;

export class Settling {
  /**
   * @param {ApiClient} api
   * @param {MessageThread} thread
   * @param {() => boolean} isOffRecord nothing is added to the thread meanwhile
   */
  constructor(api, thread, isOffRecord) {
    this._api = api;
    this._thread = thread;
    this._isOffRecord = isOffRecord;
    this._timer = 0;
  }

  /** Look in a while, once, however often this is asked for. @param {string} conversationId */
  plan(conversationId) {
    clearTimeout(this._timer);
    this._timer = window.setTimeout(() => this._settle(conversationId), TRAILING_MS);
  }

  /** There is nothing more to come. */
  cancel() {
    clearTimeout(this._timer);
  }

  /** @param {string} conversationId */
  async _settle(conversationId) {
    try {
      const stored = [];
      for await (const page of this._api.messages(conversationId)) {
        stored.push(...page.map(lineOf));
      }
      this._thread.settle(stored, {mayAdd: !this._isOffRecord()});
    } catch (error) {
      // They are stored all the same and shown when the page is opened again.
      return;
    }
  }
}

/** @param {Message} message @returns {import("../voice/vocabulary.js").Line} */
const lineOf = ({id, role, modality, status, text, unheard_text, spoken_at}) => ({
  item_id: "",
  message_id: id,
  role,
  modality,
  status,
  text,
  unheard_text,
  spoken_at,
  off_record: false,
  is_final: status !== LineStatus.PENDING,
});
