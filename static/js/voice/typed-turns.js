/** Turns typed by the person: they wait for the session, and their answers wait for one another. */

import {randomId} from "../lib/identifiers.js";

/** @typedef {{type: string, [field: string]: any}} ClientEvent */

export class TypedTurns {
  constructor() {
    /** @type {ClientEvent[]} */
    this._waiting = [];
    this._answerDue = false;
  }

  /** Whether anything is waiting to be sent. */
  get isEmpty() {
    return this._waiting.length === 0;
  }

  /** The items of what is waiting. @returns {string[]} */
  get waiting() {
    return this._waiting.map(({item}) => item.id);
  }

  /** @param {string} text @returns {string} the item's id */
  add(text) {
    const id = randomId("item_");
    const item = {id, type: "message", role: "user", content: [{type: "input_text", text}]};
    this._waiting.push({type: "conversation.item.create", event_id: randomId("event_"), item});
    return id;
  }

  /** The events to send for what has waited. */
  take() {
    this._answerDue = this._answerDue || this._waiting.length > 0;
    return this._waiting.splice(0);
  }

  /**
   * The event that brings the answer nearer, or null. A running response has to be over before the next can begin.
   * @param {{responding: boolean, spoken: boolean}} now
   * @returns {ClientEvent | null}
   */
  nextAsk({responding, spoken}) {
    if (!this._answerDue) {
      return null;
    }
    if (responding) {
      return {type: "response.cancel"};
    }
    this._answerDue = false;
    return spoken ? {type: "response.create"} : {type: "response.create", response: {output_modalities: ["text"]}};
  }

  /** The session is over. Turns that were never sent may wait for the next one. @param {{keep: boolean}} wish */
  stop({keep}) {
    this._answerDue = false;
    if (!keep) {
      this._waiting = [];
    }
  }
}
