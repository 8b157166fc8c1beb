/** Both voices as bars that travel over the last seconds: the assistant above the line, the person below it. */

import {LevelHistory} from "../lib/level-history.js";
import {LevelBars, TravellingBars} from "./waveform-pictures.js";

/** One bar stands for this long. */
const BAR_MS = 60;
/** More bars than the widest dock shows. */
const REMEMBERED = 256;
/** Under reduced motion: this often at most. */
const STILL_MS = 100;

/**
 * `levels` is asked for the loudness of both sides, 0 to 1. While it runs, new bars are drawn three by three, in one frame
 * of the display, and the compositor moves the picture at the display's own pace: sixty frames a second cost the page
 * what six do. In silence it rests. Out of sight it gets no frames. Under `prefers-reduced-motion` it is two level bars.
 */
export class VoiceWaveform extends HTMLElement {
  constructor() {
    super();
    /** @type {() => {assistant: number, user: number}} */
    this.levels = () => ({assistant: 0, user: 0});
    this._isRunning = false;
    this._timer = 0;
    this._frame = 0;
    this._still = window.matchMedia("(prefers-reduced-motion: reduce)");
    this._dark = window.matchMedia("(prefers-color-scheme: dark)");
    this._canvas = document.createElement("canvas");
    this._canvas.setAttribute("aria-hidden", "true");
    this._history = new LevelHistory(REMEMBERED);
    /** @type {TravellingBars | LevelBars} */
    this._picture = new TravellingBars(this._canvas, this._history, BAR_MS);
    this._observer = new ResizeObserver(([entry]) => this._picture.fit(entry.contentRect));
    // Made once: a bar allocates nothing.
    this._onTime = () => this._listen();
    this._onFrame = () => this._draw();
    this._onScheme = () => this._readColours();
    this._onMotion = () => this._restart();
  }

  connectedCallback() {
    this.appendChild(this._canvas);
  }

  disconnectedCallback() {
    this.stop();
  }

  get isRunning() {
    return this._isRunning;
  }

  start() {
    if (this._isRunning) {
      return;
    }
    this._isRunning = true;
    this._history.clear();
    this._picture = this._still.matches
      ? new LevelBars(this._canvas, this._history, STILL_MS)
      : new TravellingBars(this._canvas, this._history, BAR_MS);
    this._readColours();
    this._dark.addEventListener("change", this._onScheme);
    this._still.addEventListener("change", this._onMotion);
    this._observer.observe(this);
    this._listen();
  }

  stop() {
    this._isRunning = false;
    clearTimeout(this._timer);
    cancelAnimationFrame(this._frame);
    this._picture.stop();
    this._observer.disconnect();
    this._dark.removeEventListener("change", this._onScheme);
    this._still.removeEventListener("change", this._onMotion);
  }

  _restart() {
    this.stop();
    this.start();
  }

  /** Only when they can have changed: asking the style for them costs more than drawing. */
  _readColours() {
    const style = getComputedStyle(this);
    const [voice, you, quiet] = ["--voice", "--you", "--line"].map((name) => style.getPropertyValue(name).trim());
    this._picture.dress(voice, you, quiet);
  }

  _listen() {
    const {assistant, user} = this.levels();
    if (this._picture.hear(assistant, user)) {
      this._frame = requestAnimationFrame(this._onFrame);
    } else {
      this._timer = window.setTimeout(this._onTime, this._picture.interval);
    }
  }

  _draw() {
    const {assistant, user} = this.levels();
    this._picture.show(assistant, user);
    this._timer = window.setTimeout(this._onTime, this._picture.pause);
  }
}

customElements.define("voice-waveform", VoiceWaveform);
