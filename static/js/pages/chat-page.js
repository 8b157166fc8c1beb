/** What the chat page does with what its elements ask for and what its session tells. */

import {duration} from "../lib/clock.js";
import {part} from "../lib/part.js";
import {Tabs} from "../lib/tabs.js";
import {Notice, sentenceFor} from "../elements/sentences.js";
import {RealtimeVoiceSession} from "../voice/realtime-voice-session.js";
import {LineStatus, Request, SessionEvent, Status} from "../voice/vocabulary.js";

/** @typedef {import("../api/client.js").ApiClient} ApiClient */
/** @typedef {import("../api/client.js").Message} Message */
/** @typedef {import("../elements/conversation-list.js").ConversationList} ConversationList */
/** @typedef {import("../elements/message-composer.js").MessageComposer} MessageComposer */
/** @typedef {import("../elements/message-thread.js").MessageThread} MessageThread */
/** @typedef {import("../elements/record-switch.js").RecordSwitch} RecordSwitch */
/** @typedef {import("../elements/usage-line.js").UsageLine} UsageLine */
/** @typedef {import("../elements/voice-mode-panel.js").VoiceModePanel} VoiceModePanel */

/** The server waits this long for a trailing transcript after a clean end; then the words are there. */
const TRAILING_MS = 2500;

/**
 * @typedef {object} PageConfig
 * @property {boolean} enabled
 * @property {string} conversationId empty for a new one
 * @property {string} conversationUrl with an id of zeros in its place
 * @property {string} loginUrl
 * @property {import("../voice/audio-stage.js").WorkletUrls} worklets
 */

export class ChatPage {
  /** @param {Document} root @param {PageConfig} config @param {ApiClient} api */
  constructor(root, config, api) {
    this._root = root;
    this._config = config;
    this._api = api;
    this._conversationId = config.conversationId;
    this._thread = /** @type {MessageThread} */ (root.querySelector("message-thread"));
    this._composer = /** @type {MessageComposer} */ (root.querySelector("message-composer"));
    this._panel = /** @type {VoiceModePanel} */ (root.querySelector("voice-mode-panel"));
    this._list = /** @type {ConversationList} */ (root.querySelector("conversation-list"));
    this._switch = /** @type {RecordSwitch} */ (root.querySelector("record-switch"));
    this._usage = /** @type {UsageLine} */ (root.querySelector("usage-line"));
    this._tabs = new Tabs("voiceassist", () => this._refreshList());
    this._wantsVoice = false;
    this._away = false;
    this._session = new RealtimeVoiceSession({
      createSession: (request) => api.createRealtimeSession(request),
      worklets: config.worklets,
      conversationId: config.conversationId || null,
    });
  }

  begin() {
    this._panel.session = this._session;
    const requests = {
      [Request.SEND]: (/** @type {any} */ {text}) => this._send(text),
      [Request.VOICE_START]: () => this._startVoice(),
      [Request.VOICE_MUTE]: (/** @type {any} */ {muted}) => this._mute(muted),
      [Request.VOICE_CLOSE]: () => this._endVoice(),
      [Request.RETRY]: () => this._retry(),
      [Request.RECORD_SWITCH]: (/** @type {any} */ {offRecord}) => this._goOffRecord(offRecord),
    };
    Object.entries(requests).forEach(([type, act]) => {
      this._root.addEventListener(type, (event) => act(/** @type {CustomEvent} */ (event).detail));
    });
    const told = {
      [SessionEvent.STATE]: (/** @type {any} */ state) => this._onState(state),
      [SessionEvent.LINE]: (/** @type {any} */ {line, before}) => this._thread.place(line, before),
      [SessionEvent.LINE_REMOVED]: (/** @type {any} */ {line}) => this._thread.withdraw(line.item_id),
      [SessionEvent.SAVED]: () => this._saved(),
      [SessionEvent.USAGE]: (/** @type {any} */ usage) => this._showUsage(usage),
      [SessionEvent.PROBLEM]: (/** @type {any} */ trouble) => this._tellTrouble(trouble),
    };
    Object.entries(told).forEach(([type, show]) => {
      this._session.addEventListener(type, (event) => show(/** @type {CustomEvent} */ (event).detail));
    });
    window.addEventListener("pagehide", () => this._leave());
  }

  /** @param {string} text */
  _send(text) {
    if (!this._away) {
      this._thread.clearNotices();
    }
    if (this._session.status === Status.ENDED && !this._panel.hidden) {
      this._closePanel();
    }
    this._session.sendMessage(text);
    this._thread.follow();
  }

  _startVoice() {
    this._wantsVoice = true;
    this._thread.clearNotices();
    // First of all, while the person's gesture lasts.
    const started = this._session.connect({microphone: true});
    this._panel.open();
    this._composer.toggleAttribute("voice-active", true);
    this._thread.follow();
    return started;
  }

  /** @param {boolean} muted */
  _mute(muted) {
    this._session.muted = muted;
  }

  /** @param {boolean} offRecord */
  async _goOffRecord(offRecord) {
    const unfinished = this._session.lines.filter(isBeingSaid);
    const switched = this._session.goOffRecord(offRecord);
    const notice = offRecord ? Notice.OFF_RECORD : Notice.ON_RECORD;
    this._thread.notice(notice);
    this._thread.follow();
    await switched;
    if (unfinished.some((line) => !this._session.lines.some(({item_id}) => item_id === line.item_id))) {
      this._thread.notice(`${notice} ${Notice.TURN_LOST}`);
    }
    // Of a session that was left the last words are still to come.
    this._settleLater();
  }

