import assert from "node:assert/strict";
import {test} from "node:test";

import {ReplayMemory} from "../../static/js/voice/sound/replay-memory.js";

const at = (limits = {}) => {
  const time = {now: 0};
  const memory = new ReplayMemory({seconds: 600, bytes: 1000, clock: () => time.now, ...limits});
  return {memory, time};
};

const pcm = (bytes) => new ArrayBuffer(bytes);

/** Keep a whole sound. */
const say = (memory, item, bytes) => {
  memory.keep(item, pcm(bytes));
  memory.finish(item);
};

test("a sound can be asked for once it is whole, as a file", async () => {
  const {memory} = at();
  memory.keep("a", Int16Array.of(5, 6).buffer);
  memory.keep("a", Int16Array.of(7).buffer);
  assert.deepEqual([memory.has("a"), memory.wav("a")], [false, null]);
  assert.equal(memory.finish("a"), true);
  const wav = memory.wav("a");
  assert.equal(wav.type, "audio/wav");
  assert.deepEqual([...new Int16Array((await wav.arrayBuffer()).slice(44))], [5, 6, 7]);
});

test("of what was never kept there is nothing", () => {
  const {memory} = at();
  assert.deepEqual([memory.finish("a"), memory.has("a"), memory.wav("a"), memory.forget("a")], [false, false, null, false]);
});

test("what is ten minutes old is gone, and says beforehand when", () => {
  const {memory, time} = at();
  assert.equal(memory.nextTidy, null);
  say(memory, "a", 10);
  time.now = 200000;
  say(memory, "b", 10);
  assert.equal(memory.nextTidy, 400000);
  time.now = 600000;
  assert.equal(memory.has("a"), false, "also before anybody tidies");
  assert.equal(memory.tidy(), true);
  assert.deepEqual([memory.has("b"), memory.bytes, memory.tidy()], [true, 10, false]);
});

test("when it is too much, the oldest go until it is not", () => {
  const {memory, time} = at();
  ["a", "b", "c"].forEach((item) => {
    time.now += 1000;
    say(memory, item, 400);
  });
  assert.equal(memory.tidy(), true);
  assert.deepEqual(["a", "b", "c"].map((item) => memory.has(item)), [false, true, true]);
  assert.equal(memory.bytes, 800);
});

test("what is added to last is the youngest", () => {
  const {memory} = at();
  memory.keep("a", pcm(400));
  memory.keep("b", pcm(400));
  memory.keep("a", pcm(400));
  memory.tidy();
  memory.finish("a");
  assert.deepEqual([memory.has("a"), memory.finish("b")], [true, false]);
});

test("forgetting frees the room, renaming keeps sound and age", () => {
  const {memory, time} = at();
  say(memory, "a", 100);
  time.now = 5000;
  say(memory, "b", 100);
  memory.rename("a", "a~0");
  assert.deepEqual([memory.has("a"), memory.has("a~0"), memory.nextTidy], [false, true, 595000]);
  assert.equal(memory.forget("a~0"), true);
  assert.equal(memory.bytes, 100);
  memory.clear();
  assert.deepEqual([memory.bytes, memory.has("b")], [0, false]);
});
