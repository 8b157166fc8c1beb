/** The oldest browsers the page is for, and what MDN's table says they have. */

import {readFileSync} from "node:fs";

/** @type {Record<string, string>} names as the table spells them, and versions */
export const TARGETS = {chrome: "80", edge: "80", safari: "14.1", firefox: "76"};

const place = import.meta.resolve("@mdn/browser-compat-data");
/** The table. @type {any} */
export const TABLE = JSON.parse(readFileSync(new URL(place), "utf8"));

/** @param {string} version "14.1", or "≤14" where nobody knows better */
const parts = (version) => version.replace("≤", "").split(".").map(Number);

/** @param {string} version @param {string} than */
const isLater = (version, than) => {
  const [major, minor = 0] = parts(version);
  const [wanted, little = 0] = parts(than);
  return major > wanted || (major === wanted && minor > little);
};

/** Whether a line of the table says that a browser of that version has it, unprefixed and switched on. */
const holds = (/** @type {any} */ line, /** @type {string} */ version) =>
  typeof line.version_added === "string" &&
  line.version_added !== "preview" &&
  !line.flags &&
  !line.prefix &&
  !line.alternative_name &&
  !isLater(line.version_added, version) &&
  !(typeof line.version_removed === "string" && !isLater(line.version_removed, version));

/**
 * The targets that lack an entry of the table, such as "safari 14.1". Nothing for one about which it is silent.
 * @param {any} entry
 * @returns {string[]}
 */
export const lacking = (entry) => {
  const support = entry && entry.__compat && entry.__compat.support;
  if (!support) {
    return [];
  }
  return Object.entries(TARGETS)
    .filter(([browser, version]) => !(support[browser] ? [support[browser]].flat() : []).some((line) => holds(line, version)))
    .map(([browser, version]) => `${browser} ${version}`);
};
