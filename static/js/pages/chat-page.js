/** What the chat page does with what its elements ask for and what its session tells. */

import {addressOf} from "../lib/addresses.js";
import {isCharged} from "../lib/charges.js";
import {duration} from "../lib/clock.js";
import {DeviceChoices} from "../lib/device-choices.js";
import {honestLabel} from "../lib/honest-label.js";
import {part} from "../lib/part.js";
import {heed} from "../lib/requests.js";
import {gettext} from "../lib/words.js";
import {Notice, sentenceFor} from "../elements/sentences.js";
import {RealtimeVoiceSession} from "../voice/realtime-voice-session.js";
import {LineStatus, Request, SessionEvent, Status} from "../voice/vocabulary.js";
import {Replays} from "./replays.js";
import {Settling} from "./settling.js";
import {VoiceMode} from "./voice-mode.js";

/** @typedef {import("../api/client.js").ApiClient} ApiClient */
/** @typedef {import("../api/client.js").Rating} Rating */
/** @typedef {import("../elements/conversation-header.js").ConversationHeader} ConversationHeader */
/** @typedef {import("../elements/message-composer.js").MessageComposer} MessageComposer */
/** @typedef {import("../elements/message-thread.js").MessageThread} MessageThread */
/** @typedef {import("../elements/record-switch.js").RecordSwitch} RecordSwitch */
/** @typedef {import("../elements/usage-line.js").UsageLine} UsageLine */
/** @typedef {import("./conversation-shelf.js").ConversationShelf} ConversationShelf */

/** Without these there is no voice, though one can type. */
const VOICE_TROUBLES = /^(microphone_|insecure_context$|browser_too_old$)/;

/** After these there is nothing to go on with. */
const GONE = new Set(["conversation_deleted", "conversation_not_found", "erased"]);

/** After these somebody else has to be signed in, or the same person again. */
const SIGNED_OUT = new Set(["not_authenticated", "signed_out"]);

/**
 * @typedef {object} PageConfig
 * @property {boolean} enabled
 * @property {string} conversationId empty for a new one
 * @property {string} chatUrl of a new conversation
 * @property {string} conversationUrl with an id of zeros in its place
 * @property {string} loginUrl
 * @property {string} voiceTestUrl
 * @property {import("../voice/sound/audio-stage.js").WorkletUrl} worklets
 */

export class ChatPage {
  /** @param {Document} root @param {PageConfig} config @param {ApiClient} api @param {ConversationShelf} shelf */
  constructor(root, config, api, shelf) {
    this._root = root;
    this._config = config;
    this._api = api;
    this._shelf = shelf;
    this._thread = /** @type {MessageThread} */ (root.querySelector("message-thread"));
    this._composer = /** @type {MessageComposer} */ (root.querySelector("message-composer"));
    this._header = /** @type {ConversationHeader} */ (root.querySelector("conversation-header"));
    this._switch = /** @type {RecordSwitch} */ (root.querySelector("record-switch"));
    this._usage = /** @type {UsageLine} */ (root.querySelector("usage-line"));
    this._away = false;
    this._wasLost = false;
    /** Nothing can be said on this page any more. */
    this._isRetired = false;
    /** The one that is named on the page. @type {import("../voice/session-state.js").SessionState["provider"]} */
    this._provider = null;
    const devices = new DeviceChoices();
    this._session = new RealtimeVoiceSession({
      createSession: (request) => api.createRealtimeSession(request),
      worklets: config.worklets,
      conversationId: config.conversationId || null,
      devices,
    });
    this._voice = new VoiceMode(root, this._session, devices);
    this._replays = new Replays(root, this._session, this._thread);
    this._settling = new Settling(api, this._thread, () => this._session.offRecord);
  }

  get session() {
    return this._session;
  }

  begin() {
    heed(this._root, {
      [Request.SEND]: ({text}) => this._send(text),
      [Request.VOICE_START]: () => this._startVoice(),
      [Request.VOICE_CLOSE]: () => this._endVoice(),
      [Request.RETRY]: () => this._retry(),
      [Request.RECORD_SWITCH]: ({offRecord}) => this._goOffRecord(offRecord),
      [Request.RATE]: ({rating}) => this._rate(rating),
    });
    heed(this._session, {
      [SessionEvent.STATE]: (state) => this._onState(state),
      [SessionEvent.LINE]: ({line, before}) => this._thread.place(line, before),
      [SessionEvent.LINE_REMOVED]: ({line}) => this._thread.withdraw(line.item_id),
      [SessionEvent.SAVED]: () => this._shelf.noteSaved(),
      [SessionEvent.USAGE]: (usage) => this._showUsage(usage),
      [SessionEvent.PROBLEM]: (trouble) => this._tellTrouble(trouble),
    });
    this._voice.begin();
    this._replays.begin();
    window.addEventListener("pagehide", () => this._leave());
  }

  /** The open conversation was deleted in another tab; what was live in it the server ends by itself. */
  tellDeleted() {
    if (!this._voice.isLive) {
      this._retire({code: "conversation_deleted", detail: ""});
    }
  }

  /** @param {string} text */
  _send(text) {
    if (!this._away) {
      this._thread.clearNotices();
    }
    this._voice.clearNotice();
    if (this._session.status === Status.ENDED && this._voice.isOpen) {
      this._voice.close();
    }
    this._session.sendMessage(text);
    this._thread.follow();
  }

  async _startVoice() {
    this._thread.clearNotices();
    // First of all, while the person's gesture lasts.
    const started = this._voice.start();
    this._thread.follow();
    await started;
  }

