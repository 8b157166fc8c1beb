/** The way from a microphone's stream to frames: one source, one worklet node. The source can be exchanged under way. */

import {FRAME_SAMPLES} from "../vocabulary.js";

/** @typedef {{frame: ArrayBuffer, level: number}} Heard */

export class Capture {
  /**
   * @param {import("./audio-stage.js").AudioStage} stage
   * @param {{onHeard: (heard: Heard) => void, onBroken: () => void}} listener
   */
  constructor(stage, listener) {
    this._stage = stage;
    this._listener = listener;
    /** @type {MediaStreamAudioSourceNode | null} */
    this._source = null;
    /** @type {AudioContext | null} */
    this._ownContext = null;
    /** @type {AudioWorkletNode | null} */
    this._node = null;
  }

  /** Hertz of the audio context that hears; 0 while none does. */
  get rate() {
    return this._node ? this._node.context.sampleRate : 0;
  }

  /** Hear `stream` from now on, instead of what was heard before. @param {MediaStream} stream */
  async connect(stream) {
    const before = this._source;
    const source = await this._sourceOf(stream);
    if (before) {
      before.disconnect();
    }
    this._source = source;
    if (this._node && this._node.context !== source.context) {
      this._closeNode();
    }
    this._node = this._node || this._makeNode(source.context);
    source.connect(this._node);
    if (this._ownContext && this._ownContext !== source.context) {
      this._closeOwnContext();
    }
  }

  close() {
    if (this._source) {
      this._source.disconnect();
      this._source = null;
    }
    this._closeNode();
    this._closeOwnContext();
  }

  /** @param {BaseAudioContext} context */
  _makeNode(context) {
    const node = new AudioWorkletNode(context, "voiceassist-capture", {
      numberOfInputs: 1,
      numberOfOutputs: 1,
      channelCount: 1,
      channelCountMode: "explicit",
      processorOptions: {frameSamples: FRAME_SAMPLES},
    });
    node.port.onmessage = ({data}) => this._listener.onHeard(data);
    node.onprocessorerror = () => this._listener.onBroken();
    // The node gives silence; unconnected nodes are not run by every browser.
    node.connect(context.destination);
    return node;
  }

  _closeNode() {
    if (this._node) {
      this._node.port.postMessage({type: "close"});
      this._node.port.onmessage = null;
      this._node.onprocessorerror = null;
      this._node.disconnect();
      this._node = null;
    }
  }

  _closeOwnContext() {
    if (this._ownContext) {
      this._ownContext.close().catch(() => undefined);
      this._ownContext = null;
    }
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
      this._closeNode();
      this._closeOwnContext();
      const context = new AudioContext(sampleRate ? {sampleRate} : {});
      this._ownContext = context;
      await this._stage.load(context);
      return context.createMediaStreamSource(stream);
    }
  }
}
