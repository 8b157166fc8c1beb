/** Addresses that the server writes with an id of zeros, for the browser to put an id in. */

const ANY_ID = "00000000-0000-0000-0000-000000000000";

/** @param {string} pattern @param {string} id */
export const addressOf = (pattern, id) => pattern.replace(ANY_ID, () => encodeURIComponent(id));
