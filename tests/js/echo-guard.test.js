import assert from "node:assert/strict";
import {test} from "node:test";

import {EchoGuard} from "../../static/js/voice/sound/echo-guard.js";

const guarding = (on = true) => {
  const time = {now: 1000};
  const guard = new EchoGuard(() => time.now);
  guard.on = on;
  return {guard, time};
};

test("while the assistant is audible, and 200 ms after, the microphone is silent", () => {
  const {guard, time} = guarding();
  assert.equal(guard.silences(false), false);
  assert.equal(guard.silences(true), true);
  time.now = 5000;
  assert.equal(guard.silences(true), true);
  time.now = 5199;
  assert.equal(guard.silences(false), true);
  time.now = 5200;
  assert.equal(guard.silences(false), false);
});

test("what a slow loudspeaker still has to say counts as audible", () => {
  const {guard, time} = guarding();
  guard.silences(true, 150);
  time.now += 349;
  assert.equal(guard.silences(false, 150), true);
  time.now += 1;
  assert.equal(guard.silences(false, 150), false);
});

test("switched off it silences nothing, and switched on in the middle it does at once", () => {
  const {guard, time} = guarding(false);
  assert.equal(guard.silences(true), false);
  time.now += 100;
  guard.on = true;
  assert.equal(guard.silences(false), true, "the assistant was audible a tenth of a second ago");
});
