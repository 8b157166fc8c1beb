import assert from "node:assert/strict";
import {test} from "node:test";

import {heardPart, heardShare} from "../../static/js/voice/transcript/heard-part.js";

test("the heard words end where the server says, the rest is unheard", () => {
  assert.deepEqual(heardPart("One two three.", "One two"), {text: "One two", unheard_text: "three."});
});

test("nothing heard leaves everything unheard", () => {
  assert.deepEqual(heardPart("One two", ""), {text: "", unheard_text: "One two"});
});

test("where the spoken words are written differently, the count of words decides", () => {
  assert.deepEqual(heardPart("It is 5 o'clock now.", "It is five"), {text: "It is five", unheard_text: "o'clock now."});
});

test("by time, the share of the words that was heard is cut back to a whole word", () => {
  const split = (whole, heard, received) => Object.values(heardShare(whole, heard, received));
  assert.deepEqual(split("One two three.", 500, 1000), ["One two", "three."]);
  assert.deepEqual(split("One two three.", 480, 1000), ["One", "two three."]);
  assert.deepEqual(split("One two three.", 1000, 1000), ["One two three.", ""]);
  assert.deepEqual(split("One two three.", 0, 1000), ["", "One two three."]);
  assert.deepEqual(split("One two three.", 0, 0), ["", "One two three."]);
  assert.deepEqual(split("安静にしてください", 500, 1000), ["安静にし", "てください"]);
});
