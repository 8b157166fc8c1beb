/** The person's voice: 40 ms PCM16 frames at 24 kHz from the microphone, with a level for the waveform. */

import {Problem} from "./problem.js";
import {FRAME_SAMPLES} from "./vocabulary.js";

/** @type {Record<string, string>} */
const CODE_OF_ERROR = {
  NotAllowedError: "microphone_denied",
  SecurityError: "microphone_denied",
  NotFoundError: "microphone_missing",
  OverconstrainedError: "microphone_missing",
  NotReadableError: "microphone_busy",
  AbortError: "microphone_busy",
};

// The browser's gain control shouts the first words and fades through the rest of them, which costs recognisers the end
// of a sentence. Whoever listens levels by itself.
const WISHES = {echoCancellation: true, noiseSuppression: true, autoGainControl: false, channelCount: 1};

/** @returns {Promise<MediaStream>} */
const askForStream = async () => {
  if (!window.isSecureContext) {
    throw new Problem("insecure_context", {retryable: false});
  }
  if (!navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) {
    throw new Problem("browser_too_old", {retryable: false});
  }
  try {
    return await navigator.mediaDevices.getUserMedia({audio: WISHES});
  } catch (error) {
    throw new Problem(CODE_OF_ERROR[/** @type {DOMException} */ (error).name] || "microphone_failed");
  }
};

export class Microphone {
  /**
   * @param {import("./audio-stage.js").AudioStage} stage
   * @param {{onFrame: (frame: ArrayBuffer) => void, onLost: () => void}} listener
   */
  constructor(stage, listener) {
    this._stage = stage;
    this._listener = listener;
    /** @type {MediaStream | null} */
    this._stream = null;
    /** @type {AudioContext | null} */
    this._ownContext = null;
    /** @type {AudioWorkletNode | null} */
    this._node = null;
    this._muted = false;
    this._closed = false;
    /** RMS of the last frame, 0 to 1. */
    this.level = 0;
    /** Frames heard so far. */
    this.frames = 0;
  }

  /** Ask for the microphone and begin. Rejects with a Problem. */
  async open() {
    const stream = await askForStream();
    this._stream = stream;
    if (this._closed) {
      this.close();
      return;
    }
    stream.getAudioTracks().forEach((track) => {
      track.onended = () => this._listener.onLost();
    });
    await this._stage.ready;
    if (!this._closed) {
      await this._listen(stream);
    }
  }

  get muted() {
    return this._muted;
  }

  /** A muted microphone sends silence, so that a turn under way still comes to its end. */
  set muted(muted) {
    this._muted = muted;
    if (this._stream) {
      this._stream.getAudioTracks().forEach((track) => {
        track.enabled = !muted;
      });
    }
  }

  close() {
    this._closed = true;
    this.level = 0;
    if (this._node) {
      this._node.port.postMessage({type: "close"});
      this._node.port.onmessage = null;
      this._node.disconnect();
      this._node = null;
    }
    if (this._stream) {
      this._stream.getTracks().forEach((track) => {
        track.onended = null;
        track.stop();
      });
      this._stream = null;
    }
    if (this._ownContext) {
      this._ownContext.close();
      this._ownContext = null;
    }
  }

  /** @param {MediaStream} stream */
  async _listen(stream) {
    const source = await this._sourceOf(stream);
    const node = new AudioWorkletNode(source.context, "voiceassist-capture", {
      numberOfInputs: 1,
      numberOfOutputs: 1,
      channelCount: 1,
      channelCountMode: "explicit",
      processorOptions: {frameSamples: FRAME_SAMPLES},
    });
    node.port.onmessage = ({data}) => {
      this.level = data.level;
      this.frames += 1;
      this._listener.onFrame(data.frame);
    };
    node.onprocessorerror = () => this._listener.onLost();
    source.connect(node);
    // The node gives silence; unconnected nodes are not run by every browser.
    node.connect(source.context.destination);
    this._node = node;
    this.muted = this._muted;
  }

  /**
   * Firefox refuses to join a microphone to a context of another rate; it then gets a context of its own.
   * @param {MediaStream} stream
   */
  async _sourceOf(stream) {
    try {
      return this._stage.context.createMediaStreamSource(stream);
    } catch (error) {
      const {sampleRate} = stream.getAudioTracks()[0].getSettings();
      this._ownContext = new AudioContext(sampleRate ? {sampleRate} : {});
      await this._stage.load(this._ownContext);
      return this._ownContext.createMediaStreamSource(stream);
    }
  }
}
