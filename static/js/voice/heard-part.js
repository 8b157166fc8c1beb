/** Where an interrupted answer stops having been heard. Pure. */

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
