/** A session's ears and mouth: the microphone that goes up, the answers that are played, and where one cuts the other off. */

import {LateVoice} from "./sound/late-voice.js";
import {troubleOf} from "./problem.js";
import {ReplayableSession} from "./replayable-session.js";
import {Local, Status} from "./vocabulary.js";

/** @typedef {import("./connection/lasting-wire.js").LastingWire} Wire */
/** @typedef {import("./sound/voice-io.js").VoiceListener} VoiceListener */
/** @typedef {import("./sound/voice-io.js").VoiceWishes} VoiceWishes */

/**
 * @typedef {object} VoiceOptions
 * @property {import("./sound/audio-stage.js").WorkletUrl} worklets
 * @property {(pcm: ArrayBuffer) => void} [onAudioChunk]
 * @property {(worklets: any, listener: VoiceListener, wishes: VoiceWishes) => LateVoice} [openVoice]
 */

/** Knows the socket only as where sound goes. Whether there is one is decided by the session that extends it. */
export class AudibleSession extends ReplayableSession {
  /** @param {import("./session-store.js").StoreOptions & import("./replayable-session.js").DeviceOptions & VoiceOptions} options */
  constructor(options) {
    super(options);
    this._worklets = options.worklets;
    this._onAudioChunk = options.onAudioChunk;
    this._openVoice = options.openVoice || ((worklets, listener, wishes) => new LateVoice(worklets, listener, wishes));
    /** @type {Wire | null} */
    this._wire = null;
    /** @type {LateVoice | null} */
    this._voice = null;
    /** Whether that has a microphone, or is only sound. */
    this._hasMicrophone = false;
    /** Settles when microphone and player are there. */
    this._voiceOpened = Promise.resolve();
    /** Whoever opens a session waits for this one, and tells why it cannot be had. @type {LateVoice | null} */
    this._awaited = null;
    this._audioItem = "";
    /** Any sound of that came. */
    this._hasSound = false;
    /** Settles when what was cut off last is told. @type {Promise<void>} */
    this._cutting = Promise.resolve();
  }

