/** One conversation with the assistant: one socket that typed and spoken turns share. */

import {AudibleSession} from "./audible-session.js";
import {endOfClose} from "./closing.js";
import {troubleOf} from "./problem.js";
import {TypedTurns} from "./typed-turns.js";
import {BENIGN, Local, SessionEvent, Status} from "./vocabulary.js";
import {Wire} from "./wire.js";

/**
 * @typedef {object} ConnectionOptions
 * @property {(request: {conversation_id: string | null, save?: false}) => Promise<any>} createSession fetches a session's configuration
 * @property {boolean} [autoConnect]
 * @property {(config: any, listener: import("./wire.js").WireListener) => Wire} [openWire]
 */

/** @typedef {import("./session-store.js").StoreOptions} StoreOptions */
/** @typedef {import("./audible-session.js").VoiceOptions} VoiceOptions */
/** @typedef {StoreOptions & VoiceOptions & ConnectionOptions} SessionOptions */

/**
 * Requests are methods; what happened is told by the callbacks and by the events of `SessionEvent`.
 * After an end the same object can connect again: it then opens another session on the same conversation.
 */
export class RealtimeVoiceSession extends AudibleSession {
  /** @param {SessionOptions} options */
  constructor(options) {
    super(options);
    this._options = options;
    this._openWire = options.openWire || ((config, listener) => new Wire(config, listener));
    /** Raised by every connect and disconnect: what an older one still awaits is then void. */
    this._attempt = 0;
    this._typed = new TypedTurns();
    this._sessionConfig = null;
    this._effects = this._tableOfEffects();
    if (options.autoConnect) {
      Promise.resolve().then(() => this.connect());
    }
  }

  /** What `createSession` answered. @returns {any} */
  get sessionConfig() {
    return this._sessionConfig;
  }

  /**
   * Open the session; with `microphone: false` for typing only. Never rejects: `status` and `error` tell.
   * @param {{microphone?: boolean}} [wishes]
   */
  async connect({microphone = true} = {}) {
    if (this._isLive) {
      return microphone ? this.startMicrophone() : undefined;
    }
    return this._open(microphone);
  }

  get _isLive() {
    return this.status !== Status.IDLE && this.status !== Status.ENDED;
  }

  /** @param {boolean} microphone */
  async _open(microphone) {
    this._attempt += 1;
    const attempt = this._attempt;
    this._error = null;
    this._keepsNothing = false;
    this._audioItem = "";
    this._act({type: Local.CONNECTING});
    // Before the first await: only inside the person's gesture may audio start.
    const voice = microphone ? this._hear() : Promise.resolve();
    this._beginLife();
    this._tally.begin();
    try {
      const [config] = await Promise.all([this._options.createSession(this._request()), voice]);
      if (attempt === this._attempt) {
        this._sessionConfig = config;
        this._act({type: "voiceassist.session", ...config});
        this._wire = this._openWire(config, this._listener(attempt));
      }
    } catch (error) {
      if (attempt === this._attempt) {
        this._over({...troubleOf(error), reason: troubleOf(error).code});
      }
    }
  }

  _request() {
    const request = {conversation_id: this._state.conversationId || null};
    return this.offRecord ? {...request, save: /** @type {false} */ (false)} : request;
  }

  /**
   * Keep nothing of what is said from now on, or keep it again. One session does one or the other: a live one ends
   * cleanly and another begins, and what is said in between is heard by the new one alone.
   * @param {boolean} offRecord
   */
  async goOffRecord(offRecord) {
    if (offRecord === this.offRecord) {
      return;
    }
    // What was written off the record is not kept by a session that keeps; it was never sent, and says so.
    this._typed.stop({keep: offRecord});
    this._tell(this._log.unsent(this._typed.waiting));
    this._log.offRecord = offRecord;
    if (!this._isLive) {
      this._act({type: Local.RECORD, offRecord});
      return;
    }
    this._attempt += 1;
    const attempt = this._attempt;
    const left = this._wire;
    this._wire = null;
    if (this._voice) {
      this._voice.hold();
    }
    this._act({type: Local.CONNECTING});
    this._act({type: Local.RECORD, offRecord});
    await this._leave(left);
    if (attempt === this._attempt) {
      this._tell(this._log.settle());
      await this._open(this._voice !== null);
    }
  }

  /** Tell a socket what was heard, then close it. @param {Wire | null} wire */
  async _leave(wire) {
    if (wire) {
      this._truncate(wire, this.player ? await this.player.interrupt() : []);
      wire.close();
    }
  }

  /** End the session: playback stops, what was heard is told, the socket closes. */
  async disconnect() {
    if (!this._isLive) {
      return;
    }
    this._attempt += 1;
    await this._bargeIn();
    this._over({reason: "client", code: "client", detail: "", retryable: true});
  }

