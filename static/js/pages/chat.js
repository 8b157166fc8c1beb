/** The chat page: composes the session, the elements and the API, and carries requests and state between them. */

import {ApiClient} from "../api/client.js";
import "../elements/conversation-list.js";
import "../elements/message-composer.js";
import "../elements/message-thread.js";
import "../elements/record-switch.js";
import "../elements/side-drawer.js";
import "../elements/usage-line.js";
import "../elements/voice-mode-panel.js";
import {ChatPage} from "./chat-page.js";

const config = JSON.parse(/** @type {HTMLElement} */ (document.getElementById("page-config")).textContent || "{}");

if (config.enabled) {
  new ChatPage(document, config, new ApiClient(config)).begin();
}
