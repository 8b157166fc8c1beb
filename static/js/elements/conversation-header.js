/** Above the thread: what the conversation is called, and what can be done with it. */

import {part} from "../lib/part.js";
import {Request} from "../voice/vocabulary.js";
import {offerActions, offerExport} from "./conversation-actions.js";
import {editTitle} from "./title-field.js";

/**
 * Asks by `va-conversation-rename` and `va-conversation-delete`.
 * @attr conversation-id empty while there is nothing to be done with it
 * @attr export-pattern address of an export, with an id of zeros in its place
 */
export class ConversationHeader extends HTMLElement {
  static get observedAttributes() {
    return ["conversation-id"];
  }

  connectedCallback() {
    const more = part(this, "more");
    more.addEventListener("click", () => offerActions(more, this._conversation, this._pattern, () => this._rename()));
    const formats = part(this, "export");
    formats.addEventListener("click", () => offerExport(formats, this._conversation, this._pattern));
  }

  attributeChangedCallback() {
    part(this, "actions").hidden = !this.getAttribute("conversation-id");
  }

  /** @param {string} title */
  name(title) {
    part(this, "conversation-title").textContent = title;
  }

  /** Nothing can be done with it any more. @param {string} title what stands there from now on */
  retire(title) {
    this.setAttribute("conversation-id", "");
    this.name(title);
  }

  get _conversation() {
    const title = part(this, "conversation-title").textContent || "";
    return {id: this.getAttribute("conversation-id") || "", title};
  }

  get _pattern() {
    return this.getAttribute("export-pattern") || "";
  }

  async _rename() {
    const {id, title} = this._conversation;
    const written = await editTitle(part(this, "conversation-title"), title);
    part(this, "more").focus();
    if (written !== null) {
      this.name(written);
      const detail = {id, title: written};
      this.dispatchEvent(new CustomEvent(Request.CONVERSATION_RENAME, {bubbles: true, detail}));
    }
  }
}

customElements.define("conversation-header", ConversationHeader);
