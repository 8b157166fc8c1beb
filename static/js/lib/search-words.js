/** Where the words that somebody looks for stand in a text. Pure. */

/** The server looks for no more of them. */
const MOST_WORDS = 8;

/**
 * The text in pieces, in order; `isMatch` are those that were looked for, in any case of their letters.
 * @param {string} text
 * @param {string} query
 * @returns {{text: string, isMatch: boolean}[]}
 */
export const piecesOf = (text, query) => {
  const words = query.trim().split(/\s+/).filter(Boolean).slice(0, MOST_WORDS);
  if (words.length === 0) {
    return text ? [{text, isMatch: false}] : [];
  }
  // The longest first: of two that begin alike the whole one is marked.
  const either = words.sort((one, other) => other.length - one.length).map(literally).join("|");
  return text
    .split(new RegExp(`(${either})`, "iu"))
    .map((piece, at) => ({text: piece, isMatch: at % 2 === 1}))
    .filter((piece) => piece.text !== "");
};

/** @param {string} word */
const literally = (word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
