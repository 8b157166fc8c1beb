import assert from "node:assert/strict";
import {mock, test} from "node:test";

import {BackOff} from "../../static/js/voice/connection/back-off.js";
import {Reconnection} from "../../static/js/voice/connection/reconnection.js";

test("pauses double up to a bound, and any share of them may be taken", () => {
  const pauses = (share) => {
    const backOff = new BackOff(() => 0, () => share);
    return Array.from({length: 7}, () => backOff.next());
  };
  assert.deepEqual(pauses(1), [300, 600, 1200, 2400, 4800, 8000, 8000]);
  assert.deepEqual(pauses(0), [0, 0, 0, 0, 0, 0, 0]);
});

test("after a minute it is no longer tried, unless it begins anew", () => {
  let now = 1000;
  const backOff = new BackOff(() => now, () => 0.5);
  now += 59900;
  assert.equal(backOff.next(), null);
  backOff.begin();
  assert.equal(backOff.next(), 150);
});

test("whoever waits for a first connection is told sooner, also when things change meanwhile", () => {
  let now = 1000;
  const backOff = new BackOff(() => now, () => 0.5);
  backOff.begin(10000);
  now += 9900;
  assert.equal(backOff.next(), null);
  backOff.begin();
  now += 9900;
  assert.equal(backOff.next(), null);
  backOff.begin(60000);
  now += 9900;
  assert.equal(backOff.next(), 150);
});

test("what the server asks for is the least, and too much of it is too late", () => {
  const backOff = new BackOff(() => 0, () => 0.5);
  assert.equal(backOff.next(20000), 20000);
  assert.equal(backOff.next(60001), null);
});

test("a try happens once, when it is due, when things change or never", () => {
  mock.timers.enable({apis: ["setTimeout"]});
  let listening = 0;
  let wake = () => {};
  const wakeups = {listen: (act) => ((wake = act), (listening += 1), () => (listening -= 1))};
  try {
    const tried = [];
    const reconnection = new Reconnection({now: () => 0, random: () => 1, wakeups});
    assert.equal(reconnection.schedule(() => tried.push("due")), true);
    mock.timers.tick(299);
    assert.deepEqual(tried, []);
    mock.timers.tick(1);
    wake();
    reconnection.schedule(() => tried.push("woken"));
    wake();
    wake();
    reconnection.schedule(() => tried.push("never"));
    reconnection.cancel();
    wake();
    mock.timers.tick(100000);
    assert.deepEqual([tried, listening], [["due", "woken"], 0]);
  } finally {
    mock.timers.reset();
  }
});
