import assert from "node:assert/strict";
import {test} from "node:test";

import {SoundPulse} from "../../static/js/voice/sound/sound-pulse.js";

const looks = (pulse, ...contexts) => contexts.map(([state, currentTime]) => pulse.look({state, currentTime}));

test("a context that runs is fine, and one that just begins has its time", () => {
  const pulse = new SoundPulse();
  assert.deepEqual(looks(pulse, ["suspended", 0], ["suspended", 0], ["running", 0.1], ["running", 0.6]), [
    false,
    false,
    false,
    false,
  ]);
});

test("one that is suspended or interrupted for three looks stands still, until it runs", () => {
  const pulse = new SoundPulse();
  assert.deepEqual(
    looks(pulse, ["running", 1], ["suspended", 1], ["interrupted", 1], ["interrupted", 1], ["running", 1.5]),
    [false, false, false, true, false],
  );
});

test("a clock that is frozen while it says that it runs stands still", () => {
  const pulse = new SoundPulse();
  assert.deepEqual(looks(pulse, ["running", 2], ["running", 2], ["running", 2], ["running", 2]), [false, false, false, true]);
  pulse.reset();
  assert.equal(pulse.look({state: "running", currentTime: 2}), false);
});
