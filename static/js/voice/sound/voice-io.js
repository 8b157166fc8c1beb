/** Ears and mouth of one voice session: the microphone and the player on one audio stage. */

import {DeviceKeeper, wishOf} from "./device-keeper.js";
import {EchoGuard} from "./echo-guard.js";
import {FrameBacklog} from "./frame-backlog.js";
import {Microphone} from "./microphone.js";
import {Player} from "./player.js";
import {SoundWatch} from "./sound-watch.js";
import {Speaker} from "./speaker.js";
import {FRAME_SAMPLES, Hint, SPEECH_RATE} from "../vocabulary.js";
import {WakeLock} from "./wake-lock.js";

// What else is needed only once voice is used comes with it.
export {Replays} from "./replays.js";
export {SelfInterruptions} from "./self-interruptions.js";

/**
 * What is said while there is no session is kept this long. It is handed over at once, and the server takes half a minute
 * more than was spoken since it began to listen; whoever presses against that bound for long is sent away.
 */
const BACKLOG_SECONDS = 28;
/** So many frames (200 ms) of speech are a word that is missing. */
const MISSED_FRAMES = 5;
/** What sounds fades out within this; a sudden stop clicks. */
const FADING_MS = 20;
/** How long sound is taken to be on its way where the browser does not tell. */
const UNTOLD_LATENCY_MS = 100;
/**
 * Whoever asks Firefox for `outputLatency` while sound begins may stand still for ever: it asks the sound server under a
 * lock that its audio thread waits for, and the server waits for that thread.
 */
const FREEZES_WHEN_ASKED = /\bFirefox\//;
/** A context that is not on its way so long after a tap will not be. */
const RESUME_MS = 400;

/**
 * What comes with this module.
 * @typedef {object} VoiceRooms
 * @property {typeof VoiceIo} VoiceIo
 * @property {typeof import("./replays.js").Replays} Replays
 * @property {typeof import("./self-interruptions.js").SelfInterruptions} SelfInterruptions
 */

/**
 * @typedef {object} VoiceListener
 * @property {(rooms: VoiceRooms) => void} onLoaded the modules are there
 * @property {() => void} onLost there is no microphone any more
 * @property {(item: string) => void} onPlaying which item sounds; empty when none does
 * @property {(suspended: boolean) => void} onSuspended the browser holds the sound back
 * @property {(hint: string) => void} onHint one of Hint
 * @property {() => boolean} isReplaying whether a line is played again
 * @property {(cuts: import("./player.js").Cut[]) => void} onCut answers cut off because the sound had to begin anew
 */

/**
 * @typedef {object} VoiceWishes
 * @property {import("../../lib/device-choices.js").DeviceChoices} devices
 * @property {boolean} microphone false: only sound
 */

/**
 * @typedef {object} VoiceFigures
 * @property {number} inputRate hertz; 0 without a microphone
 * @property {number} outputRate hertz
 * @property {number} underruns
 * @property {number} lost samples dropped because an answer was longer than the queue
 * @property {number} samplesPlayed of speech, at 24 kHz
 * @property {number} lastClearToSilenceMs
 * @property {number} outputLatencyMs from the page to the loudspeaker, as far as the browser tells; else 0
 */

export class VoiceIo {
  /**
   * @param {import("./audio-stage.js").AudioStage} stage
   * @param {VoiceListener} listener
   * @param {VoiceWishes} wishes
   */
  constructor(stage, listener, {devices, microphone}) {
    this._stage = stage;
    this._listener = listener;
    this.player = new Player(stage, listener);
    this._backlog = new FrameBacklog((BACKLOG_SECONDS * SPEECH_RATE) / FRAME_SAMPLES);
    this._guard = new EchoGuard();
    this._lock = new WakeLock();
    /** While it is false nothing that is heard is sent or kept. */
    this.listening = true;
    /** @type {((frame: ArrayBuffer) => void) | null} */
    this._send = null;
    this._closed = false;
    this._speaker = new Speaker(stage, {onChanged: () => listener.onHint(Hint.SPEAKER_CHANGED)});
    this._microphone = microphone ? this._makeMicrophone(devices) : null;
    const ends = {microphone: this._microphone, speaker: this._speaker};
    this._keeper = new DeviceKeeper(devices, ends, ({echoSafe}) => {
      this._guard.on = echoSafe;
    });
    this._watch = new SoundWatch(stage, {
      onSuspended: (suspended) => listener.onSuspended(suspended),
      onSeen: () => this._microphone && this._microphone.check(),
    });
  }

