import assert from "node:assert/strict";
import {test} from "node:test";

import {FrameBatch} from "../../static/js/lib/frame-batch.js";

/** A batch whose frames come when the test says so. */
const batchOf = () => {
  const shown = [];
  const frames = [];
  const batch = new FrameBatch(
    (key, value) => shown.push([key, value]),
    (work) => {
      const frame = {work, calledOff: false};
      frames.push(frame);
      return () => (frame.calledOff = true);
    },
  );
  return {batch, shown, frames};
};

test("of many changes in one frame the last of each key is shown, once", () => {
  const {batch, shown, frames} = batchOf();
  batch.put("a", 1);
  batch.put("b", 1);
  batch.put("a", 2);
  assert.deepEqual(shown, []);
  assert.equal(frames.length, 1);
  frames[0].work();
  assert.deepEqual(shown, [["a", 2], ["b", 1]]);
});

test("every frame with changes is asked for anew", () => {
  const {batch, shown, frames} = batchOf();
  batch.put("a", 1);
  frames[0].work();
  batch.put("a", 2);
  assert.equal(frames.length, 2);
  frames[1].work();
  assert.deepEqual(shown, [["a", 1], ["a", 2]]);
});

test("what is dropped is never shown", () => {
  const {batch, shown, frames} = batchOf();
  batch.put("a", 1);
  batch.put("b", 1);
  batch.drop("a");
  frames[0].work();
  assert.deepEqual(shown, [["b", 1]]);
});

test("a flush shows at once and calls the frame off", () => {
  const {batch, shown, frames} = batchOf();
  batch.put("a", 1);
  batch.flush();
  assert.deepEqual(shown, [["a", 1]]);
  assert.equal(frames[0].calledOff, true);
  batch.flush();
  assert.equal(shown.length, 1, "nothing waits any more");
});
