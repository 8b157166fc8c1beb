import assert from "node:assert/strict";
import {test} from "node:test";

import {piecesOf} from "../../static/js/lib/search-words.js";

/** The pieces with what is marked in brackets. */
const marked = (text, query) =>
  piecesOf(text, query)
    .map((piece) => (piece.isMatch ? `[${piece.text}]` : piece.text))
    .join("");

test("every word is marked wherever it stands, in any case, also inside another", () => {
  assert.equal(marked("My knee hurts. Knees do.", "KNEE"), "My [knee] hurts. [Knee]s do.");
  assert.equal(marked("tea with lavender", "lavender  tea"), "[tea] with [lavender]");
  assert.equal(marked("ÄRGER mit Öl", "ärger öl"), "[ÄRGER] mit [Öl]");
});

test("of two words that begin alike the longer one is marked whole", () => {
  assert.equal(marked("carpet", "car carpet"), "[carpet]");
});

test("nothing that is looked for is a pattern", () => {
  assert.equal(marked("a.b (c) $5 [x] back\\slash a/b", "(c) $5 [x] .b \\ a/b"), "a[.b] [(c)] [$5] [[x]] back[\\]slash [a/b]");
  assert.equal(marked("abc", "a.c ^ a* .*"), "abc");
});

test("where nothing is looked for nothing is marked, and of nothing there are no pieces", () => {
  assert.deepEqual(piecesOf("Tea", "  "), [{text: "Tea", isMatch: false}]);
  assert.deepEqual(piecesOf("", "tea"), []);
  assert.deepEqual(piecesOf("", ""), []);
});

test("no more words are marked than the server looks for", () => {
  assert.equal(marked("one nine", "1 2 3 4 5 6 7 8 nine"), "one nine");
});
