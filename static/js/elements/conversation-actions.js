/** What can be done with a conversation: the menus of the list's entries and of the header. */

import {addressOf} from "../lib/addresses.js";
import {part} from "../lib/part.js";
import {Request} from "../voice/vocabulary.js";

/** @typedef {import("./pop-menu.js").PopMenu} PopMenu */
/** @typedef {{id: string, title: string}} Conversation */

const FORMATS = ["txt", "md", "json", "vtt"];

/**
 * Open the menu beside `button`. Deleting is asked for by `va-conversation-delete` from the button.
 * @param {HTMLElement} button
 * @param {Conversation} conversation
 * @param {string} exportPattern address of an export, with an id of zeros and no format yet
 * @param {() => void} rename
 */
export const offerActions = (button, conversation, exportPattern, rename) => {
  const menu = /** @type {PopMenu} */ (part(document, "conversation-menu"));
  menu.open(button, (choice) => {
    if (choice === "rename") {
      rename();
    } else if (choice === "export") {
      offerExport(button, conversation, exportPattern);
    } else {
      button.dispatchEvent(new CustomEvent(Request.CONVERSATION_DELETE, {bubbles: true, detail: conversation}));
    }
  });
};

/**
 * Open the list of formats beside `button`. Its entries are links: the browser takes the file.
 * @param {HTMLElement} button
 * @param {Conversation} conversation
 * @param {string} exportPattern
 */
export const offerExport = (button, conversation, exportPattern) => {
  const menu = /** @type {PopMenu} */ (part(document, "export-menu"));
  const address = addressOf(exportPattern, conversation.id);
  for (const format of FORMATS) {
    /** @type {HTMLAnchorElement} */ (menu.entry(format)).href = `${address}?format=${format}`;
  }
  menu.open(button, () => {});
};
