import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {test} from "node:test";

import {sentenceFor, wordFor} from "../../static/js/elements/sentences.js";
import {endOfClose} from "../../static/js/voice/closing.js";
import {Phase} from "../../static/js/voice/vocabulary.js";

const unknown = sentenceFor({code: "no_such_code", detail: "", retryable: true});

/** What the server may give as the reason of an end. */
const endReasons = () => {
  const source = readFileSync(new URL("../../realtime/errors.py", import.meta.url), "utf8");
  const list = /EndReason = Literal\[([^\]]+)\]/.exec(source);
  return list[1].match(/"(\w+)"/g).map((quoted) => quoted.slice(1, -1));
};

test("every end reason of the server but the person's own has a sentence", () => {
  const silent = endReasons().filter((code) => sentenceFor({code, detail: "", retryable: true}) === unknown);
  assert.deepEqual(silent, ["client"]);
});

test("every close code leads to a sentence", () => {
  for (let code = 1000; code < 4600; code += 1) {
    assert.notEqual(sentenceFor(endOfClose(code)), unknown, String(code));
  }
});

test("the server's own sentence is told as it is", () => {
  assert.equal(sentenceFor({code: "idle", detail: "Ten minutes of silence.", retryable: true}), "Ten minutes of silence.");
});

test("a code that is a name of every object is still unknown", () => {
  assert.equal(sentenceFor({code: "constructor", detail: "", retryable: true}), unknown);
});

test("every phase has a word", () => {
  for (const phase of Object.values(Phase)) {
    assert.notEqual(wordFor(phase), "", phase);
  }
});
