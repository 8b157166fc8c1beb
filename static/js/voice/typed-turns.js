/** Turns typed by the person: they wait for the session, their answers wait for one another, and none is lost on the way. */

import {randomId} from "../lib/identifiers.js";

/** @typedef {{type: string, [field: string]: any}} ClientEvent */

/**
 * A turn that got no word of its answer when its socket was lost is sent once more. It keeps its id, by which the
 * server knows it if it has it already.
 */
export class TypedTurns {
  constructor() {
    /** @type {ClientEvent[]} */
    this._waiting = [];
    /** Sent, and nothing of an answer has come. @type {Map<string, {turn: ClientEvent, isThere: boolean}>} */
    this._unanswered = new Map();
    this._answerDue = false;
  }

  /** Whether anything is waiting to be sent. */
  get isEmpty() {
    return this._waiting.length === 0;
  }

  /** Whether no word has come yet of an answer to what was sent. */
  get isUnanswered() {
    return this._unanswered.size > 0;
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
    const turns = this._waiting.splice(0);
    this._answerDue = this._answerDue || turns.length > 0;
    turns.forEach((turn) => this._unanswered.set(turn.item.id, {turn, isThere: false}));
    return turns;
  }

  /** The server has it; the oldest one is meant where it gave it an id of its own. @param {string} itemId */
  confirmed(itemId) {
    const known = this._unanswered.get(itemId);
    const sent = known || Array.from(this._unanswered.values()).find(({isThere}) => !isThere);
    if (sent) {
      this._unanswered.delete(sent.turn.item.id);
      const turn = {...sent.turn, item: {...sent.turn.item, id: itemId}};
      this._unanswered.set(itemId, {turn, isThere: true});
    }
  }

  /** The server would not have it. @param {string} eventId of what was sent */
  refused(eventId) {
    this._unanswered.forEach(({turn}, itemId) => turn.event_id === eventId && this._unanswered.delete(itemId));
  }

  /** Words of an answer came, or it is over: what had been asked by then is answered. */
  answered() {
    if (!this._answerDue) {
      this._unanswered.forEach(({isThere}, itemId) => isThere && this._unanswered.delete(itemId));
    }
  }

  /** An answer is due that the server does not give by itself: to a turn that was spoken, or once more. */
  due() {
    this._answerDue = true;
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

  /** The socket is gone: what got no answer waits once more, before what was written since. */
  lost() {
    this._answerDue = false;
    this._waiting = [...Array.from(this._unanswered.values(), ({turn}) => turn), ...this._waiting];
    this._unanswered.clear();
  }

  /**
   * The session is over. Turns that were never sent may wait for the next one, and so may those that it had not read.
   * @param {{keep: boolean, untaken?: (ClientEvent | ArrayBuffer)[]}} wish `untaken`: what was sent and not read
   */
  stop({keep, untaken = []}) {
    this._answerDue = false;
    const turns = Array.from(this._unanswered.values(), ({turn}) => turn);
    this._unanswered.clear();
    this._waiting = keep ? [...turns.filter((turn) => untaken.includes(turn)), ...this._waiting] : [];
  }
}
