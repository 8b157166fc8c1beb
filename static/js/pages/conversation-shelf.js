/** The list of conversations on the chat page: what it shows, and what is done with one of them. */

import {heed} from "../lib/requests.js";
import {Tabs} from "../lib/tabs.js";
import {gettext} from "../lib/words.js";
import {sentenceFor} from "../elements/sentences.js";
import {Request} from "../voice/vocabulary.js";

/** @typedef {import("../api/client.js").ApiClient} ApiClient */
/** @typedef {import("../api/client.js").Conversation} Conversation */
/** @typedef {import("../api/client.js").ConversationPage} ConversationPage */
/** @typedef {import("../elements/confirm-dialog.js").ConfirmDialog} ConfirmDialog */
/** @typedef {import("../elements/conversation-list.js").ConversationList} ConversationList */
/** @typedef {import("../elements/conversation-search.js").ConversationSearch} ConversationSearch */

/** A turn saves several times; the list needs to be asked for once. Milliseconds. */
const CALM_MS = 700;

/**
 * What the page is told of the conversation that is open in it.
 * @typedef {object} ShelfListener
 * @property {(title: string) => void} onTitle
 * @property {() => void} onDeleted here
 * @property {() => void} onDeletedElsewhere in another tab
 */

export class ConversationShelf {
  /** @param {Document} root @param {ApiClient} api @param {ShelfListener} listener */
  constructor(root, api, listener) {
    this._root = root;
    this._api = api;
    this._listener = listener;
    this._list = /** @type {ConversationList} */ (root.querySelector("conversation-list"));
    this._search = /** @type {ConversationSearch} */ (root.querySelector("conversation-search"));
    this._dialog = /** @type {ConfirmDialog} */ (root.querySelector("confirm-dialog"));
    this._tabs = new Tabs("voiceassist", (message) => this._heed(message));
    this._query = "";
    /** How many pages are shown: what somebody opened stays open. */
    this._pages = 1;
    /** Raised by every look; what an older one brings is then out of date. */
    this._look = 0;
    this._refreshing = 0;
  }

  begin() {
    heed(this._root, {
      [Request.CONVERSATION_SEARCH]: ({query}) => this._find(query),
      [Request.CONVERSATION_MORE]: () => this._showMore(),
      [Request.CONVERSATION_RENAME]: (conversation) => this._rename(conversation),
      [Request.CONVERSATION_DELETE]: (conversation) => this._delete(conversation),
    });
    // On another device something may have been said meanwhile.
    window.addEventListener("focus", () => this.refresh());
  }

  /** The id of the conversation that is open; empty while there is none. */
  get current() {
    return this._list.getAttribute("current") || "";
  }

  set current(id) {
    this._list.setAttribute("current", id);
    if (!this._query) {
      this._list.sayNone(this._none);
    }
  }

  /** What stands in the place of a list. */
  get _none() {
    if (this._query) {
      return gettext("Nothing was found for “{query}”. All of the words have to occur, in the title or in what was said.", {
        query: this._query,
      });
    }
    return this.current
      ? gettext("This conversation is listed here as soon as something of it is kept.")
      : gettext("Your conversations will be listed here.");
  }

  /** Something was said in the open conversation: here and in other tabs the list is out of date. */
  noteSaved() {
    this._tabs.tell({kind: "saved"});
    clearTimeout(this._refreshing);
    this._refreshing = window.setTimeout(() => this.refresh(), CALM_MS);
  }

  /** Show what the server has now. Never rejects. */
  async refresh() {
    try {
      await this._show();
    } catch (error) {
      // The list stays as it is: whatever keeps it from being asked for is told where one speaks or types.
      return;
    }
  }

  async _show() {
    this._look += 1;
    const look = this._look;
    const query = this._query;
    const found = await this._pagesOf(query ? await this._api.searchConversations(query) : await this._api.latestConversations());
    if (look !== this._look) {
      return;
    }
    this._list.show(found.results, {more: found.next !== null, none: this._none, query});
    this._search.tell(query ? countOf(found) : "");
    const open = found.results.find(({id}) => id === this.current);
    if (open && open.title) {
      this._listener.onTitle(open.title);
    }
  }

  /** As many pages as are shown. @param {ConversationPage} first */
  async _pagesOf(first) {
    let {results, next} = first;
    for (let page = 1; page < this._pages && next; page += 1) {
      const more = await this._api.moreConversations(next);
      results = [...results, ...more.results];
      next = more.next;
    }
    return {results, next};
  }

  /** @param {string} query */
  _find(query) {
    this._query = query;
    this._pages = 1;
    return this._try(() => this._show());
  }

  _showMore() {
    this._pages += 1;
    return this._try(() => this._show());
  }

  /** @param {{id: string, title: string}} conversation */
  _rename({id, title}) {
    return this._try(async () => {
      await this._api.renameConversation(id, title);
      this._tabs.tell({kind: "saved"});
      if (id === this.current) {
        this._listener.onTitle(title);
      }
      await this.refresh();
    });
  }

  /** @param {{id: string, title: string}} conversation */
  async _delete({id, title}) {
    const isSure = await this._dialog.ask({
      heading: gettext("Delete this conversation?"),
      words: gettext("“{title}” is deleted with every word in it, everywhere and for good. A talk going on in it ends too.", {title}),
      confirm: gettext("Delete"),
    });
    if (isSure) {
      await this._try(() => this._deleteNow(id));
    }
  }

  /** @param {string} id */
  async _deleteNow(id) {
    // Asked before: what is live in it may end, and close it, before the answer is here.
    const isOpen = id === this.current;
    try {
      await this._api.deleteConversation(id);
    } catch (error) {
      // Somebody was quicker; it is gone, and that was wanted.
      if (/** @type {any} */ (error).status !== 404) {
        throw error;
      }
    }
    this._tabs.tell({kind: "deleted", id});
    if (isOpen) {
      this._listener.onDeleted();
    } else {
      await this.refresh();
      // The button that was pressed is gone with its entry.
      /** @type {HTMLElement} */ (this._search.querySelector("input")).focus();
    }
  }

  /** Do something that was asked for, and tell when it cannot be done. @param {() => Promise<void>} work */
  async _try(work) {
    try {
      this._list.tell("");
      await work();
    } catch (error) {
      const {code = "internal", detail = ""} = /** @type {any} */ (error);
      this._search.tell("");
      this._list.tell(sentenceFor({code, detail}));
      await this.refresh();
    }
  }

  /** Another tab of this browser has something to tell. @param {any} message */
  _heed(message) {
    if (message && message.kind === "deleted" && message.id === this.current) {
      this._listener.onDeletedElsewhere();
    }
    this.refresh();
  }
}

/** @param {ConversationPage} found */
const countOf = ({results, next}) => {
  if (next) {
    return gettext("More than {count} conversations found", {count: results.length});
  }
  if (results.length === 0) {
    return gettext("Nothing found");
  }
  return results.length === 1 ? gettext("1 conversation found") : gettext("{count} conversations found", {count: results.length});
};
