/** The person's voice: 40 ms PCM16 frames at 24 kHz from the microphone, with a level for the waveform. */

import {Capture} from "./capture.js";
import {constraintsOf, letGo, openMicrophone} from "./microphone-access.js";

/** @typedef {import("./microphone-access.js").MicrophoneWish} MicrophoneWish */

/**
 * @typedef {object} MicrophoneListener
 * @property {(frame: ArrayBuffer) => void} onFrame
 * @property {() => void} onLost there is none any more
 * @property {() => void} onChanged the chosen one is gone, the system's own is heard instead
 */

export class Microphone {
  /**
   * @param {import("./audio-stage.js").AudioStage} stage
   * @param {MicrophoneListener} listener
   * @param {MicrophoneWish} wish
   */
  constructor(stage, listener, wish) {
    this._stage = stage;
    this._listener = listener;
    this._wish = wish;
    /** @type {MediaStream | null} */
    this._stream = null;
    this._capture = new Capture(stage, {onHeard: (heard) => this._heard(heard), onBroken: () => this._recover()});
    /** One change after another: a second must not find the first half done. @type {Promise<void>} */
    this._changes = Promise.resolve();
    this._recovering = false;
    this._muted = false;
    this._closed = false;
    /** RMS of the last frame, 0 to 1. */
    this.level = 0;
    /** Frames heard so far. */
    this.frames = 0;
  }

  /** Ask for the microphone and begin. Rejects with a Problem. */
  open() {
    return this._inTurn(() => this._reopen());
  }

  /** Hertz at which it is heard: the device's own where the browser tells, else the audio context's. */
  get rate() {
    return this._settings.sampleRate || this._capture.rate;
  }

  /** Id of the device that is heard; empty where the browser does not tell. */
  get device() {
    return this._settings.deviceId || "";
  }

  get muted() {
    return this._muted;
  }

  /** A muted microphone sends silence, so that a turn under way still comes to its end. */
  set muted(muted) {
    this._muted = muted;
    this._tracks.forEach((track) => {
      track.enabled = !muted;
    });
  }

  /** Hear with another device or in another way from now on. Never rejects. @param {MicrophoneWish} wish */
  async wish(wish) {
    const other = wish.device !== this._wish.device;
    if (!other && wish.noiseSuppression === this._wish.noiseSuppression) {
      return;
    }
    this._wish = wish;
    try {
      await this._inTurn(() => (other ? this._reopen() : this._applyWish()));
    } catch (error) {
      // Allowed a moment ago and not any more: what is heard already is heard on.
      this._loseUnlessHeard();
    }
  }

  /** The devices that are there now. @param {string[]} ids */
  async look(ids) {
    const chosenIsBack = this.device !== "" && this.device !== this._wish.device && ids.includes(this._wish.device);
    if (this._stream && !this._isThere(ids)) {
      await this._recover();
    } else if (this._stream && chosenIsBack) {
      await this._inTurn(() => this._reopen()).catch(() => this._loseUnlessHeard());
    }
  }

  /** Phones end a microphone without a word while the page is out of sight. */
  async check() {
    if (this._stream && !this._isHeard) {
      await this._recover();
    }
  }

  /** The stage has another audio context. */
  async reconnect() {
    await this._inTurn(async () => this._stream && this._capture.connect(this._stream));
  }

  close() {
    this._closed = true;
    this.level = 0;
    this._capture.close();
    letGo(this._stream);
    this._stream = null;
  }

  /** @param {import("./capture.js").Heard} heard */
  _heard({frame, level}) {
    this.level = level;
    this.frames += 1;
    this._listener.onFrame(frame);
  }

  async _reopen() {
    if (this._closed) {
      return;
    }
    const {stream, fellBack} = await this._open();
    if (this._closed) {
      letGo(stream);
      return;
    }
    await this._use(stream);
    if (fellBack && !this._closed) {
      this._listener.onChanged();
    }
  }

  /** Some browsers hear one device at a time: the one in use is given up before the next one is refused. */
  async _open() {
    const asked = await openMicrophone(this._wish);
    if (!asked.fellBack || !this._stream) {
      return asked;
    }
    letGo(asked.stream);
    letGo(this._stream);
    return openMicrophone(this._wish);
  }

  /** @param {MediaStream} stream */
  async _use(stream) {
    const before = this._stream;
    this._stream = stream;
    this.muted = this._muted;
    stream.getAudioTracks().forEach((track) => {
      track.onended = () => this._recover();
    });
    await this._stage.ready;
    if (this._closed) {
      letGo(stream);
      return;
    }
    await this._capture.connect(stream);
    letGo(before);
  }

  async _applyWish() {
    const [track] = this._tracks;
    if (!track) {
      return;
    }
    await track.applyConstraints(constraintsOf({...this._wish, device: ""})).catch(() => undefined);
    const heeded = this._settings.noiseSuppression;
    if (heeded !== undefined && heeded !== this._wish.noiseSuppression) {
      // Chromium and Safari heed it only when the microphone is opened, and only while nobody else has it open.
      letGo(this._stream);
      await this._reopen();
    }
  }

  /** The device is gone: go on with whichever there is. */
  async _recover() {
    if (this._closed || this._recovering) {
      return;
    }
    this._recovering = true;
    try {
      await this._inTurn(async () => {
        const {stream} = await openMicrophone({...this._wish, device: ""});
        await this._use(stream);
      });
      if (!this._closed) {
        this._listener.onChanged();
      }
    } catch (error) {
      this._loseUnlessHeard();
    } finally {
      this._recovering = false;
    }
  }

  _loseUnlessHeard() {
    if (!this._closed && !this._isHeard) {
      this._listener.onLost();
    }
  }

  /** @template T @param {() => Promise<T>} change @returns {Promise<any>} */
  _inTurn(change) {
    const done = this._changes.then(change);
    this._changes = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  get _tracks() {
    return this._stream ? this._stream.getAudioTracks() : [];
  }

  /** @returns {MediaTrackSettings} */
  get _settings() {
    return this._tracks.length ? this._tracks[0].getSettings() : {};
  }

  get _isHeard() {
    return this._tracks.some((track) => track.readyState === "live");
  }

  /** @param {string[]} ids */
  _isThere(ids) {
    const aliases = ["", "default", "communications"];
    return this._isHeard && (aliases.includes(this.device) || ids.length === 0 || ids.includes(this.device));
  }
}