  /** Rejects with a Problem. */
  async open() {
    // The microphone first: what is said is heard from the moment that the person allows it.
    const heard = this._microphone ? this._microphone.open() : Promise.resolve();
    await Promise.all([heard, this.player.open(this._speaker.input)]);
    if (this._microphone && !this._closed) {
      this._lock.hold();
    }
  }

  /** Hand every frame to `send`, first those that were kept. @param {(frame: ArrayBuffer) => void} send */
  stream(send) {
    this._backlog.drain(send);
    this._send = send;
    if (this._backlog.takeLost() >= MISSED_FRAMES) {
      this._listener.onHint(Hint.BEGINNING_MISSED);
    }
  }

  /** From now on every frame is kept for the next `stream`. @param {ArrayBuffer[]} [again] sent in vain, kept before them */
  hold(again = []) {
    this._send = null;
    this._backlog.putBack(again);
  }

  /** The next `stream` begins with what is heard from now on. */
  forget() {
    this._backlog.forget();
  }

  /** Let suspended sound go on. Call inside the person's gesture. */
  async resume() {
    const {context} = this._stage;
    const before = context.currentTime;
    this._stage.wake();
    await new Promise((resolve) => setTimeout(resolve, RESUME_MS));
    const runs = context.state === "running" && context.currentTime > before;
    if (!runs && !this._closed) {
      await this._renew();
    }
    if (!this._closed) {
      this._watch.reset();
    }
  }

  get levels() {
    const heard = this._microphone && this.listening && !(this._guard.on && this._isGuarded) ? this._microphone.level : 0;
    return {assistant: this.player.level, user: heard};
  }

  get muted() {
    return this._microphone !== null && this._microphone.muted;
  }

  set muted(muted) {
    if (this._microphone) {
      this._microphone.muted = muted;
    }
  }

  /** @returns {VoiceFigures} */
  get figures() {
    const {samplesPlayed, underruns, lost, lastClearToSilenceMs} = this.player.stats;
    return {
      inputRate: this._microphone ? this._microphone.rate : 0,
      outputRate: this._stage.context.sampleRate,
      underruns,
      lost,
      samplesPlayed,
      lastClearToSilenceMs,
      outputLatencyMs: this._latencyMs,
    };
  }

  close() {
    this._closed = true;
    this._lock.release();
    this._watch.close();
    this._keeper.close();
    if (this._microphone) {
      this._microphone.close();
    }
    this.player.close();
    setTimeout(() => this._speaker.close(), FADING_MS);
  }

  /** @param {import("../../lib/device-choices.js").DeviceChoices} devices */
  _makeMicrophone(devices) {
    return new Microphone(
      this._stage,
      {
        onFrame: (frame) => this._onFrame(frame),
        onLost: () => this._listener.onLost(),
        onChanged: () => this._listener.onHint(Hint.MICROPHONE_CHANGED),
      },
      wishOf(devices.current),
    );
  }

  /** @param {ArrayBuffer} frame */
  _onFrame(frame) {
    if (!this.listening) {
      return;
    }
    // The pace stays, or the server would take the silence for a gap.
    const heard = this._isGuarded ? new ArrayBuffer(frame.byteLength) : frame;
    if (this._send) {
      this._send(heard);
    } else {
      this._backlog.keep(heard);
    }
  }

  get _isGuarded() {
    // A line that is played again comes out of the same loudspeaker.
    const isAudible = this.player.isAudible || this._listener.isReplaying();
    return this._guard.silences(isAudible, isAudible ? this._latencyMs || UNTOLD_LATENCY_MS : 0);
  }

  get _latencyMs() {
    if (FREEZES_WHEN_ASKED.test(navigator.userAgent)) {
      return 0;
    }
    const {outputLatency, baseLatency} = this._stage.context;
    return Math.round((outputLatency || baseLatency || 0) * 1000);
  }

  /** Everything on another audio context. What waited to be played is gone with the one before. */
  async _renew() {
    this._listener.onCut(this.player.abandon());
    await this._stage.renew();
    if (this._closed) {
      return;
    }
    await this._speaker.renew();
    await this.player.open(this._speaker.input);
    if (this._microphone) {
      await this._microphone.reconnect();
    }
  }
}
