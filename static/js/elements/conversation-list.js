/** The list of conversations: today, this week, earlier. */

import {ageGroup, shortAge} from "../lib/clock.js";
import {copyOf, part} from "../lib/part.js";

/** @typedef {{id: string, title: string, updated_at: string}} Entry */

/**
 * @attr current id of the conversation that is open
 * @attr href-pattern address of a conversation, with an id of zeros in its place
 */
export class ConversationList extends HTMLElement {
  connectedCallback() {
    this.show(Array.from(this.querySelectorAll("[data-conversation]")).map((link) => entryOf(link)));
  }

  /** @param {Entry[]} entries newest first */
  show(entries) {
    const list = part(this, "list");
    list.textContent = "";
    const now = new Date();
    let group = "";
    /** @type {HTMLElement | null} */
    let section = null;
    for (const entry of entries) {
      const moment = new Date(entry.updated_at);
      if (!section || ageGroup(moment, now) !== group) {
        group = ageGroup(moment, now);
        section = copyOf("conversation-group");
        part(section, "heading").textContent = group;
        list.appendChild(section);
      }
      part(section, "entries").appendChild(this._itemFor(entry, moment, now));
    }
    part(this, "none").hidden = entries.length > 0;
  }

  /** @param {Entry} entry @param {Date} moment @param {Date} now */
  _itemFor(entry, moment, now) {
    const item = copyOf("conversation-entry");
    const link = /** @type {HTMLAnchorElement} */ (part(item, "link"));
    const pattern = this.getAttribute("href-pattern") || "";
    link.href = pattern.replace("00000000-0000-0000-0000-000000000000", encodeURIComponent(entry.id));
    if (entry.id === this.getAttribute("current")) {
      link.setAttribute("aria-current", "page");
    }
    part(item, "title").textContent = entry.title || "Untitled conversation";
    const time = /** @type {HTMLTimeElement} */ (part(item, "time"));
    time.dateTime = entry.updated_at;
    time.textContent = shortAge(moment, now);
    return item;
  }
}

/** @param {Element} link @returns {Entry} */
const entryOf = (link) => ({
  id: link.getAttribute("data-conversation") || "",
  title: part(link, "title").textContent || "",
  updated_at: /** @type {HTMLTimeElement} */ (part(link, "time")).dateTime,
});

customElements.define("conversation-list", ConversationList);
