/** Which lines of the thread are which of those that the server has stored. */

import {part} from "../lib/part.js";
import {LineStatus} from "../voice/vocabulary.js";

/** @typedef {import("../voice/vocabulary.js").Line} Line */

/**
 * Which element shows which stored line; null where none does, as for words that were said while the socket broke. What
 * was stored after the socket was gone never got its id here: such lines are matched by their order and side.
 * @param {HTMLElement[]} elements
 * @param {Line[]} stored
 * @returns {[HTMLElement | null, Line][]}
 */
export const pairs = (elements, stored) => {
  const byId = new Map(elements.filter(({dataset}) => dataset.message).map((element) => [element.dataset.message, element]));
  // A page may show only the end of a long conversation.
  const from = byId.size ? stored.findIndex((line) => byId.has(line.message_id)) : 0;
  const nameless = elements.filter(({dataset}) => !dataset.message && dataset.status !== LineStatus.UNSENT);
  // What is being said this moment waits for its own words.
  const unfinished = nameless.filter(({dataset}) => dataset.status === LineStatus.PARTIAL);
  const finished = nameless.filter(({dataset}) => dataset.status !== LineStatus.PARTIAL);
  // The server may have a turn of which it could not tell us any more.
  const unsent = elements.filter(({dataset}) => dataset.status === LineStatus.UNSENT);
  /** @type {[HTMLElement | null, Line][]} */
  const found = [];
  for (const line of from < 0 ? [] : stored.slice(from)) {
    const element =
      byId.get(line.message_id) ||
      takeFirst(unsent, (lost) => line.role === "user" && wordsOf(lost) === squeezed(line.text)) ||
      takeFirst(finished, (other) => mayBe(other, line));
    if (element || !takeFirst(unfinished, (other) => isBegunBy(other, line))) {
      found.push([element || null, line]);
    }
  }
  return found;
};

/** Whether it is something that was said, and whole: what is still being written down comes by itself. @param {Line} line */
export const isWhole = ({role, status, text, unheard_text}) =>
  (role === "user" || role === "assistant") && status !== LineStatus.PENDING && text + unheard_text !== "";

/**
 * What a person said is final with its words; what an answer keeps of its own depends on what was heard.
 * @type {(element: HTMLElement, line: Line) => boolean}
 */
const mayBe = (element, line) => {
  const isSettled = line.role === "user" && element.dataset.status === LineStatus.FINAL;
  return element.dataset.role === line.role && (!isSettled || wordsOf(element) === squeezed(line.text));
};

/**
 * Whether the stored line is the whole of what the page still has as a beginning.
 * @type {(element: HTMLElement, line: Line) => boolean}
 */
const isBegunBy = (element, line) => {
  const begun = wordsOf(element);
  return element.dataset.role === line.role && begun !== "" && squeezed(line.text).startsWith(begun);
};

/** @param {HTMLElement} element */
const wordsOf = (element) => squeezed(part(element, "heard").textContent || "");

/** @param {string} text */
const squeezed = (text) => text.trim().replace(/\s+/g, " ");

/**
 * The first element that fits, taken out of the list.
 * @param {HTMLElement[]} elements
 * @param {(element: HTMLElement) => boolean} fits
 */
const takeFirst = (elements, fits) => {
  const at = elements.findIndex(fits);
  return at < 0 ? undefined : elements.splice(at, 1)[0];
};
