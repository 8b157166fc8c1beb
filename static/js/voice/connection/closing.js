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

/** Nobody wanted these: the network, one that took nothing more, a server that restarts, or something between. */
const LOST = new Set([1001, 1005, 1006, 1011, 1012, 1013, 1014, 1015, 4408]);

/**
 * Whether the conversation can be taken up again by itself. What the server gave a reason for is over, unless the
 * reason is that it restarts.
 * @param {number} closeCode
 * @param {{reason: string} | null} told by `voiceassist.ended`
 */
export const comesBack = (closeCode, told) => (told ? told.reason === "draining" : LOST.has(closeCode));

/**
 * Whether a first socket may be tried for again: nobody has said a word on it. A handshake that the server, or a proxy,
 * turns away reaches a page as 1006, whatever the status was.
 * @param {number} closeCode
 * @param {object | null} told by `voiceassist.ended`
 */
export const wasTurnedAway = (closeCode, told) => !told && LOST.has(closeCode);

/**
 * @param {number} closeCode
 * @returns {import("../vocabulary.js").Trouble & {reason: string}}
 */
export const endOfClose = (closeCode) => {
  const known = BY_CLOSE_CODE[closeCode] || {code: "connection_lost", retryable: true};
  return {...known, reason: known.code, detail: ""};
};
