/** What a check found: a verdict, a code that says what to do about it, and what was measured. Pure. */

/** How far a check has come, and how it ended. */
export const Verdict = Object.freeze({
  WAITING: "waiting",
  CHECKING: "checking",
  /** It is the person's turn: to allow, to speak, to listen. */
  ASKING: "asking",
  FINE: "fine",
  LOOK: "look",
  FAILED: "failed",
  SKIPPED: "skipped",
});

/**
 * @typedef {object} Outcome
 * @property {string} verdict one of Verdict
 * @property {string} code of the advice, or empty
 * @property {Record<string, number | string | boolean>} figures what was measured: no words of anybody, no ids
 * @property {string} detail the server's own sentence, or empty
 */

/** @typedef {Outcome["figures"]} Figures */

/** @param {string} verdict @param {string} code @param {Figures} figures @param {string} [detail] @returns {Outcome} */
const outcome = (verdict, code, figures, detail = "") => Object.freeze({verdict, code, figures: Object.freeze(figures), detail});

export const WAITING = outcome(Verdict.WAITING, "", {});

/** @param {Figures} [figures] */
export const fine = (figures = {}) => outcome(Verdict.FINE, "", figures);

/** Works, and could do better. @param {string} code @param {Figures} [figures] @param {string} [detail] */
export const look = (code, figures = {}, detail = "") => outcome(Verdict.LOOK, code, figures, detail);

/** Does not work. @param {string} code @param {Figures} [figures] @param {string} [detail] */
export const failed = (code, figures = {}, detail = "") => outcome(Verdict.FAILED, code, figures, detail);

/** Could not be looked at: something it needs does not work. */
export const skipped = () => outcome(Verdict.SKIPPED, "", {});

/** Under way. @param {string} [code] what the person is asked to do meanwhile */
export const underWay = (code = "") => outcome(code ? Verdict.ASKING : Verdict.CHECKING, code, {});

/** Whether something else can rest upon it. @param {Outcome | undefined} found */
export const holds = (found) => found !== undefined && (found.verdict === Verdict.FINE || found.verdict === Verdict.LOOK);
