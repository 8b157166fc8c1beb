import assert from "node:assert/strict";
import {test} from "node:test";

import {count, money, seconds} from "../../static/js/lib/figures.js";

test("money is told to the cent, and below a cent to the first figure that says something", () => {
  const told = [0, 0.00043, 0.0123, 1.5, 1234.5].map((amount) => money(amount, "USD", "en-US"));
  assert.deepEqual(told, ["$0.00", "$0.0004", "$0.01", "$1.50", "$1,234.50"]);
});

test("figures are written as the reader writes them", () => {
  assert.deepEqual([count(1234567, "en-US"), count(1234567, "de-DE")], ["1,234,567", "1.234.567"]);
  assert.equal(money(1234.5, "EUR", "de-DE"), "1.234,50\u00a0€");
});

test("seconds become minutes", () => {
  assert.deepEqual([seconds(0.4), seconds(59), seconds(75.2)], ["1 s", "59 s", "1 min 16 s"]);
});
