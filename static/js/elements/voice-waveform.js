/** Both voices as bars over the last seconds: the assistant above the line, the person below it. */

const BAR_MS = 60;
const BAR_PX = 3;
const GAP_PX = 3;
/** From the middle line to where a bar begins; its round cap reaches half a bar further. */
const REST_PX = 3;
/** Speech is quiet in numbers: this lifts it to what the eye expects. */
const LIFT = 1.3;

/** @type {(level: number) => number} */
const shown = (level) => Math.min(1, Math.sqrt(Math.max(0, level)) * LIFT);

/**
 * `levels` is asked for the loudness of both sides, 0 to 1. Drawn at the display's pace, and only while it is running.
 * Under `prefers-reduced-motion` it is two level bars that do not travel.
 */
export class VoiceWaveform extends HTMLElement {
  constructor() {
    super();
    /** @type {() => {assistant: number, user: number}} */
    this.levels = () => ({assistant: 0, user: 0});
    /** @type {{assistant: number, user: number}[]} */
    this._history = [];
    this._frame = 0;
    this._barAt = 0;
    this._still = window.matchMedia("(prefers-reduced-motion: reduce)");
    this._canvas = document.createElement("canvas");
    this._canvas.setAttribute("aria-hidden", "true");
  }

  connectedCallback() {
    this.appendChild(this._canvas);
  }

  disconnectedCallback() {
    this.stop();
  }

  start() {
    if (!this._frame) {
      this._history = [];
      this._frame = requestAnimationFrame((now) => this._tick(now));
    }
  }

  stop() {
    cancelAnimationFrame(this._frame);
    this._frame = 0;
  }

  /** @param {number} now */
  _tick(now) {
    this._frame = requestAnimationFrame((next) => this._tick(next));
    if (now - this._barAt < BAR_MS) {
      return;
    }
    this._barAt = now;
    const {assistant, user} = this.levels();
    this._history.push({assistant: shown(assistant), user: shown(user)});
    this._draw();
  }

  _draw() {
    const ratio = window.devicePixelRatio || 1;
    const width = this._canvas.clientWidth;
    const height = this._canvas.clientHeight;
    if (this._canvas.width !== Math.round(width * ratio) || this._canvas.height !== Math.round(height * ratio)) {
      this._canvas.width = Math.round(width * ratio);
      this._canvas.height = Math.round(height * ratio);
    }
    const context = this._canvas.getContext("2d");
    if (!context || width === 0) {
      return;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(this);
    const colours = {assistant: style.getPropertyValue("--voice"), user: style.getPropertyValue("--you")};
    if (this._still.matches) {
      this._drawLevels(context, width, height, colours);
    } else {
      this._drawBars(context, width, height, colours);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} width
   * @param {number} height
   * @param {{assistant: string, user: string}} colours
   */
  _drawBars(context, width, height, colours) {
    const count = Math.floor(width / (BAR_PX + GAP_PX));
    this._history.splice(0, Math.max(0, this._history.length - count));
    const middle = Math.round(height * 0.58);
    context.lineWidth = BAR_PX;
    context.lineCap = "round";
    for (let i = 0; i < count; i += 1) {
      const bar = this._history[this._history.length - count + i] || {assistant: 0, user: 0};
      const x = i * (BAR_PX + GAP_PX) + BAR_PX / 2;
      strokeBar(context, colours.assistant, x, middle - REST_PX, -bar.assistant * (middle - 2 * REST_PX));
      strokeBar(context, colours.user, x, middle + REST_PX, bar.user * (height - middle - 2 * REST_PX));
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} width
   * @param {number} height
   * @param {{assistant: string, user: string}} colours
   */
  _drawLevels(context, width, height, colours) {
    const now = this._history[this._history.length - 1];
    this._history = [now];
    const thickness = 8;
    const middle = height / 2;
    context.fillStyle = colours.assistant;
    context.fillRect(0, middle - thickness - 2, Math.max(2, now.assistant * width), thickness);
    context.fillStyle = colours.user;
    context.fillRect(0, middle + 2, Math.max(2, now.user * width), thickness);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} colour
 * @param {number} x
 * @param {number} from
 * @param {number} length upwards when negative; silence is a dot, for which some length is needed
 */
const strokeBar = (context, colour, x, from, length) => {
  context.strokeStyle = colour;
  context.beginPath();
  context.moveTo(x, from);
  context.lineTo(x, from + (Math.abs(length) < 0.1 ? 0.1 : length));
  context.stroke();
};

customElements.define("voice-waveform", VoiceWaveform);
