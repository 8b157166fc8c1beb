import assert from "node:assert/strict";
import {test} from "node:test";

import {PlaybackQueue} from "../../static/js/voice/worklets/playback-queue.js";
import {Playback} from "../../static/js/voice/worklets/playback.js";

const RATE = 48000;
const QUANTUM = 128;

/** `ms` of a steady tone as PCM16. */
const speech = (ms) => Int16Array.from({length: ms * 24}, (_, i) => Math.round(12000 * Math.sin((2 * Math.PI * 300 * i) / 24000)));

/** What the device is given in `ms`. */
const render = (playback, ms) => {
  const blocks = [];
  for (let i = 0; i < Math.ceil((ms * RATE) / 1000 / QUANTUM); i += 1) {
    const block = new Float32Array(QUANTUM);
    playback.render(block);
    blocks.push(...block);
  }
  return blocks;
};

const loudest = (samples) => samples.reduce((peak, x) => Math.max(peak, Math.abs(x)), 0);

const steepest = (samples) => samples.slice(1).reduce((worst, x, i) => Math.max(worst, Math.abs(x - samples[i])), 0);

test("every sample of an item is played and counted once", () => {
  const playback = new Playback(RATE);
  playback.append("a", speech(300));
  playback.append("a", speech(200));
  playback.end("a");
  render(playback, 700);
  assert.equal(playback.samplesPlayed, 500 * 24);
  assert.deepEqual(playback.takeFinished(), [{item: "a", played: 500 * 24}]);
  assert.equal(playback.underruns, 0);
  assert.ok(playback.audibleSamples > 0.9 * 500 * 48);
});

test("items follow each other without a gap, and each has a count of its own", () => {
  const queue = new PlaybackQueue(100, 1000);
  queue.append("a", new Int16Array(30));
  queue.append("b", new Int16Array(50));
  queue.read(new Float32Array(40), 40);
  assert.equal(queue.item, "b");
  assert.equal(queue.played, 10);
  assert.deepEqual(queue.takeFinished(), [{item: "a", played: 30}]);
  assert.deepEqual(queue.clear(), [{item: "b", played: 10}]);
  assert.equal(queue.length, 0);
});

test("samples lost to a full queue count as lost and never as played", () => {
  const queue = new PlaybackQueue(10, 10);
  queue.append("a", new Int16Array(14));
  assert.equal(queue.lost, 4);
  queue.read(new Float32Array(20), 20);
  assert.deepEqual(queue.clear(), [{item: "a", played: 10}]);
});

test("it waits for 80 ms of sound before it begins", () => {
  const playback = new Playback(RATE);
  playback.append("a", speech(60));
  assert.equal(loudest(render(playback, 40)), 0);
  playback.append("a", speech(40));
  assert.ok(loudest(render(playback, 40)) > 0.2);
});

test("a short answer that is complete begins at once", () => {
  const playback = new Playback(RATE);
  playback.append("a", speech(40));
  playback.end("a");
  assert.ok(loudest(render(playback, 30)) > 0.2);
});

test("a short answer whose end is not announced begins after 200 ms all the same", () => {
  const playback = new Playback(RATE);
  playback.append("a", speech(40));
  assert.ok(loudest(render(playback, 300)) > 0.2);
});

test("it begins without a click", () => {
  const playback = new Playback(RATE);
  playback.append("a", Int16Array.from({length: 4800}, () => 20000));
  playback.end("a");
  assert.ok(steepest(render(playback, 100)) < 0.02);
});

test("running dry is counted once, clicks not, and makes the next start wait longer", () => {
  const playback = new Playback(RATE);
  playback.append("a", Int16Array.from({length: 2400}, () => 20000));
  const heard = render(playback, 200);
  assert.equal(playback.underruns, 1);
  assert.ok(steepest(heard) < 0.06, `a step of ${steepest(heard)}`);
  playback.append("a", speech(100));
  assert.equal(loudest(render(playback, 20).slice(-500)), 0);
  playback.append("a", speech(40));
  assert.ok(loudest(render(playback, 20)) > 0.1);
});

test("the end of an answer is no underrun", () => {
  const playback = new Playback(RATE);
  playback.append("a", speech(200));
  playback.end("a");
  render(playback, 400);
  assert.equal(playback.underruns, 0);
});

test("a clear is silent within 8 ms, without a click, and tells what was played", () => {
  const playback = new Playback(RATE);
  playback.append("a", speech(5000));
  render(playback, 500);
  const before = playback.samplesPlayed;
  const cut = playback.clear();
  assert.deepEqual(cut, [{item: "a", played: before + 120}]);
  assert.ok(Math.abs(cut[0].played / 24 - 500) < 10);
  const after = render(playback, 60);
  assert.equal(playback.silent, true);
  assert.ok(loudest(after.slice((8 * RATE) / 1000)) < 0.001);
  assert.ok(steepest(after) < 0.05);
});

test("a clear before anything was played counts nothing", () => {
  const playback = new Playback(RATE);
  playback.append("a", speech(50));
  assert.deepEqual(playback.clear(), [{item: "a", played: 0}]);
  assert.equal(loudest(render(playback, 50)), 0);
});

test("what is queued behind a clear is played whole", () => {
  const playback = new Playback(RATE);
  playback.append("a", speech(1000));
  render(playback, 200);
  playback.clear();
  playback.append("b", speech(200));
  playback.end("b");
  render(playback, 400);
  assert.deepEqual(playback.takeFinished(), [{item: "b", played: 200 * 24}]);
});

test("an answer of ten minutes that arrives at once loses nothing", () => {
  const playback = new Playback(RATE);
  for (let i = 0; i < 600; i += 1) {
    playback.append("a", new Int16Array(24000));
  }
  assert.equal(playback.lost, 0);
});
