/**
 * The audio thread's side of the player.
 *
 * In: `{type: "audio", item, samples: ArrayBuffer}`, `{type: "end", item}`, `{type: "clear", id}`, `{type: "close"}`.
 * Out: `{type: "progress", …}` every 40 ms while something sounds, `{type: "finished", item, played}`,
 * `{type: "cleared", id, items, …}` once the device is given silence.
 */

import {Playback} from "./playback.js";

const REPORT_SECONDS = 0.04;

class PlaybackProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this._playback = new Playback(sampleRate);
    this._reportAt = 0;
    this._quiet = true;
    this._open = true;
    /** @type {{id: number, items: {item: string, played: number}[]} | null} */
    this._clearing = null;
    this.port.onmessage = ({data}) => this._on(data);
  }

  /** @param {any} message */
  _on(message) {
    if (message.type === "audio") {
      this._playback.append(message.item, new Int16Array(message.samples));
    } else if (message.type === "end") {
      this._playback.end(message.item);
    } else if (message.type === "clear") {
      this._clearing = {id: message.id, items: this._playback.clear()};
    } else if (message.type === "close") {
      this._open = false;
    }
  }

  /** @param {Float32Array[][]} _inputs @param {Float32Array[][]} outputs */
  process(_inputs, outputs) {
    const [first, ...others] = outputs[0];
    this._playback.render(first);
    for (const channel of others) {
      channel.set(first);
    }
    this._report();
    return this._open;
  }

  _report() {
    if (this._clearing && this._playback.silent) {
      this.port.postMessage({type: "cleared", ...this._clearing, stats: this._stats()});
      this._clearing = null;
    }
    for (const finished of this._playback.takeFinished()) {
      this.port.postMessage({type: "finished", ...finished, stats: this._stats()});
    }
    const quiet = !this._playback.item;
    if (currentTime >= this._reportAt && !(quiet && this._quiet)) {
      this._reportAt = currentTime + REPORT_SECONDS;
      this._quiet = quiet;
      this.port.postMessage({
        type: "progress",
        item: this._playback.item,
        played: this._playback.itemPlayed,
        playing: this._playback.playing,
        at: currentTime,
        level: this._playback.takeLevel(),
        stats: this._stats(),
      });
    }
  }

  _stats() {
    const {samplesPlayed, audibleSamples, underruns, lost} = this._playback;
    return {samplesPlayed, audibleSamples, underruns, lost};
  }
}

registerProcessor("voiceassist-playback", PlaybackProcessor);
