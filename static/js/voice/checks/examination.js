/** One round of checks, one after another, each only when what it needs has held. Touches nothing itself. */

import {Verdict, WAITING, failed, holds, skipped, underWay} from "./outcome.js";

/** @typedef {import("./outcome.js").Outcome} Outcome */

/**
 * @typedef {object} Check
 * @property {string} name
 * @property {string[]} [needs] the checks without which this one cannot be made
 * @property {(ask: (code: string) => void) => Outcome | Promise<Outcome>} run `ask` tells what the person is to do
 */

/** Dispatches `check` with `{name, outcome}` for every change, the last one being how it ended. */
export class Examination extends EventTarget {
  /** @param {Check[]} checks in the order in which they are made */
  constructor(checks) {
    super();
    this._checks = checks;
    /** @type {Map<string, Outcome>} */
    this._found = new Map(checks.map(({name}) => [name, WAITING]));
    this._isStopped = false;
    /** @type {() => void} */
    this._giveUp = () => undefined;
    /** Settles when it is stopped, so that no check is waited for any longer. @type {Promise<null>} */
    this._stopped = new Promise((resolve) => {
      this._giveUp = () => resolve(null);
    });
  }

  /** What was found so far, in the order of the checks. @returns {{name: string, outcome: Outcome}[]} */
  get found() {
    return this._checks.map(({name}) => ({name, outcome: this._found.get(name) || WAITING}));
  }

  /** Make all checks. Never rejects; false when it was stopped. */
  async run() {
    for (const check of this._checks) {
      if (this._isStopped) {
        break;
      }
      const {needs = []} = check;
      const made = needs.every((name) => holds(this._found.get(name))) ? await this._make(check) : skipped();
      this._note(check.name, made || WAITING);
    }
    return !this._isStopped;
  }

  /** Make no further check, and wait for none. */
  stop() {
    this._isStopped = true;
    this._giveUp();
  }

  /** @param {Check} check @returns {Promise<Outcome | null>} null when it was stopped meanwhile */
  async _make(check) {
    this._note(check.name, underWay());
    try {
      const run = Promise.resolve(check.run((code) => this._isStopped || this._note(check.name, underWay(code))));
      run.catch(() => undefined); // nobody waits for it any more once it is stopped
      return await Promise.race([run, this._stopped]);
    } catch (error) {
      const {code, detail} = /** @type {any} */ (error) || {};
      return failed(typeof code === "string" && code ? code : "internal", {}, typeof detail === "string" ? detail : "");
    }
  }

  /** @param {string} name @param {Outcome} outcome */
  _note(name, outcome) {
    this._found.set(name, outcome);
    this.dispatchEvent(new CustomEvent("check", {detail: {name, outcome}}));
  }
}

/**
 * The worst of what was found, and how many of each there are.
 * @param {{outcome: Outcome}[]} found
 */
export const summaryOf = (found) => {
  const count = (/** @type {string} */ verdict) => found.filter(({outcome}) => outcome.verdict === verdict).length;
  const counts = {
    fine: count(Verdict.FINE),
    look: count(Verdict.LOOK),
    failed: count(Verdict.FAILED),
    skipped: count(Verdict.SKIPPED),
  };
  const worst = counts.failed ? Verdict.FAILED : counts.look ? Verdict.LOOK : Verdict.FINE;
  return {...counts, worst};
};
