/** A socket to the server on which events are waited for, one by one. */

import {endOfClose} from "../connection/closing.js";
import {Problem} from "../problem.js";

/** @typedef {{matches: (event: any) => boolean, resolve: (event: any) => void, reject: (error: Problem) => void}} Wait */

/** Sounds and events in the order they come; whoever waits is told when it is over instead. */
export class TestLine {
  /** @param {(listener: import("../connection/wire.js").WireListener) => import("../connection/wire.js").Wire} openWire */
  constructor(openWire) {
    /** @type {Set<Wait>} */
    this._waits = new Set();
    /** @type {{code: string, detail: string} | null} */
    this._end = null;
    /** Called with every piece of sound. @type {(pcm: ArrayBuffer) => void} */
    this.onAudio = () => undefined;
    /** Called with every event, before those who wait for it. @type {(event: any) => void} */
    this.onEvent = () => undefined;
    this._wire = openWire({
      onEvent: (event) => this._on(event),
      onAudio: (pcm) => this.onAudio(pcm),
      onClosed: ({code}) => this._over(this._end || endOfClose(code)),
    });
  }

  /** @param {{type: string, [field: string]: any}} event */
  send(event) {
    this._wire.send(event);
  }

  /**
   * The next event that matches. Rejects with a Problem: `silent` after so many milliseconds, or why the line ended.
   * @param {(event: any) => boolean} matches
   * @param {number} patience milliseconds
   * @returns {Promise<any>}
   */
  next(matches, patience) {
    return new Promise((resolve, reject) => {
      if (this._end) {
        reject(new Problem(this._end.code, this._end));
        return;
      }
      /** @type {Wait} */
      const wait = {matches, resolve: settle(resolve), reject: settle(reject)};
      const timer = setTimeout(() => wait.reject(new Problem("silent")), patience);
      const waits = this._waits;
      waits.add(wait);
      /** @type {(done: (value: any) => void) => (value: any) => void} */
      function settle(done) {
        return (value) => {
          clearTimeout(timer);
          waits.delete(wait);
          done(value);
        };
      }
    });
  }

  close() {
    this._over({code: "client", detail: ""});
    this._wire.close();
  }

  /** @param {any} event */
  _on(event) {
    if (event.type === "voiceassist.ended") {
      this._end = {code: event.code || event.reason || "internal", detail: event.detail || ""};
    }
    this.onEvent(event);
    for (const wait of Array.from(this._waits)) {
      if (wait.matches(event)) {
        wait.resolve(event);
      }
    }
  }

  /** @param {{code: string, detail: string}} end */
  _over(end) {
    this._end = end;
    for (const wait of Array.from(this._waits)) {
      wait.reject(new Problem(end.code, end));
    }
  }
}
