/** A session's ears and mouth: the microphone that goes up, the answers that are played, and where one cuts the other off. */

import {troubleOf} from "./problem.js";
import {SessionStore} from "./session-store.js";
import {Local, Status} from "./vocabulary.js";
import {VoiceIo} from "./voice-io.js";

/** @typedef {import("./wire.js").Wire} Wire */

/**
 * @typedef {object} VoiceOptions
 * @property {import("./audio-stage.js").WorkletUrls} worklets
 * @property {(pcm: ArrayBuffer) => void} [onAudioChunk]
 * @property {(worklets: any, listener: import("./voice-io.js").VoiceListener) => VoiceIo} [openVoice]
 */

/** Knows the socket only as where sound goes. Whether there is one is decided by the session that extends it. */
export class AudibleSession extends SessionStore {
  /** @param {import("./session-store.js").StoreOptions & VoiceOptions} options */
  constructor(options) {
    super(options);
    this._worklets = options.worklets;
    this._onAudioChunk = options.onAudioChunk;
    this._openVoice = options.openVoice || ((worklets, listener) => new VoiceIo(worklets, listener));
    /** @type {Wire | null} */
    this._wire = null;
    /** @type {VoiceIo | null} */
    this._voice = null;
    /** Settles when microphone and player are there. */
    this._voiceOpened = Promise.resolve();
    this._audioItem = "";
  }

  /** The player, while voice is on; its `stats` count what was truly played. */
  get player() {
    return this._voice ? this._voice.player : null;
  }

  /** Loudness of both sides right now, 0 to 1. */
  get levels() {
    return this._voice ? this._voice.levels : {assistant: 0, user: 0};
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

  /** Add voice to the open session. Never rejects: `error` and `state.microphone` tell. */
  async startMicrophone() {
    try {
      await this._hear();
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

  /** Open the microphone and the player, unless they are. Rejects with a Problem. */
  async _hear() {
    if (this._voice && this._state.microphone) {
      return;
    }
    if (!this._voice) {
      this._voice = this._openVoice(this._worklets, {
        onLost: () => this._lost(),
        onPlaying: (item) => this._act({type: Local.PLAYING, item}),
      });
      this._voiceOpened = this._voice.open();
    }
    const voice = this._voice;
    await this._voiceOpened;
    if (this._voice === voice) {
      this._act({type: Local.MICROPHONE, on: true, muted: voice.muted});
      this._stream();
    }
  }

  /** From now on the microphone is heard by the server, beginning with what it heard before. */
  _stream() {
    const wire = this._wire;
    // While the assistant is away the server holds what is said, and hands it over afterwards.
    const isThere = this.isConnected || this.status === Status.RECONNECTING;
    if (wire && this._voice && isThere && this._isAgreed) {
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

  /** Binary frames name no item: they belong to the latest spoken part. @param {string} itemId @param {any} part */
  _partBegan(itemId, part) {
    if (part && part.type === "audio") {
      this._audioItem = itemId;
    }
  }

  /** No more sound of it will come. @param {string} itemId */
  _partEnded(itemId) {
    if (this.player) {
      this.player.finish(itemId);
    }
  }

  /** @param {ArrayBuffer} pcm */
  _onAudio(pcm) {
    if (this._onAudioChunk) {
      this._onAudioChunk(pcm);
    }
    if (this.player && this._audioItem) {
      this.player.append(this._audioItem, pcm);
    }
  }

  /** Items that come from now on may have the names of earlier ones. */
  _beginLife() {
    this._tell(this._log.beginLife());
    if (this.player) {
      this.player.renew();
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
}