  /** The page is about to be gone: the same as `disconnect`, in one breath. */
  leave() {
    if (this._wire && this.player) {
      this._truncate(this._wire, this.player.abandon());
    }
    if (this._isLive) {
      this._over({reason: "client", code: "client", detail: "", retryable: true});
    }
  }

  /**
   * A typed turn. It shows at once and is sent as soon as the session is ready, which is opened if need be.
   * @param {string} text
   * @returns {string} the item's id
   */
  sendMessage(text) {
    const id = this._typed.add(text);
    this._tell(this._log.typed(id, text));
    if (this.canSend) {
      this._flushTyped();
    } else if (!this._isLive) {
      this.connect({microphone: false});
    }
    return id;
  }

  /** @param {number} attempt @returns {import("./wire.js").WireListener} */
  _listener(attempt) {
    const current = () => attempt === this._attempt;
    return {
      onEvent: (event) => current() && this._on(event),
      onAudio: (pcm) => current() && this._onAudio(pcm),
      onClosed: ({code}) => current() && this._over(this._state.end || endOfClose(code)),
    };
  }

  /** @param {any} event */
  _on(event) {
    this._act(event);
    this._tell(this._log.apply(event));
    const effect = this._effects[event.type];
    if (effect) {
      effect(event);
    }
  }

  /** What has to be done about an event besides knowing it. @returns {Record<string, (event: any) => void>} */
  _tableOfEffects() {
    return {
      "session.created": () => this._ready(),
      "voiceassist.session": (event) => this._heedRecord(event),
      "voiceassist.reconnected": () => this._resume(),
      "voiceassist.usage": (event) => this._count(event),
      "input_audio_buffer.speech_started": () => this._bargeIn(),
      "response.content_part.added": ({item_id, part}) => this._partBegan(item_id, part),
      "response.output_audio.done": ({item_id}) => this._partEnded(item_id),
      "response.output_item.done": ({item}) => item && this._partEnded(item.id),
      "response.done": ({response}) => this._answered(response),
      "voiceassist.message.saved": (event) => this._announce(SessionEvent.SAVED, event),
      error: (event) => this._refused(event),
    };
  }

  _ready() {
    if (this.canSend) {
      this._stream();
      this._flushTyped();
    }
  }

  /** What the server does with what is said. @param {{save?: boolean}} event */
  _heedRecord({save}) {
    this._keepsNothing = save === false;
    this._log.offRecord = this.offRecord;
    if (this._keepsNothing) {
      this._ready();
    } else if (this.offRecord) {
      this._over({reason: "record_refused", code: "record_refused", detail: "", retryable: false});
    }
  }

  /** The assistant is there again, perhaps another one. */
  _resume() {
    this._beginLife();
    this._ready();
    this._askForAnswer();
  }

  /** @param {any} event */
  _count(event) {
    this._tally.take(event);
    this._announce(SessionEvent.USAGE, this.usage);
  }

  async _flushTyped() {
    if (!this._typed.isEmpty) {
      // First what was heard of the running answer: the next one shall know it.
      await this._bargeIn();
      if (!this.canSend) {
        return; // the session is gone meanwhile; they wait for the next one
      }
      for (const turn of this._typed.take()) {
        this._tell(this._log.typed(turn.item.id, turn.item.content[0].text));
        this._send(turn);
      }
      this._askForAnswer();
    }
  }

  _askForAnswer() {
    const ask = this._typed.nextAsk({responding: this._state.response !== "", spoken: this._state.microphone});
    if (ask) {
      this._send(ask);
      this._act({type: Local.ASKED});
    }
  }

  /** @param {any} event */
  _refused(event) {
    const error = event.error || {};
    if (!BENIGN.has(error.code)) {
      this._fail({code: error.code || "internal", detail: error.message || "", retryable: true});
    }
  }

  /** @param {any} response */
  _answered(response) {
    const details = response && response.status === "failed" && response.status_details;
    // An answer of which nothing had come is given again by itself.
    const comesAgain = details && details.error && details.error.code === "provider_lost" && !this._log.hasWordsOf(response.id);
    if (details && details.error && !comesAgain) {
      this._fail({code: details.error.code || "provider_error", detail: details.error.message || "", retryable: true});
    }
    this._askForAnswer();
  }

  /** @param {import("./session-state.js").SessionState["end"]} end */
  _over(end) {
    this._attempt += 1;
    this._hush();
    if (this._wire) {
      this._wire.close();
      this._wire = null;
    }
    this._typed.stop({keep: end !== null && end.reason !== "client" && end.retryable});
    this._audioItem = "";
    this._keepsNothing = false;
    this._tell([...this._log.unsent(), ...this._log.settle()]);
    this._act({type: Local.ENDED, end});
    if (end && end.reason !== "client") {
      this._fail(end);
    }
  }

  /** @param {{type: string, [field: string]: any}} event */
  _send(event) {
    if (this._wire) {
      this._wire.send(event);
    }
  }
}
