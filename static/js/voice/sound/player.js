/** The assistant's voice: hands audio to the playback worklet and knows what was truly heard of each item. */

import {SPEECH_RATE, millisecondsOf} from "../vocabulary.js";

/**
 * What was heard of an item that was stopped, and how much of it had come.
 * @typedef {{item_id: string, audio_end_ms: number, received_ms: number}} Cut
 */

/** @typedef {{item: string, received: number, played: number, ended: boolean, at: number}} Progress samples; `at` in context seconds */

/**
 * @typedef {object} PlayerStats
 * @property {number} samplesPlayed speech samples played, at 24 kHz
 * @property {number} audibleSamples samples above -60 dB given to the device, at its own rate
 * @property {number} underruns
 * @property {number} lost samples dropped because an answer was longer than the queue
 * @property {number} lastClearToSilenceMs from the call of `interrupt` until the device was given silence
 */

const CLEAR_TIMEOUT_MS = 250;
/** What sounds fades out within this; a sudden stop clicks. */
const FADING_MS = 20;

export class Player {
  /**
   * @param {import("./audio-stage.js").AudioStage} stage
   * @param {{onPlaying: (item: string) => void}} listener told which item sounds, or that none does
   */
  constructor(stage, listener) {
    this._stage = stage;
    this._listener = listener;
    /** @type {AudioWorkletNode | null} */
    this._node = null;
    /** @type {any[]} messages for a worklet that is still loading */
    this._early = [];
    /** By the names that the worklet knows. @type {Map<string, Progress>} */
    this._items = new Map();
    /** @type {Set<string>} */
    this._cut = new Set();
    /** Sessions and upstreams so far: each names its items by itself, and may use a name that is still sounding. */
    this._life = 0;
    /** @type {Map<number, (items: {item: string, played: number}[]) => void>} */
    this._clearing = new Map();
    this._clears = 0;
    this._playing = "";
    this._closed = false;
    /** Loudest sample of the last 80 ms, 0 to 1. */
    this.level = 0;
    /** @type {PlayerStats} */
    this._stats = {samplesPlayed: 0, audibleSamples: 0, underruns: 0, lost: 0, lastClearToSilenceMs: 0};
  }

  /**
   * Wait for the worklet and connect it, to `output` or to the device. Rejects with a Problem.
   * @param {AudioNode} [output]
   */
  async open(output) {
    await this._stage.ready;
    if (this._closed) {
      return;
    }
    const node = new AudioWorkletNode(this._stage.context, "voiceassist-playback", {
      numberOfInputs: 0,
      numberOfOutputs: 1,
      outputChannelCount: [1],
    });
    node.port.onmessage = ({data}) => this._on(data);
    node.connect(output || this._stage.context.destination);
    this._letNode();
    this._node = node;
    this._early.splice(0).forEach((message) => this._post(message));
  }

  /** A copy of the counters. @returns {PlayerStats} */
  get stats() {
    return {...this._stats};
  }

  /** The item that sounds, or empty. */
  get playing() {
    return this._playing;
  }

  /** Whether there is anything that sounds or is about to; not so in a pause that an answer makes because no more has come. */
  get isAudible() {
    for (const {received, played} of this._items.values()) {
      if (received > played) {
        return true;
      }
    }
    return false;
  }

  /**
   * Queue speech of an item; what arrives late of a stopped item is dropped.
   * @param {string} item
   * @param {ArrayBuffer} pcm is given away
   */
  append(item, pcm) {
    const name = this._nameOf(item);
    if (this._cut.has(name) || pcm.byteLength < 2) {
      return;
    }
    const progress = this._items.get(name) || {item, received: 0, played: 0, ended: false, at: 0};
    progress.received += pcm.byteLength >> 1;
    this._items.set(name, progress);
    const whole = pcm.byteLength % 2 ? pcm.slice(0, pcm.byteLength - 1) : pcm;
    this._post({type: "audio", item: name, samples: whole}, [whole]);
  }

  /** No more speech of `item` will come. @param {string} item */
  finish(item) {
    this._end(this._nameOf(item));
  }

  /**
   * Be silent at once. Resolves to what was heard of each item that was cut off.
   * @returns {Promise<Cut[]>}
   */
  async interrupt() {
    if (this._items.size === 0) {
      return [];
    }
    const began = performance.now();
    const open = new Map(this._items);
    this._forget(open);
    const played = await this._clear();
    this._stats.lastClearToSilenceMs = performance.now() - began;
    for (const {item, played: samples} of played || []) {
      const progress = open.get(item);
      if (progress) {
        progress.played = samples;
        progress.at = 0;
      }
    }
    return this._cutsOf(open);
  }

