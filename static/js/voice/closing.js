/** What a closed socket means when no `voiceassist.ended` came before it. Pure. */

/** @type {Record<number, {code: string, retryable: boolean}>} */
const BY_CLOSE_CODE = {
  1001: {code: "draining", retryable: true},
  1009: {code: "protocol_error", retryable: true},
  1012: {code: "draining", retryable: true},
  4400: {code: "protocol_error", retryable: true},
  4401: {code: "ticket_refused", retryable: true},
  4403: {code: "signed_out", retryable: false},
  4404: {code: "conversation_not_found", retryable: false},
  4408: {code: "slow_client", retryable: true},
  4409: {code: "replaced", retryable: true},
  4429: {code: "limit_reached", retryable: true},
  4500: {code: "internal", retryable: true},
  4502: {code: "provider_failed", retryable: true},
  4503: {code: "realtime_unavailable", retryable: true},
  4504: {code: "provider_silent", retryable: true},
};

/**
 * @param {number} closeCode
 * @returns {import("./vocabulary.js").Trouble & {reason: string}}
 */
export const endOfClose = (closeCode) => {
  const known = BY_CLOSE_CODE[closeCode] || {code: "connection_lost", retryable: true};
  return {...known, reason: known.code, detail: ""};
};
