import assert from "node:assert/strict";
import {test} from "node:test";

import {Resampler} from "../../static/js/voice/worklets/resampler.js";

const RATES = [8000, 11025, 16000, 22050, 44100, 48000, 88200, 96000, 192000, 47999];

/** A sine of `hertz`, `seconds` long. */
const sine = (rate, hertz, seconds) =>
  Float32Array.from({length: Math.round(rate * seconds)}, (_, i) => Math.sin((2 * Math.PI * hertz * i) / rate));

/** Everything the resampler makes of `input`, given in blocks of `block` samples. */
const convert = (resampler, input, block = 128) => {
  const out = [];
  const buffer = new Float32Array(4096);
  for (let at = 0; at < input.length; at += block) {
    const chunk = input.subarray(at, at + block);
    out.push(...buffer.slice(0, resampler.process(chunk, chunk.length, buffer)));
  }
  return Float32Array.from(out);
};

const decibels = (signal, skip) => {
  const kept = signal.subarray(skip, signal.length - skip);
  return 10 * Math.log10(kept.reduce((sum, x) => sum + x * x, 0) / kept.length / 0.5);
};

for (const rate of RATES) {
  test(`a 1 kHz tone keeps its pitch and level from ${rate} Hz to 24 kHz`, () => {
    const made = convert(new Resampler(rate, 24000), sine(rate, 1000, 1));
    const wanted = sine(24000, 1000, 1);
    assert.ok(Math.abs(made.length - 24000) < 80, `made ${made.length} samples of one second`);
    let error = 0;
    for (let i = 1000; i < 22000; i += 1) {
      error = Math.max(error, Math.abs(made[i] - wanted[i]));
    }
    assert.ok(error < (rate === 47999 ? 5e-3 : 1.5e-3), `off by ${error}`);
  });

  test(`a 1 kHz tone keeps its pitch and level from 24 kHz to ${rate} Hz`, () => {
    const made = convert(new Resampler(24000, rate), sine(24000, 1000, 1));
    const wanted = sine(rate, 1000, 1);
    let error = 0;
    for (let i = Math.round(rate / 20); i < made.length - 200; i += 1) {
      error = Math.max(error, Math.abs(made[i] - wanted[i]));
    }
    assert.ok(error < (rate === 47999 ? 5e-3 : 1.5e-3), `off by ${error}`);
  });
}

test("what lies above the new Nyquist frequency is gone instead of folded back", () => {
  for (const hertz of [13000, 15000, 20000, 23000]) {
    const level = decibels(convert(new Resampler(48000, 24000), sine(48000, hertz, 0.5)), 500);
    assert.ok(level < -60, `${hertz} Hz came through at ${level.toFixed(1)} dB`);
  }
});

test("raising the rate adds no mirror image above the old Nyquist frequency", () => {
  const made = convert(new Resampler(24000, 48000), sine(24000, 9000, 0.5));
  const mirror = sine(48000, 15000, 0.5);
  let sum = 0;
  let norm = 0;
  for (let i = 1000; i < made.length - 1000; i += 1) {
    sum += made[i] * mirror[i];
    norm += mirror[i] * mirror[i];
  }
  assert.ok(20 * Math.log10(Math.abs(sum / norm) + 1e-9) < -60);
});

test("speech up to 9 kHz comes through within half a decibel", () => {
  for (const hertz of [200, 3000, 7000, 9000]) {
    const level = decibels(convert(new Resampler(48000, 24000), sine(48000, hertz, 0.5)), 500);
    assert.ok(Math.abs(level) < 0.5, `${hertz} Hz came through at ${level.toFixed(2)} dB`);
  }
});

test("the size of the blocks changes nothing", () => {
  const input = sine(44100, 440, 0.2);
  const whole = convert(new Resampler(44100, 24000), input, 4096);
  for (const block of [1, 7, 128, 1000]) {
    assert.deepEqual(convert(new Resampler(44100, 24000), input, block), whole);
  }
});

test("inputNeeded is exactly what makes a block, and one sample less is not enough", () => {
  for (const rate of RATES) {
    const resampler = new Resampler(24000, rate);
    const output = new Float32Array(128);
    const blank = new Float32Array(4096);
    for (let block = 0; block < 300; block += 1) {
      const needed = resampler.inputNeeded(128);
      const early = needed > 0 ? resampler.process(blank, needed - 1, output) : 0;
      assert.ok(needed === 0 || early < 128, `${rate} Hz: ${needed - 1} samples made a whole block`);
      assert.equal(early + resampler.process(blank, Math.min(1, needed), output, early), 128, `${rate} Hz`);
    }
  }
});
