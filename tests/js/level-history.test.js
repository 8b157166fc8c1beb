import assert from "node:assert/strict";
import {test} from "node:test";

import {heightOf, LevelHistory} from "../../static/js/lib/level-history.js";

test("quiet speech is lifted, a still room is a flat line, and nothing is higher than its place", () => {
  assert.ok(heightOf(0.05) > 0.25);
  assert.equal(heightOf(0.001), 0);
  assert.equal(heightOf(1), 1);
  assert.equal(heightOf(-1), 0);
});

test("the newest bar has age 0, and the oldest makes room", () => {
  const history = new LevelHistory(3);
  [0.1, 0.2, 0.3, 0.4].forEach((level) => history.add(level, level / 2));
  assert.deepEqual([0, 1, 2].map((age) => history.assistant(age).toFixed(3)), [0.4, 0.3, 0.2].map((level) => heightOf(level).toFixed(3)));
  assert.deepEqual([0, 1, 2].map((age) => history.user(age).toFixed(3)), [0.2, 0.15, 0.1].map((level) => heightOf(level).toFixed(3)));
});

test("silence is counted since the last sound of either side", () => {
  const history = new LevelHistory(4);
  assert.equal(history.silentBars, 4, "nothing was heard yet");
  history.add(0, 0.3);
  assert.equal(history.silentBars, 0);
  history.add(0, 0);
  history.add(0.0005, 0);
  assert.equal(history.silentBars, 2);
  history.add(0.3, 0);
  history.clear();
  assert.equal(history.silentBars, 4);
  assert.equal(history.assistant(0), 0);
});