  /** The player, while voice is on and loaded; its `stats` count what was truly played. */
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
    const opened = this._hear();
    const voice = this._voice;
    try {
      await opened;
    } catch (error) {
      this._cannot(voice, error);
    }
  }

  /** Let sound go on that the browser held back. Call inside the person's gesture. Never rejects: `error` tells. */
  async resumeSound() {
    const voice = this._voice;
    try {
      if (voice) {
        await voice.resume();
      }
    } catch (error) {
      this._cannot(voice, error);
    }
  }

  /** Told once, and not of a voice that nobody waits for any more. @param {LateVoice | null} voice @param {any} error */
  _cannot(voice, error) {
    if (this._voice === voice && !(voice && voice === this._awaited)) {
      this._hush();
      this._fail(troubleOf(error));
    }
  }

  /**
   * Open the microphone and the player, unless they are; or the player alone. Rejects with a Problem.
   * @param {{microphone?: boolean}} [wishes]
   */
  async _hear({microphone = true} = {}) {
    if (this._voice && this._state.microphone) {
      return;
    }
    if (this._voice && microphone && !this._hasMicrophone) {
      this._hush();
    }
    const voice = this._voice || this._beginVoice(microphone);
    await this._voiceOpened;
    if (this._voice === voice && this._hasMicrophone) {
      this._act({type: Local.MICROPHONE, on: true, muted: voice.muted});
      this._stream();
    }
  }

  /** Inside the person's gesture. @param {boolean} microphone */
  _beginVoice(microphone) {
    const voice = this._openVoice(this._worklets, this._voiceListener(), {devices: this._devices, microphone});
    this._voice = voice;
    this._hasMicrophone = microphone;
    if (microphone) {
      this._act({type: Local.OPENING});
    }
    this._voiceOpened = voice.open();
    return voice;
  }

  /** @returns {VoiceListener} */
  _voiceListener() {
    return {
      onLoaded: (rooms) => this._remember(rooms),
      onLost: () => this._lost(),
      onPlaying: (item) => this._act({type: Local.PLAYING, item}),
      onSuspended: (suspended) => this._act({type: Local.SUSPENDED, suspended}),
      onHint: (hint) => this._hint(hint),
      isReplaying: () => this.replays.playing !== "",
      onCut: (cuts) => this._truncate(this._wire, cuts),
    };
  }

  /** From now on the microphone is heard by the server, beginning with what it heard before. */
  _stream() {
    const wire = this._wire;
    // While the assistant is away the server holds what is said, and hands it over afterwards.
    const isThere = this.isConnected || this.status === Status.RECONNECTING;
    if (wire && this._voice && isThere && this._isAgreed) {
      this._voice.stream((frame) => {
        wire.sendAudio(frame);
        this._sent(wire, frame);
      });
    }
  }

  _lost() {
    this._hush();
    this._fail({code: "microphone_lost", detail: "", retryable: true});
  }

  _hush() {
    if (this._voice) {
      this._cutShort();
      this._voice.close();
      this._voice = null;
      this._quiet(this._audioItem);
      this._act({type: Local.PLAYING, item: ""});
      this._act({type: Local.MICROPHONE, on: false});
    }
  }

  /** Binary frames name no item: they belong to the latest spoken part. @param {string} itemId @param {any} part */
  _partBegan(itemId, part) {
    if (part && part.type === "audio") {
      this._audioItem = itemId;
      this._hasSound = false;
    }
  }

  /** No more sound of it will come. @param {string} itemId */
  _partEnded(itemId) {
    if (this.player) {
      this.player.finish(itemId);
    }
    this._finished(itemId);
  }

  /** @param {ArrayBuffer} pcm */
  _onAudio(pcm) {
    if (this._onAudioChunk) {
      this._onAudioChunk(pcm);
    }
    this._hasSound = true;
    if (this.player && this._audioItem) {
      this._received(this._audioItem, pcm);
      this.player.append(this._audioItem, pcm);
      // What comes late of an answer that was stopped is not played, and stops nothing.
      if (this.player.isAudible) {
        this.replays.stop();
      }
    }
  }

  /**
   * The person wants to hear something else than the answer that sounds. One that is still awaited comes all the same.
   * @override
   */
  _replayBegins() {
    if (this._state.playing !== "" || (this.player && this.player.isAudible)) {
      this.interrupt();
    }
  }

  /** Stop the answer that sounds. */
  async interrupt() {
    await this._bargeIn();
  }

  /** Items that come from now on may have the names of earlier ones. */
  _beginLife() {
    this._tell(this._log.beginLife());
    if (this.player) {
      this.player.renew();
    }
    if (this._wire) {
      this._wire.forgetSound();
    }
  }

  /** The person speaks or writes into an answer that sounds. Settles when the server was told of it. */
  _bargeIn() {
    return this._cutOff(this._wire);
  }

  /** @param {Wire | null} wire @returns {Promise<void>} settles after every earlier one: they are told in order */
  _cutOff(wire) {
    const cuts = wire && this.player ? this.player.interrupt() : Promise.resolve([]);
    this._cutting = Promise.all([cuts, this._cutting]).then(([cut]) => this._truncate(wire, cut));
    return this._cutting;
  }

  /** Voice is about to be closed: what was heard of the answer that sounds is told and shown, in one breath. */
  _cutShort() {
    if (this.player) {
      this._truncate(this._wire, this.player.abandon());
      this._tellUnheard();
    }
  }

  /** Of an answer whose words came before its sound, nothing was heard when no sound will come any more. */
  _tellUnheard() {
    if (this.player && this._audioItem && !this._hasSound) {
      this._tell(this._log.unheard(this._audioItem));
    }
  }

  /** @param {Wire | null} wire @param {import("./sound/player.js").Cut[]} cuts */
  _truncate(wire, cuts) {
    for (const {item_id, audio_end_ms, received_ms} of cuts) {
      if (wire) {
        wire.send({type: "conversation.item.truncate", item_id, content_index: 0, audio_end_ms});
      }
      this._finished(item_id);
      this._tell(this._log.cut(item_id, audio_end_ms, received_ms));
    }
  }
}
