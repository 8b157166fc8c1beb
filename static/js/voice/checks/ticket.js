/** Whether the server opens a session, and for how long its ticket is good. Pure. */

import {failed, fine, look} from "./outcome.js";

/** Refusals that have their own advice. What is not among them shows the server's own sentence. */
const KNOWN = new Set([
  "realtime_disabled",
  "realtime_not_configured",
  "throttled",
  "daily_limit_reached",
  "too_many_sessions",
  "not_authenticated",
  "csrf_failed",
  "network",
]);

/** A clock may be wrong by so many seconds before it is worth a word. */
const CLOCK_SECONDS = 60;

/**
 * What a refusal means.
 * @param {any} error an ApiError, or whatever was thrown
 */
export const judgeRefusal = (error) => {
  const {code = "internal", detail = "", retryAfter = null, status = 0} = error || {};
  /** @type {import("./outcome.js").Figures} */
  const figures = retryAfter === null ? {status} : {status, wait: retryAfter};
  return KNOWN.has(code) ? failed(code, figures) : failed("ticket_refused", {...figures, code: String(code)}, detail);
};

/**
 * Ask for a session.
 * @param {object} means
 * @param {() => Promise<any>} means.createSession
 * @param {() => number} means.now milliseconds, of a clock that does not jump
 * @returns {Promise<{config: any, outcome: import("./outcome.js").Outcome}>} `config` is null when it was refused
 */
export const askForTicket = async ({createSession, now}) => {
  const began = now();
  try {
    const config = await createSession();
    return {config, outcome: fine({ms: Math.round(now() - began)})};
  } catch (error) {
    return {config: null, outcome: judgeRefusal(error)};
  }
};

/**
 * How long the ticket is good by this device's clock. The server goes by its own, so a wrong clock here only confuses.
 * @param {{expiresAt: number, now: number, lasts: number}} times unix seconds twice; seconds that a new ticket is good
 */
export const judgeExpiry = ({expiresAt, now, lasts}) => {
  const off = Math.abs(Math.round(now + lasts - expiresAt));
  const figures = {seconds: lasts, off};
  return off > CLOCK_SECONDS ? look("clock_off", figures) : fine(figures);
};

/**
 * Who answers, and whether they can be heard.
 * @param {{label: string, is_language_model: boolean} | null} provider
 * @param {string} voiceProblem why there is no speech, or empty
 */
export const judgeProvider = (provider, voiceProblem) => {
  const figures = {label: provider ? provider.label : "", is_language_model: Boolean(provider && provider.is_language_model)};
  return voiceProblem ? failed("speech_unavailable", figures, voiceProblem) : fine(figures);
};
