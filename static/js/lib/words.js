/**
 * What people read, in the language of the page. English sentences are their own keys; where the page is in another
 * language, the server puts a catalogue into it: `<script type="application/json" id="page-words">`, sentence → sentence.
 */

/** @type {Record<string, string> | null} */
let catalogue = null;

/** @returns {Record<string, string>} */
const words = () => {
  if (catalogue === null) {
    const script = typeof document === "undefined" ? null : document.getElementById("page-words");
    catalogue = script ? JSON.parse(script.textContent || "{}") : {};
  }
  return /** @type {Record<string, string>} */ (catalogue);
};

/** Replace the catalogue; for tests. @param {Record<string, string>} sentences */
export const learn = (sentences) => {
  catalogue = sentences;
};

/**
 * The sentence in the language of the page, with `{name}` replaced by the value of that name.
 * @param {string} sentence in English, written out where this is called: it is collected from the sources
 * @param {Record<string, string | number>} [values]
 */
export const gettext = (sentence, values = {}) => {
  const own = Object.prototype.hasOwnProperty.call(words(), sentence) ? words()[sentence] : sentence;
  return own.replace(/\{(\w+)\}/g, (whole, name) =>
    Object.prototype.hasOwnProperty.call(values, name) ? String(values[name]) : whole,
  );
};

/** Marks a sentence of a table for the catalogue; `gettext` is called where it is shown. @param {string} sentence */
export const gettextNoop = (sentence) => sentence;

/** The reader's own variety of the page's language, for dates and figures: "en-GB" on an English page. */
export const pageLocale = () => {
  if (typeof document === "undefined") {
    return undefined;
  }
  const language = document.documentElement.lang || "en";
  const own = (navigator.languages || []).find((each) => each === language || each.startsWith(`${language}-`));
  return own || language;
};