  /** A browser may show this very page again when somebody goes back. */
  _leave() {
    this._session.leave();
    if (this._session.lines.some((line) => line.off_record)) {
      this._thread.forgetAnnouncements();
    }
    if (this._session.offRecord) {
      this._composer.clear();
    }
    this._session.forgetOffRecord();
  }

  async _endVoice() {
    const live = this._session.status !== Status.ENDED && this._session.status !== Status.IDLE;
    const spoken = duration(this._panel.elapsed);
    this._closePanel();
    await this._session.disconnect();
    if (live) {
      this._thread.notice(`Voice mode ended after ${spoken}.`);
    }
  }

  _retry() {
    return this._wantsVoice ? this._startVoice() : this._session.connect({microphone: false});
  }

  _closePanel() {
    const hadFocus = this._panel.contains(this._root.activeElement);
    this._wantsVoice = false;
    this._panel.close();
    this._composer.toggleAttribute("voice-active", false);
    if (hadFocus) {
      this._composer.focusOn("voice");
    }
  }

  /** @param {import("../voice/session-state.js").SessionState} state */
  _onState(state) {
    this._thread.sound(state.playing);
    this._showRecord(state.offRecord);
    this._showAbsence(state.away);
    this._openedConversation(state.conversationId);
    if (state.provider) {
      part(this._root, "provider").textContent = state.provider.label;
    }
    if (state.status === Status.ENDED) {
      this._settleLater();
    }
  }

  /** @param {boolean} offRecord */
  _showRecord(offRecord) {
    this._switch.toggleAttribute("off", offRecord);
    this._composer.toggleAttribute("off-record", offRecord);
    part(this._root, "record-banner").hidden = !offRecord;
    part(this._root, "dock").classList.toggle("dock--off-record", offRecord);
  }

  /** @param {boolean} away the assistant has been out of reach for a while */
  _showAbsence(away) {
    if (away === this._away) {
      return;
    }
    this._away = away;
    if (away) {
      this._thread.notice(Notice.AWAY);
    } else if (this._session.isConnected) {
      this._thread.clearNotices();
      this._thread.announce(Notice.BACK);
    }
  }

  /** @param {import("../voice/vocabulary.js").Usage} usage */
  _showUsage(usage) {
    const {provider} = this._session.state;
    // The engine of the house costs nobody anything.
    if (provider && provider.name !== "embedded") {
      this._usage.show(usage);
    }
  }

  /** @param {string} conversationId */
  _openedConversation(conversationId) {
    if (conversationId && conversationId !== this._conversationId) {
      this._conversationId = conversationId;
      this._panel.setAttribute("conversation-id", conversationId);
      this._list.setAttribute("current", conversationId);
      const address = this._config.conversationUrl.replace("00000000-0000-0000-0000-000000000000", conversationId);
      window.history.replaceState(null, "", address);
    }
  }

  /** @param {import("../voice/vocabulary.js").Trouble} trouble */
  _tellTrouble(trouble) {
    const ended = this._session.status === Status.ENDED;
    // The panel says why voice ended; the thread need not say it again.
    if (ended && !this._panel.hidden) {
      this._thread.clearNotices();
      return;
    }
    const voiceLost = !ended && this._wantsVoice && !this._session.player;
    if (voiceLost) {
      this._closePanel();
      this._wantsVoice = true;
    }
    const signedOut = trouble.code === "not_authenticated" || trouble.code === "signed_out";
    this._thread.notice(sentenceFor(trouble, this._session.state), {
      retry: (ended || voiceLost) && trouble.retryable ? "Try again" : "",
      link: signedOut ? {href: this._config.loginUrl, label: "Sign in"} : undefined,
    });
  }

  _saved() {
    this._tabs.tell("saved");
    clearTimeout(this._refreshing);
    // A turn saves several times; the list needs to be asked for once.
    this._refreshing = window.setTimeout(() => this._refreshList(), 300);
  }

  async _refreshList() {
    try {
      const conversations = await this._api.latestConversations();
      this._list.show(conversations);
      const open = conversations.find(({id}) => id === this._conversationId);
      if (open && open.title) {
        part(this._root, "conversation-title").textContent = open.title;
        document.title = `${open.title} · VoiceAssist`;
      }
    } catch (error) {
      // The list on the page stays as it is: whatever keeps it from being asked for is told where one speaks or types.
      return;
    }
  }

  /** Words land on the server after the socket is gone, and so does what was heard of the last answer. */
  _settleLater() {
    clearTimeout(this._settling);
    if (this._conversationId && this._session.lines.length > 0) {
      this._settling = window.setTimeout(() => this._settle(), TRAILING_MS);
    }
  }

  async _settle() {
    try {
      const stored = [];
      for await (const page of this._api.messages(this._conversationId)) {
        stored.push(...page.map(lineOf));
      }
      this._thread.settle(stored);
    } catch (error) {
      // They are stored all the same and shown when the page is opened again.
      return;
    }
  }
}

/** @type {(line: import("../voice/vocabulary.js").Line) => boolean} */
const isBeingSaid = ({role, status}) => role === "user" && status === LineStatus.PARTIAL;

/** @param {Message} message @returns {import("../voice/vocabulary.js").Line} */
const lineOf = ({id, role, modality, status, text, unheard_text, spoken_at}) => ({
  item_id: "",
  message_id: id,
  role,
  modality,
  status,
  text,
  unheard_text,
  spoken_at,
  off_record: false,
  is_final: status !== LineStatus.PENDING,
});
