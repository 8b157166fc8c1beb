import assert from "node:assert/strict";
import {test} from "node:test";

import {FrameAssembler} from "../../static/js/voice/worklets/frame-assembler.js";

/** The frames made of `seconds` of a tone at `rate`. */
const framesOf = (rate, seconds, amplitude = 0.5) => {
  const frames = [];
  const assembler = new FrameAssembler(rate, 960, (frame, level) => frames.push({frame, level}));
  const tone = Float32Array.from({length: rate * seconds}, (_, i) => amplitude * Math.sin((2 * Math.PI * 500 * i) / rate));
  for (let at = 0; at < tone.length; at += 128) {
    assembler.push(tone.subarray(at, at + 128));
  }
  return frames;
};

for (const rate of [16000, 44100, 48000]) {
  test(`a second at ${rate} Hz becomes 25 frames of 960 samples`, () => {
    const frames = framesOf(rate, 1.02);
    assert.equal(frames.length, 25);
    assert.ok(frames.every(({frame}) => frame.length === 960 && frame.byteLength === 1920));
  });
}

test("the level is the frame's RMS", () => {
  const {level} = framesOf(48000, 0.5)[5];
  assert.ok(Math.abs(level - 0.5 / Math.SQRT2) < 0.01);
});

test("an overdriven microphone is clipped, not wrapped around", () => {
  const {frame} = framesOf(48000, 0.5, 3)[5];
  assert.equal(Math.max(...frame), 32767);
  assert.equal(Math.min(...frame), -32767);
  // A wrapped sample would jump from one end of the scale to the other.
  assert.ok(frame.every((sample, i) => i === 0 || Math.abs(sample - frame[i - 1]) < 40000));
});

test("frames are buffers of their own, so that one can be given away", () => {
  const frames = framesOf(48000, 0.2);
  assert.notEqual(frames[0].frame.buffer, frames[1].frame.buffer);
});
