/** Putting text on the clipboard, also where the browser has no interface for it. */

/**
 * True when it is there. Else the text stands selected in the field, to be copied by hand.
 * @param {string} text
 * @param {HTMLTextAreaElement} field shows the text
 * @param {{clipboard?: {writeText?: (text: string) => Promise<void>}}} [browser]
 */
export const copyText = async (text, field, browser = navigator) => {
  try {
    if (browser.clipboard && browser.clipboard.writeText) {
      await browser.clipboard.writeText(text);
      return true;
    }
  } catch (error) {
    // Refused to this page: the older way asks nobody.
  }
  field.value = text;
  field.focus();
  field.select();
  try {
    return document.execCommand("copy");
  } catch (error) {
    return false;
  }
};
