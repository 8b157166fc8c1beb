/** The two pictures of a waveform: bars that travel, and level bars for whom nothing shall move. */

import {heightOf} from "../lib/level-history.js";

/** @typedef {import("../lib/level-history.js").LevelHistory} LevelHistory */

const BAR_PX = 3;
const STEP_PX = 6;
/** From the middle line to where a bar begins; its round cap reaches half a bar further. */
const REST_PX = 3;
/** Where both are silent there is a dot, for which some length is needed. */
const DOT_PX = 0.1;
/** The assistant's share of the height. */
const ABOVE = 0.58;
/** Bars that are drawn before they come into sight: a late frame then leaves no hole. */
const LEAD = 3;
/** So many are drawn at once: a frame of the page costs the same for one bar and for three. */
const AT_ONCE = 3;
const LEVEL_PX = 8;
/** More than this nobody sees. */
const MAX_RATIO = 2;

/** What both pictures are: a canvas of a size, a colour for each side, and one for silence. */
class Picture {
  /** @param {HTMLCanvasElement} canvas @param {LevelHistory} history @param {number} interval milliseconds between bars */
  constructor(canvas, history, interval) {
    this._canvas = canvas;
    this._history = history;
    this._interval = interval;
    this._context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this._width = 0;
    this._height = 0;
    this._colours = {assistant: "", user: "", quiet: ""};
  }

  /** @param {string} assistant @param {string} user @param {string} quiet colours */
  dress(assistant, user, quiet) {
    this._colours = {assistant, user, quiet};
    this._redraw();
  }

  /** @param {{width: number, height: number}} size of the element, in CSS pixels */
  fit({width, height}) {
    this._width = width;
    this._height = height;
    this._sizeCanvas(width);
    this._redraw();
  }

  /** Milliseconds from one bar to the next. */
  get interval() {
    return this._interval;
  }

  /** Milliseconds until the next bar, to be asked when one was shown. */
  get pause() {
    return this._interval;
  }

  /** @param {number} width of the canvas, in CSS pixels */
  _sizeCanvas(width) {
    const ratio = Math.min(MAX_RATIO, window.devicePixelRatio || 1);
    this._canvas.width = Math.round(width * ratio);
    this._canvas.height = Math.round(this._height * ratio);
    this._canvas.style.width = `${width}px`;
    this._context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this._context.lineWidth = BAR_PX;
    this._context.lineCap = "round";
  }

  /** Draw everything again: another size, or other colours. */
  _redraw() {}
}

/**
 * The canvas is a loop of bars, laid out twice in a row. The compositor moves it to the left by one bar per interval and
 * starts over after one length of the loop, where the second copy looks the same.
 */
export class TravellingBars extends Picture {
  /** @param {HTMLCanvasElement} canvas @param {LevelHistory} history @param {number} interval */
  constructor(canvas, history, interval) {
    super(canvas, history, interval);
    /** Bars in the loop. */
    this._loop = 1;
    /** Bars in sight. */
    this._inSight = 0;
    /** Bars that were heard so far, and how many of them were drawn. */
    this._heard = 0;
    this._drawn = 0;
    /** @type {Animation | null} */
    this._travel = null;
  }

  /** @override @param {{width: number, height: number}} size */
  fit(size) {
    this.stop();
    this._heard = 0;
    this._inSight = Math.ceil(size.width / STEP_PX);
    this._loop = this._inSight + 2 * LEAD;
    super.fit(size);
    if (size.width > 0) {
      const length = this._loop * STEP_PX;
      const timing = {duration: this._loop * this._interval, iterations: Infinity};
      this._travel = this._canvas.animate([{transform: "none"}, {transform: `translateX(${-length}px)`}], timing);
    }
  }

  stop() {
    if (this._travel) {
      this._travel.cancel();
      this._travel = null;
    }
  }

  /** @override */
  get pause() {
    const wait = (this._heard + 1) * this._interval - this._time;
    return this._isPaused ? this._interval : Math.max(1, Math.min(this._interval, wait));
  }

  /** One more bar. Whether there is something to draw now. @param {number} assistant @param {number} user */
  hear(assistant, user) {
    if (!this._travel || this._isPaused) {
      return this._travel !== null && (heightOf(assistant) > 0 || heightOf(user) > 0);
    }
    this._history.add(assistant, user);
    this._heard += 1;
    return this._heard - this._drawn >= AT_ONCE;
  }

