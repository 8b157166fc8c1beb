/** Where an interrupted answer stops having been heard. Pure. */

/** Chinese, Japanese and other wide letters: their words have no blanks between them. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** @type {(text: string) => string[]} */
const wordsOf = (text) => text.split(/\s+/).filter(Boolean);

/**
 * Divide the whole text of an answer by the words that were heard of it.
 * @param {string} whole
 * @param {string} heard
 * @returns {{text: string, unheard_text: string}}
 */
export const heardPart = (whole, heard) => {
  const spoken = heard.trim();
  const rest = whole.trim().startsWith(spoken)
    ? whole.trim().slice(spoken.length).trim()
    : // Written and spoken forms may differ ("5" and "five"); their words still come one by one.
      wordsOf(whole).slice(wordsOf(spoken).length).join(" ");
  return {text: spoken, unheard_text: rest};
};

/**
 * Divide the words of an answer as its sound was divided: the share that was heard, cut back to a whole word. The server
 * reckons in the same way where nobody tells it the words.
 * @param {string} whole
 * @param {number} heardMs
 * @param {number} receivedMs of the sound of `whole`
 * @returns {{text: string, unheard_text: string}}
 */
export const heardShare = (whole, heardMs, receivedMs) => {
  const letters = Array.from(whole.trim());
  let end = 0;
  if (heardMs > 0 && receivedMs > 0) {
    end = heardMs >= receivedMs ? letters.length : Math.floor((letters.length * heardMs) / receivedMs);
  }
  while (end > 0 && !partsWords(letters, end)) {
    end -= 1;
  }
  return {text: letters.slice(0, end).join("").trim(), unheard_text: letters.slice(end).join("").trim()};
};

/** Whether a word ends there. @param {string[]} letters @param {number} at */
const partsWords = (letters, at) => {
  const before = letters[at - 1];
  const after = letters[at];
  return after === undefined || isBlank(before) || isBlank(after) || (WIDE.test(before) && WIDE.test(after));
};

/** @param {string} letter */
const isBlank = (letter) => /\s/.test(letter);
