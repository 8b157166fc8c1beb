import assert from "node:assert/strict";
import {test} from "node:test";

import {nameOfSound} from "../../static/js/lib/file-names.js";

test("a sound is named after who spoke and when, in the reader's own zone", () => {
  const at = new Date(2026, 10, 3, 4, 5, 6);
  assert.equal(nameOfSound({role: "assistant", spoken_at: at.toISOString()}), "voiceassist-assistant-2026-11-03-04-05-06.wav");
  assert.equal(nameOfSound({role: "user", spoken_at: at.toISOString()}), "voiceassist-user-2026-11-03-04-05-06.wav");
});