  /** Draw the bars that were heard; what rested sets out again. @param {number} assistant @param {number} user */
  show(assistant, user) {
    const travel = this._travel;
    if (!travel || this._isPaused) {
      return travel ? travel.play() : undefined;
    }
    this._catchUp(assistant, user);
    const fresh = Math.min(this._loop, this._heard - this._drawn);
    for (let age = 0; age < fresh; age += 1) {
      const left = this._left(this._heard - age + this._loop);
      this._context.clearRect(left, 0, STEP_PX, this._height);
      this._context.clearRect(left + this._loop * STEP_PX, 0, STEP_PX, this._height);
    }
    this._draw(this._heard, 0, fresh);
    this._drawn = this._heard;
    // Nothing but silence is in sight, or on its way there.
    if (this._history.silentBars > this._loop) {
      travel.pause();
    }
  }

  /** The picture went on while nobody listened: a busy page is late. @param {number} assistant @param {number} user */
  _catchUp(assistant, user) {
    const due = Math.floor(this._time / this._interval);
    for (this._heard = Math.max(this._heard, due - this._loop); this._heard < due; this._heard += 1) {
      this._history.add(assistant, user);
    }
  }

  get _isPaused() {
    return this._travel !== null && this._travel.playState === "paused";
  }

  get _time() {
    return this._travel ? Number(this._travel.currentTime || 0) : 0;
  }

  /** @param {number} bar counted from the beginning */
  _left(bar) {
    return ((this._inSight + LEAD + bar) % this._loop) * STEP_PX;
  }

  /** @override */
  _sizeCanvas() {
    super._sizeCanvas(2 * this._loop * STEP_PX);
  }

  /** @override */
  _redraw() {
    this._context.clearRect(0, 0, 2 * this._loop * STEP_PX, this._height);
    this._draw(this._heard, 0, this._loop);
    this._drawn = this._heard;
  }

  /**
   * Draw the bars of the ages from `from` to before `to`, each colour in one stroke. Who is silent has no bar; where
   * both are, a dot between them says that it goes on.
   * @param {number} newest bar of age 0
   * @param {number} from
   * @param {number} to
   */
  _draw(newest, from, to) {
    const middle = Math.round(this._height * ABOVE);
    const above = middle - 2 * REST_PX;
    const below = this._height - middle - 2 * REST_PX;
    const {_context: context, _history: history} = this;
    context.strokeStyle = this._colours.assistant;
    context.beginPath();
    for (let age = from; age < to; age += 1) {
      this._trace(newest - age, middle - REST_PX, -history.assistant(age) * above);
    }
    context.stroke();
    context.strokeStyle = this._colours.user;
    context.beginPath();
    for (let age = from; age < to; age += 1) {
      this._trace(newest - age, middle + REST_PX, history.user(age) * below);
    }
    context.stroke();
    context.strokeStyle = this._colours.quiet;
    context.beginPath();
    for (let age = from; age < to; age += 1) {
      this._trace(newest - age, middle, history.assistant(age) + history.user(age) > 0 ? 0 : DOT_PX);
    }
    context.stroke();
  }

  /**
   * Both copies of a bar.
   * @param {number} bar
   * @param {number} y
   * @param {number} length upwards when negative; without one nothing is drawn
   */
  _trace(bar, y, length) {
    if (length === 0) {
      return;
    }
    const x = this._left(bar + this._loop) + STEP_PX / 2;
    const copy = x + this._loop * STEP_PX;
    this._context.moveTo(x, y);
    this._context.lineTo(x, y + length);
    this._context.moveTo(copy, y);
    this._context.lineTo(copy, y + length);
  }
}

/** How loud it is, and nothing of what was. */
export class LevelBars extends Picture {
  stop() {}

  /** Whether there is something to draw now. @param {number} assistant @param {number} user */
  hear(assistant, user) {
    return heightOf(assistant) !== this._history.assistant(0) || heightOf(user) !== this._history.user(0);
  }

  /** @param {number} assistant @param {number} user */
  show(assistant, user) {
    this._history.add(assistant, user);
    this._redraw();
  }

  /** @override */
  _redraw() {
    const {_width: width, _context: context, _history: history} = this;
    const middle = this._height / 2;
    context.clearRect(0, 0, width, this._height);
    // In silence there would be nothing to see: the track says that there is a level.
    context.fillStyle = this._colours.quiet;
    context.fillRect(0, middle - LEVEL_PX - 2, width, LEVEL_PX);
    context.fillRect(0, middle + 2, width, LEVEL_PX);
    context.fillStyle = this._colours.assistant;
    context.fillRect(0, middle - LEVEL_PX - 2, history.assistant(0) * width, LEVEL_PX);
    context.fillStyle = this._colours.user;
    context.fillRect(0, middle + 2, history.user(0) * width, LEVEL_PX);
  }
}
