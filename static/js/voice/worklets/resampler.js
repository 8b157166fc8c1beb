/** Sample-rate conversion of a stream: a polyphase, Kaiser-windowed sinc low-pass. Pure. */

const ZERO_CROSSINGS = 24;
const KAISER_BETA = 7;
/** Where the pass band ends, as a share of the narrower side's Nyquist frequency: the stop band then begins at it. */
const ROLL_OFF = 0.91;
const MAX_PHASES = 512;

/** @type {(a: number, b: number) => number} */
const greatestCommonDivisor = (a, b) => (b === 0 ? a : greatestCommonDivisor(b, a % b));

/** The modified Bessel function of the first kind, order zero. @type {(x: number) => number} */
const bessel = (x) => {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
};

/** @type {(x: number) => number} */
const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/**
 * One row of taps for every position between two input samples that an output sample can fall on.
 * @param {number} phases
 * @param {number} half taps on each side of the position
 * @param {number} cutoff in cycles per input sample
 */
const filterTable = (phases, half, cutoff) => {
  const taps = 2 * half;
  const table = new Float32Array(phases * taps);
  const norm = bessel(KAISER_BETA);
  for (let phase = 0; phase < phases; phase += 1) {
    const row = table.subarray(phase * taps, (phase + 1) * taps);
    let sum = 0;
    for (let tap = 0; tap < taps; tap += 1) {
      const distance = tap - half + 1 - phase / phases;
      const edge = Math.min(1, Math.abs(distance) / half);
      row[tap] = (sinc(2 * cutoff * distance) * bessel(KAISER_BETA * Math.sqrt(1 - edge * edge))) / norm;
      sum += row[tap];
    }
    // Unit gain in every phase, or a constant input would come out with a ripple.
    for (let tap = 0; tap < taps; tap += 1) {
      row[tap] /= sum;
    }
  }
  return table;
};

/** Converts one channel from `inputRate` to `outputRate` (hertz), keeping its place between calls. */
export class Resampler {
  /**
   * @param {number} inputRate
   * @param {number} outputRate
   */
  constructor(inputRate, outputRate) {
    const divisor = greatestCommonDivisor(inputRate, outputRate);
    this._up = outputRate / divisor;
    this._down = inputRate / divisor;
    this._phases = Math.min(this._up, MAX_PHASES);
    const narrowing = Math.min(1, outputRate / inputRate);
    this._half = Math.ceil(ZERO_CROSSINGS / narrowing);
    this._taps = 2 * this._half;
    this._table = filterTable(this._phases, this._half, 0.5 * narrowing * ROLL_OFF);
    this._line = new Float32Array(this._taps + 1024);
    // Leading silence lets the first output sample stand exactly on the first input sample.
    this._filled = this._half - 1;
    this._phase = 0;
  }

  /**
   * How many input samples `process` must be given to make exactly `outputs` more samples.
   * @param {number} outputs
   */
  inputNeeded(outputs) {
    const last = Math.floor((this._phase + (outputs - 1) * this._down) / this._up);
    return Math.max(0, last + this._taps - this._filled);
  }

  /**
   * Take `count` samples of `input`, write what they complete to `output` from `offset` on; returns how many.
   * @param {Float32Array} input
   * @param {number} count
   * @param {Float32Array} output
   * @param {number} [offset]
   */
  process(input, count, output, offset = 0) {
    this._append(input, count);
    let made = 0;
    // A narrowing step can be longer than what was in hand; what remained of it is skipped now.
    let start = Math.floor(this._phase / this._up);
    this._phase %= this._up;
    while (start + this._taps <= this._filled && offset + made < output.length) {
      output[offset + made] = this._at(start);
      made += 1;
      this._phase += this._down;
      start += Math.floor(this._phase / this._up);
      this._phase %= this._up;
    }
    const gone = Math.min(start, this._filled);
    this._phase += (start - gone) * this._up;
    this._line.copyWithin(0, gone, this._filled);
    this._filled -= gone;
    return made;
  }

  /** @param {Float32Array} input @param {number} count */
  _append(input, count) {
    if (this._filled + count > this._line.length) {
      const longer = new Float32Array(2 * (this._filled + count));
      longer.set(this._line.subarray(0, this._filled));
      this._line = longer;
    }
    for (let i = 0; i < count; i += 1) {
      this._line[this._filled + i] = input[i];
    }
    this._filled += count;
  }

  /** @param {number} start */
  _at(start) {
    const row = Math.floor((this._phase * this._phases) / this._up) * this._taps;
    let sum = 0;
    for (let tap = 0; tap < this._taps; tap += 1) {
      sum += this._line[start + tap] * this._table[row + tap];
    }
    return sum;
  }
}
