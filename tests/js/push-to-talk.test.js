import assert from "node:assert/strict";
import {test} from "node:test";

import {PushToTalk} from "../../static/js/lib/push-to-talk.js";

const heard = () => {
  const told = [];
  return {told, hold: new PushToTalk((talking) => told.push(talking))};
};

test("the first who holds begins, and only the last who lets go ends", () => {
  const {told, hold} = heard();
  hold.hold("pointer");
  hold.hold("space");
  hold.release("pointer");
  assert.deepEqual(told, [true]);
  assert.equal(hold.talking, true);
  hold.release("space");
  assert.deepEqual(told, [true, false]);
});

test("a key that repeats holds once, and a release of nothing tells nothing", () => {
  const {told, hold} = heard();
  hold.release("space");
  hold.hold("space");
  hold.hold("space");
  hold.release("space");
  hold.release("space");
  assert.deepEqual(told, [true, false]);
});

test("whatever holds, everything can be released at once", () => {
  const {told, hold} = heard();
  hold.hold("pointer");
  hold.hold("key");
  hold.releaseAll();
  hold.releaseAll();
  assert.deepEqual(told, [true, false]);
  assert.equal(hold.talking, false);
});

test("who cannot hold presses twice", () => {
  const {told, hold} = heard();
  hold.toggle("click");
  hold.toggle("click");
  assert.deepEqual(told, [true, false]);
});
