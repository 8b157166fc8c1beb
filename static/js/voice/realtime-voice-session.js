/** One conversation with the assistant: one socket that typed and spoken turns share. */

import {endOfClose} from "./closing.js";
import {troubleOf} from "./problem.js";
import {SessionStore} from "./session-store.js";
import {TypedTurns} from "./typed-turns.js";
import {BENIGN, Local, SessionEvent, Status} from "./vocabulary.js";
import {VoiceIo} from "./voice-io.js";
import {Wire} from "./wire.js";

/**
 * @typedef {object} ConnectionOptions
 * @property {(request: {conversation_id: string | null}) => Promise<any>} createSession fetches a session's configuration
 * @property {import("./audio-stage.js").WorkletUrls} worklets
 * @property {boolean} [autoConnect]
 * @property {(pcm: ArrayBuffer) => void} [onAudioChunk]
 * @property {(config: any, listener: import("./wire.js").WireListener) => Wire} [openWire]
 * @property {(worklets: any, listener: import("./voice-io.js").VoiceListener) => VoiceIo} [openVoice]
 */

/** @typedef {import("./session-store.js").StoreOptions & ConnectionOptions} SessionOptions */

/**
 * Requests are methods; what happened is told by the callbacks and by the events of `SessionEvent`.
 * After an end the same object can connect again: it then opens another session on the same conversation.
 */
export class RealtimeVoiceSession extends SessionStore {
  /** @param {SessionOptions} options */
  constructor(options) {
    super(options);
    this._options = options;
    this._openWire = options.openWire || ((config, listener) => new Wire(config, listener));
    this._openVoice = options.openVoice || ((worklets, listener) => new VoiceIo(worklets, listener));
    /** @type {Wire | null} */
    this._wire = null;
    /** @type {VoiceIo | null} */
    this._voice = null;
    /** Raised by every connect and disconnect: what an older one still awaits is then void. */
    this._attempt = 0;
    this._audioItem = "";
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

  /** The player, while voice is on; its `stats` count what was truly played. */
  get player() {
    return this._voice ? this._voice.player : null;
  }

  /** Loudness of both sides right now, 0 to 1. */
  get levels() {
    return this._voice ? this._voice.levels : {assistant: 0, user: 0};
  }

  /**
   * Open the session; with `microphone: false` for typing only. Never rejects: `status` and `error` tell.
   * @param {{microphone?: boolean}} [wishes]
   */
  async connect({microphone = true} = {}) {
    if (this.isConnecting || this.isConnected || this.status === Status.RECONNECTING) {
      return microphone ? this.startMicrophone() : undefined;
    }
    this._attempt += 1;
    const attempt = this._attempt;
    this._error = null;
    this._act({type: Local.CONNECTING});
    // Before the first await: only inside the person's gesture may audio start.
    const voice = microphone ? this._hear(attempt) : Promise.resolve();
    try {
      const request = {conversation_id: this._state.conversationId || null};
      const [config] = await Promise.all([this._options.createSession(request), voice]);
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
    return undefined;
  }

  /** End the session: playback stops, what was heard is told, the socket closes. */
  async disconnect() {
    if (this.status === Status.IDLE || this.status === Status.ENDED) {
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
    if (this.status !== Status.IDLE && this.status !== Status.ENDED) {
      this._over({reason: "client", code: "client", detail: "", retryable: true});
    }
  }

  /** Add voice to the open session. Never rejects: `error` and `state.microphone` tell. */
  async startMicrophone() {
    try {
      await this._hear(this._attempt);
    } catch (error) {
      this._hush();
      this._fail(troubleOf(error));
    }
  }

  /** Go on by typing only; an answer that sounds is cut off. */
  async stopMicrophone() {
    await this._bargeIn();
    this._hush();
  }

  get muted() {
    return this._state.muted;
  }

  set muted(muted) {
    if (this._voice) {
      this._voice.muted = muted;
      this._act({type: Local.MUTED, muted});
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
    } else if (!this.isConnecting && this.status !== Status.RECONNECTING) {
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
      "voiceassist.reconnected": () => this._flushTyped(),
      "input_audio_buffer.speech_started": () => this._bargeIn(),
      "response.content_part.added": ({item_id, part}) => this._partBegan(item_id, part),
      "response.output_audio.done": ({item_id}) => this.player && this.player.finish(item_id),
      "response.done": ({response}) => this._answered(response),
      "voiceassist.message.saved": (event) => this._announce(SessionEvent.SAVED, event),
      error: (event) => this._refused(event),
    };
  }

  /** Binary frames name no item: they belong to the latest spoken part. @param {string} itemId @param {any} part */
  _partBegan(itemId, part) {
    if (part && part.type === "audio") {
      this._audioItem = itemId;
    }
  }

  /** @param {ArrayBuffer} pcm */
  _onAudio(pcm) {
    if (this._options.onAudioChunk) {
      this._options.onAudioChunk(pcm);
    }
    if (this.player && this._audioItem) {
      this.player.append(this._audioItem, pcm);
    }
  }

  _ready() {
    this._stream();
    this._flushTyped();
  }

  async _flushTyped() {
    if (!this._typed.isEmpty) {
      // First what was heard of the running answer: the next one shall know it.
      await this._bargeIn();
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

  /** The person speaks or writes into an answer that sounds. */
  async _bargeIn() {
    const wire = this._wire;
    if (wire && this.player) {
      this._truncate(wire, await this.player.interrupt());
    }
  }

  /** @param {Wire} wire @param {import("./player.js").Cut[]} cuts */
  _truncate(wire, cuts) {
    for (const cut of cuts) {
      wire.send({type: "conversation.item.truncate", content_index: 0, ...cut});
      this._tell(this._log.apply({type: "conversation.item.truncated", item_id: cut.item_id}));
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
    if (details && details.error) {
      this._fail({code: details.error.code || "provider_error", detail: details.error.message || "", retryable: true});
    }
    this._askForAnswer();
  }

  /** @param {number} attempt */
  async _hear(attempt) {
    if (this._voice) {
      return;
    }
    const voice = this._openVoice(this._options.worklets, {
      onLost: () => this._lost(),
      onPlaying: (item) => this._act({type: Local.PLAYING, item}),
    });
    this._voice = voice;
    await voice.open();
    if (attempt === this._attempt && this._voice === voice) {
      this._act({type: Local.MICROPHONE, on: true});
      this._stream();
    }
  }

  /** From now on the microphone is heard by the server, beginning with what it heard before. */
  _stream() {
    const wire = this._wire;
    if (wire && this._voice && this.isConnected) {
      this._voice.stream((frame) => wire.sendAudio(frame));
    }
  }

  _lost() {
    this._hush();
    this._fail({code: "microphone_lost", detail: "", retryable: true});
  }

  _hush() {
    if (this._voice) {
      this._voice.close();
      this._voice = null;
      this._act({type: Local.PLAYING, item: ""});
      this._act({type: Local.MICROPHONE, on: false});
    }
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
