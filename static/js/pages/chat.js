/** The chat page: composes the session, the elements and the API, and carries requests and state between them. */

import {ApiClient} from "../api/client.js";
import {isDebugging} from "../lib/debug-switch.js";
import "../elements/account-menu.js";
import "../elements/confirm-dialog.js";
import "../elements/conversation-header.js";
import "../elements/conversation-list.js";
import "../elements/conversation-search.js";
import "../elements/dock-notice.js";
import "../elements/message-composer.js";
import "../elements/message-thread.js";
import "../elements/pop-menu.js";
import "../elements/record-switch.js";
import "../elements/side-drawer.js";
import "../elements/usage-line.js";
import {ChatPage} from "./chat-page.js";
import {ConversationShelf} from "./conversation-shelf.js";

/** @typedef {import("../elements/conversation-header.js").ConversationHeader} ConversationHeader */

const config = JSON.parse(/** @type {HTMLElement} */ (document.getElementById("page-config")).textContent || "{}");
const api = new ApiClient(config);

/** Null where nothing can be said: on a server that is switched off, and on excerpts from the past. @type {ChatPage | null} */
let page = null;

const shelf = new ConversationShelf(document, api, {
  onTitle: (title) => {
    /** @type {ConversationHeader} */ (document.querySelector("conversation-header")).name(title);
    document.title = `${title} · VoiceAssist`;
  },
  onDeleted: () => window.location.assign(config.chatUrl),
  onDeletedElsewhere: () => page && page.tellDeleted(),
});
shelf.begin();

if (config.enabled) {
  page = new ChatPage(document, config, api, shelf);
  page.begin();
  if (isDebugging()) {
    const {session} = page;
    import("../voice/debug-log.js").then(({debugLogFor}) => debugLogFor(session));
  }
}
