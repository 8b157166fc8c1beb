import assert from "node:assert/strict";
import {test} from "node:test";

import {FrameBacklog} from "../../static/js/voice/frame-backlog.js";

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
