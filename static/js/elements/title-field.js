/** Giving a conversation another title, in the place where the title stands. */

import {gettext} from "../lib/words.js";

/** What the server takes. */
const LONGEST = 120;

/**
 * Put a field in the place of `shown` until it is left. Enter and leaving keep what is written, Escape does not.
 * @param {HTMLElement} shown hidden meanwhile
 * @param {string} title
 * @returns {Promise<string | null>} the new title; null when it stays as it was
 */
export const editTitle = (shown, title) => {
  const field = document.createElement("input");
  field.className = "title-field";
  field.value = title;
  field.maxLength = LONGEST;
  field.setAttribute("aria-label", gettext("Title of the conversation"));
  field.enterKeyHint = "done";
  shown.hidden = true;
  /** @type {Node} */ (shown.parentNode).insertBefore(field, shown.nextSibling);
  field.focus();
  field.select();
  return new Promise((resolve) => {
    let isOpen = true;
    const leave = (/** @type {boolean} */ keep) => {
      // Taking a focused field away tells it that it is left.
      if (isOpen) {
        isOpen = false;
        const written = field.value.trim();
        field.remove();
        shown.hidden = false;
        resolve(keep && written && written !== title ? written : null);
      }
    };
    field.addEventListener("blur", () => leave(true));
    field.addEventListener("keydown", (event) => {
      // Voice mode and the drawer have keys, too; while one writes, they are letters.
      event.stopPropagation();
      if (event.key === "Escape" || (event.key === "Enter" && !event.isComposing && event.keyCode !== 229)) {
        event.preventDefault();
        leave(event.key === "Enter");
      }
    });
  });
};