  /** The same, without waiting for the worklet: for a page that is about to be gone. @returns {Cut[]} */
  abandon() {
    const open = new Map(this._items);
    this._forget(open);
    this._post({type: "clear", id: 0});
    return this._cutsOf(open);
  }

  /**
   * What comes from now on is of another session or upstream, and may have the name of something that was stopped or
   * still sounds. Of that no more is to come.
   */
  renew() {
    this._cut.clear();
    this._items.forEach((_progress, name) => this._end(name));
    this._life += 1;
  }

  close() {
    this.abandon();
    this._closed = true;
    setTimeout(() => this._letNode(), FADING_MS);
  }

  /** What the worklet calls an item of this life. @param {string} item */
  _nameOf(item) {
    return this._life ? `${item}~${this._life}` : item;
  }

  /** @param {string} name */
  _end(name) {
    const progress = this._items.get(name);
    if (progress && !progress.ended) {
      progress.ended = true;
      this._post({type: "end", item: name});
    }
  }

  _letNode() {
    if (this._node) {
      this._post({type: "close"});
      this._node.port.onmessage = null;
      this._node.disconnect();
      this._node = null;
    }
  }

  /** @param {Map<string, Progress>} open */
  _forget(open) {
    open.forEach((_progress, name) => this._cut.add(name));
    this._items.clear();
    this.level = 0;
    this._tell("");
  }

  /** @returns {Promise<{item: string, played: number}[] | null>} null when the worklet does not answer */
  _clear() {
    this._clears += 1;
    const id = this._clears;
    return new Promise((resolve) => {
      // A suspended context runs no worklet; the last report has to do.
      const timer = setTimeout(() => this._cleared(id, null), CLEAR_TIMEOUT_MS);
      this._clearing.set(id, (items) => {
        clearTimeout(timer);
        resolve(items);
      });
      this._post({type: "clear", id});
    });
  }

  /** @param {number} id @param {any} items */
  _cleared(id, items) {
    const resolve = this._clearing.get(id);
    this._clearing.delete(id);
    if (resolve) {
      resolve(items);
    }
  }

  /** @param {Map<string, Progress>} open @returns {Cut[]} */
  _cutsOf(open) {
    /** @type {Cut[]} */
    const cuts = [];
    open.forEach((progress, name) => {
      const {item, received, ended} = progress;
      const heard = Math.min(received, this._heard(progress));
      // The name of one of an earlier life may be that of another item by now.
      const isMeant = name === this._nameOf(item) || !open.has(this._nameOf(item));
      if (isMeant && (!ended || heard < received)) {
        cuts.push({item_id: item, audio_end_ms: millisecondsOf(heard), received_ms: millisecondsOf(received)});
      }
    });
    return cuts;
  }

  /** Samples heard by now: the last report, and what the clock says was played since. @param {Progress} progress */
  _heard(progress) {
    const since = progress.at ? Math.max(0, this._stage.context.currentTime - progress.at) : 0;
    return progress.played + Math.floor(since * SPEECH_RATE);
  }

  /** @param {any} message */
  _on(message) {
    Object.assign(this._stats, message.stats);
    if (message.type === "cleared") {
      this._cleared(message.id, message.items);
    } else if (message.type === "finished") {
      const progress = this._items.get(message.item);
      this._items.delete(message.item);
      if (progress && this._playing === progress.item) {
        this._tell("");
      }
    } else if (message.type === "progress") {
      this._progressed(message);
    }
  }

  /** @param {any} message */
  _progressed(message) {
    const progress = this._items.get(message.item);
    if (progress) {
      progress.played = message.played;
      progress.at = message.playing ? message.at : 0;
    }
    this.level = this._items.size ? message.level : 0;
    // A pause between two bursts of one answer is still that answer.
    if (message.playing && progress) {
      this._tell(progress.item);
    }
  }

  /** @param {string} item */
  _tell(item) {
    if (item !== this._playing) {
      this._playing = item;
      this._listener.onPlaying(item);
    }
  }

  /** @param {any} message @param {Transferable[]} [transfer] */
  _post(message, transfer = []) {
    if (this._node) {
      this._node.port.postMessage(message, transfer);
    } else if (!this._closed) {
      this._early.push(message);
    }
  }
}
