import assert from "node:assert/strict";
import {test} from "node:test";

import {FrameBacklog} from "../../static/js/voice/sound/frame-backlog.js";

test("what was heard too early is handed over in order, once", () => {
  const backlog = new FrameBacklog(3);
  ["a", "b", "c"].forEach((frame) => backlog.keep(frame));
  const taken = [];
  backlog.drain((frame) => taken.push(frame));
  backlog.drain((frame) => taken.push(frame));
  assert.deepEqual(taken, ["a", "b", "c"]);
});

test("it is bounded: the oldest frame goes first, and that is counted", () => {
  const backlog = new FrameBacklog(2);
  ["a", "b", "c"].forEach((frame) => backlog.keep(frame));
  const taken = [];
  backlog.drain((frame) => taken.push(frame));
  assert.deepEqual([taken, backlog.dropped], [["b", "c"], 1]);
});

test("what was handed over in vain comes first again, and what is forgotten not at all", () => {
  const backlog = new FrameBacklog(3);
  const frames = [1, 2, 3, 4].map((fill) => new Uint8Array(2).fill(fill).buffer);
  backlog.keep(frames[3]);
  backlog.putBack(frames.slice(0, 3));
  const taken = [];
  backlog.drain((frame) => taken.push(new Uint8Array(frame)[0]));
  assert.deepEqual([taken, backlog.dropped], [[2, 3, 4], 1]);
  backlog.keep(frames[0]);
  backlog.forget();
  assert.equal(backlog.length, 0);
});
