import assert from "node:assert/strict";
import {test} from "node:test";

import {RingBuffer} from "../../static/js/voice/worklets/ring-buffer.js";

const pcm = (...samples) => Int16Array.from(samples);

/** The next `count` samples as the integers they were written as. */
const take = (ring, count) => {
  const target = new Float32Array(count);
  const given = ring.read(target, count);
  return Array.from(target.subarray(0, given), (x) => Math.round(x * 32768));
};

test("it gives what it has and says how many that were", () => {
  const ring = new RingBuffer(8, 8);
  ring.write(pcm(1, 2, 3));
  assert.deepEqual(take(ring, 4), [1, 2, 3]);
  ring.write(pcm(4, 5, 6, 7));
  assert.deepEqual(take(ring, 4), [4, 5, 6, 7]);
  assert.deepEqual(take(ring, 4), []);
});

test("when it is full the oldest samples make room, and it says how many were lost", () => {
  const ring = new RingBuffer(4, 4);
  assert.equal(ring.write(pcm(1, 2, 3, 4)), 0);
  assert.equal(ring.write(pcm(5, 6)), 2);
  assert.deepEqual(take(ring, 9), [3, 4, 5, 6]);
});

test("a write longer than the whole store keeps its end", () => {
  const ring = new RingBuffer(4, 4);
  ring.write(pcm(9));
  assert.equal(ring.write(pcm(1, 2, 3, 4, 5, 6)), 3);
  assert.deepEqual(take(ring, 9), [3, 4, 5, 6]);
});

test("it grows up to its limit before it loses anything", () => {
  const ring = new RingBuffer(2, 64);
  ring.write(pcm(1, 2));
  take(ring, 1);
  for (let i = 3; i <= 64; i += 1) {
    assert.equal(ring.write(pcm(i)), 0);
  }
  assert.deepEqual(take(ring, 63), Array.from({length: 63}, (_, i) => i + 2));
});

test("a thousand random writes and reads come out as one unbroken line", () => {
  const ring = new RingBuffer(5, 97);
  let seed = 7;
  const random = (below) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % below;
  };
  let written = 0;
  let expected = 0;
  for (let turn = 0; turn < 1000; turn += 1) {
    const count = random(40);
    expected += ring.write(Int16Array.from({length: count}, (_, i) => (written + i) % 30000));
    written += count;
    for (const sample of take(ring, random(40))) {
      assert.equal(sample, expected % 30000);
      expected += 1;
    }
    assert.equal(ring.length, written - expected);
  }
});
