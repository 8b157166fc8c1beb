/**
 * The audio thread's side of the player.
 *
 * In: `{type: "audio", item, samples: ArrayBuffer}`, `{type: "end", item}`, `{type: "clear", id}`, `{type: "close"}`.
 * Out: `{type: "progress", …}` every 80 ms while something sounds and when it begins or pauses, `{type: "finished", item, played}`,
 * `{type: "cleared", id, items, …}` once the device is given silence.
 */

import {Playback} from "./playback.js";

/** Each report costs the page a task; what was played since, its clock tells. */
const REPORT_SECONDS = 0.08;

class PlaybackProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this._playback = new Playback(sampleRate);
    this._reportAt = 0;
    this._quiet = true;
    this._played = false;
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
    const channels = outputs[0];
    this._playback.render(channels[0]);
    for (let i = 1; i < channels.length; i += 1) {
      channels[i].set(channels[0]);
    }
    this._report();
    return this._open;
  }

  _report() {
    if (this._clearing && this._playback.silent) {
      this.port.postMessage({type: "cleared", ...this._clearing, stats: this._stats()});
      this._clearing = null;
    }
    const finished = this._playback.takeFinished();
    for (let i = 0; i < finished.length; i += 1) {
      this.port.postMessage({type: "finished", ...finished[i], stats: this._stats()});
    }
    const quiet = !this._playback.item;
    const {playing} = this._playback;
    const isDue = currentTime >= this._reportAt && !(quiet && this._quiet);
    if (isDue || playing !== this._played) {
      this._reportAt = currentTime + REPORT_SECONDS;
      this._quiet = quiet;
      this._played = playing;
      this.port.postMessage({
        type: "progress",
        item: this._playback.item,
        played: this._playback.itemPlayed,
        playing,
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