  /** @param {boolean} offRecord */
  async _goOffRecord(offRecord) {
    const unfinished = this._session.lines.filter(isBeingSaid);
    const switched = this._session.goOffRecord(offRecord);
    const notice = gettext(offRecord ? Notice.OFF_RECORD : Notice.ON_RECORD);
    this._thread.notice(notice);
    this._thread.follow();
    await switched;
    if (unfinished.some((line) => !this._session.lines.some(({item_id}) => item_id === line.item_id))) {
      this._thread.notice(`${notice} ${gettext(Notice.TURN_LOST)}`);
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
    const wasLive = this._voice.isLive;
    const spoken = duration(this._voice.elapsed);
    this._voice.close();
    await this._session.disconnect();
    if (wasLive) {
      this._thread.notice(gettext("Voice mode ended after {time}.", {time: spoken}), {rating: true});
    }
  }

  _retry() {
    return this._voice.isWanted ? this._startVoice() : this._session.connect({microphone: false});
  }

  /** @param {Rating} rating of the session that was the last */
  async _rate(rating) {
    const {sessionId} = this._session.state;
    try {
      await this._api.rateSession(sessionId, rating);
    } catch (error) {
      this._thread.notice(sentenceFor(/** @type {any} */ (error)));
    }
  }

  /** @param {import("../voice/session-state.js").SessionState} state */
  _onState(state) {
    this._thread.sound(state.playing);
    this._showRecord(state.offRecord && !this._isRetired);
    this._showAbsence(state.away);
    this._openedConversation(state.conversationId);
    this._showProvider(state.provider);
    // What became of the last words of a session that was lost, another one does not say.
    const isBack = this._wasLost && state.attempt === 0 && !state.resumed;
    this._wasLost = state.attempt > 0;
    if (state.status === Status.ENDED || isBack) {
      this._settleLater();
    }
  }

  /** @param {import("../voice/session-state.js").SessionState["provider"]} provider */
  _showProvider(provider) {
    if (provider && provider !== this._provider) {
      this._provider = provider;
      part(this._root, "provider").textContent = honestLabel(provider);
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
      this._thread.notice(gettext(Notice.AWAY));
    } else if (this._session.isConnected) {
      this._thread.clearNotices();
      this._thread.announce(gettext(Notice.BACK));
    }
  }

  /** @param {import("../voice/vocabulary.js").Usage} usage */
  _showUsage(usage) {
    const {provider} = this._session.state;
    if (isCharged(provider)) {
      this._usage.show(usage);
    }
  }

  /** @param {string} conversationId */
  _openedConversation(conversationId) {
    if (conversationId && conversationId !== this._shelf.current && !this._isRetired) {
      this._shelf.current = conversationId;
      this._header.setAttribute("conversation-id", conversationId);
      this._voice.speakIn(conversationId);
      window.history.replaceState(null, "", addressOf(this._config.conversationUrl, conversationId));
    }
  }

  /** @param {import("../voice/vocabulary.js").Trouble} trouble */
  _tellTrouble(trouble) {
    const ended = this._session.status === Status.ENDED;
    if (GONE.has(trouble.code) || SIGNED_OUT.has(trouble.code)) {
      // It is told twice: before the end, and with it.
      this._retire(trouble);
      return;
    }
    // The panel says why voice ended; the thread need not say it again.
    if (ended && this._voice.isWanted) {
      this._thread.clearNotices();
      return;
    }
    const voiceLost = !ended && this._voice.isWanted && VOICE_TROUBLES.test(trouble.code);
    if (voiceLost) {
      this._voice.close();
      this._voice.isWanted = true;
    }
    this._thread.notice(sentenceFor(trouble, this._session.state), {
      retry: (ended || voiceLost) && trouble.retryable ? gettext("Try again") : "",
      link: this._wayOutOf(trouble),
    });
  }

  /** Nothing more can be said here: say why, and show the way on. @param {{code: string, detail: string}} trouble */
  _retire(trouble) {
    if (this._isRetired) {
      return;
    }
    const {activeElement} = this._root;
    const hadFocus = part(this._root, "dock").contains(activeElement);
    this._isRetired = true;
    this._voice.close();
    this._voice.clearNotice();
    this._settling.cancel();
    this._composer.toggleAttribute("closed", true);
    this._switch.hidden = true;
    this._showRecord(false);
    if (GONE.has(trouble.code)) {
      const title = gettext("Deleted conversation");
      this._header.retire(title);
      document.title = `${title} · VoiceAssist`;
      this._shelf.current = "";
    }
    this._thread.notice(sentenceFor(trouble, this._session.state), {link: this._wayOutOf(trouble)});
    if (hadFocus) {
      this._thread.goToNotice();
    }
  }

  /** Where somebody can do something about it. @param {{code: string}} trouble */
  _wayOutOf({code}) {
    if (SIGNED_OUT.has(code)) {
      const here = encodeURIComponent(window.location.pathname);
      return {href: `${this._config.loginUrl}?next=${here}`, label: gettext("Sign in")};
    }
    if (GONE.has(code)) {
      return {href: this._config.chatUrl, label: gettext("New conversation")};
    }
    return VOICE_TROUBLES.test(code) ? {href: this._config.voiceTestUrl, label: gettext("Test the voice")} : undefined;
  }

  /** Words land on the server after the socket is gone, and so does what was heard of the last answer. */
  _settleLater() {
    if (this._shelf.current && this._session.lines.length > 0 && !this._isRetired) {
      this._settling.plan(this._shelf.current);
    }
  }
}

/** @type {(line: import("../voice/vocabulary.js").Line) => boolean} */
const isBeingSaid = ({role, status}) => role === "user" && status === LineStatus.PARTIAL;
