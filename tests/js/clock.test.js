import assert from "node:assert/strict";
import {test} from "node:test";

import {ageGroup, dayHeading, duration, shortAge, timeOfDay} from "../../static/js/lib/clock.js";
import {learn} from "../../static/js/lib/words.js";

const now = new Date(2026, 10, 20, 10, 42);
const ago = (days, hours = 0) => new Date(2026, 10, 20 - days, 10 - hours, 42);

test("conversations stand under today, this week and earlier, by the calendar", () => {
  assert.deepEqual([ago(0), ago(0, 10), ago(1), ago(6), ago(7)].map((date) => ageGroup(date, now)), [
    "Today",
    "Today",
    "This week",
    "This week",
    "Earlier",
  ]);
});

test("the list tells a time today, a weekday this week and a date before", () => {
  assert.match(shortAge(ago(0), now, "en-GB"), /^10:42$/);
  assert.equal(shortAge(ago(3), now, "en-GB"), "Tue");
  assert.equal(shortAge(ago(20), now, "en-GB"), "31 Oct");
});

test("a time is written as the reader's country writes it", () => {
  const early = new Date(2026, 10, 20, 2, 5);
  assert.equal(timeOfDay(early, "en-GB"), "02:05");
  assert.match(timeOfDay(early, "en-US"), /^2:05\sAM$/);
});

test("the thread names its days", () => {
  assert.equal(dayHeading(ago(0), now, "en-GB"), "Today, 20 November");
  assert.equal(dayHeading(ago(1), now, "en-GB"), "Yesterday, 19 November");
  assert.equal(dayHeading(ago(4), now, "en-GB"), "16 November");
  assert.equal(dayHeading(ago(400), now, "en-GB"), "16 October 2025");
});

test("a duration reads like a clock", () => {
  assert.deepEqual([0, 59999, 134000, 3734000, -5].map(duration), ["00:00", "00:59", "02:14", "1:02:14", "00:00"]);
});

test("headings are told in the language of the page", () => {
  learn({"Today": "Heute", "Today, {day}": "Heute, {day}"});
  try {
    assert.equal(ageGroup(ago(0), now), "Heute");
    assert.equal(dayHeading(ago(0), now, "de-DE"), "Heute, 20. November");
  } finally {
    learn({});
  }
});
