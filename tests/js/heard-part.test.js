import assert from "node:assert/strict";
import {test} from "node:test";

import {heardPart} from "../../static/js/voice/heard-part.js";

test("the heard words end where the server says, the rest is unheard", () => {
  assert.deepEqual(heardPart("One two three.", "One two"), {text: "One two", unheard_text: "three."});
});

test("nothing heard leaves everything unheard", () => {
  assert.deepEqual(heardPart("One two", ""), {text: "", unheard_text: "One two"});
});

test("where the spoken words are written differently, the count of words decides", () => {
  assert.deepEqual(heardPart("It is 5 o'clock now.", "It is five"), {text: "It is five", unheard_text: "o'clock now."});
});
