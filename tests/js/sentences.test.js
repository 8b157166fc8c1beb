import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {test} from "node:test";

import {Notice, sentenceFor, wordFor} from "../../static/js/elements/sentences.js";
import {learn} from "../../static/js/lib/words.js";
import {endOfClose} from "../../static/js/voice/connection/closing.js";
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

test("where the page is in another language its own sentence is told, not the server's English", () => {
  const known = {code: "provider_silent", detail: "The speech provider did not answer. What was said so far is kept; try again.", retryable: true};
  const english = sentenceFor({...known, detail: ""}, {offRecord: true});
  learn({[english]: "Der Sprachdienst schweigt.", "What was said so far is kept.": "Alles bisher Gesagte bleibt."});
  try {
    assert.equal(sentenceFor(known), "Der Sprachdienst schweigt. Alles bisher Gesagte bleibt.");
    assert.equal(sentenceFor(known, {offRecord: true}), "Der Sprachdienst schweigt.");
    assert.equal(sentenceFor({code: "no_such_code", detail: "It broke.", retryable: true}), "It broke.");
    assert.equal(wordFor("speaking"), "Speaking", "what is not in the catalogue stays English");
  } finally {
    learn({});
  }
});

test("the page's own sentences promise what is kept, and off the record they do not", () => {
  const promising = pagesCodes().filter((code) => / What was said so far is kept\.$/.test(sentenceFor({code, detail: "", retryable: true})));
  assert.ok(promising.includes("connection_lost") && promising.includes("internal"));
  assert.ok(!promising.includes("microphone_denied"));
});

test("the server's own sentence is told as it is", () => {
  assert.equal(sentenceFor({code: "idle", detail: "Ten minutes of silence.", retryable: true}), "Ten minutes of silence.");
});

test("of what is gone the page says what to do, where the server says only what happened", () => {
  const told = sentenceFor({code: "conversation_deleted", detail: "This conversation was deleted.", retryable: false});
  assert.match(told, /^This conversation was deleted\. .*new one/);
});

test("a code that is a name of every object is still unknown", () => {
  assert.equal(sentenceFor({code: "constructor", detail: "", retryable: true}), unknown);
});

test("every phase has a word", () => {
  for (const phase of Object.values(Phase)) {
    assert.notEqual(wordFor(phase), "", phase);
  }
});

/** Every sentence that the server may tell a person, as its sources have it. */
const serversSentences = () =>
  ["errors.py", "protocol/endings.py", "protocol/refusals.py"].flatMap((name) => {
    const source = readFileSync(new URL(`../../realtime/${name}`, import.meta.url), "utf8");
    const quoted = (source.match(/"[^"\n]*"/g) || []).map((each) => each.slice(1, -1));
    return quoted.filter((each) => !each.includes("(?")); // a pattern is no sentence
  });

/** Every code for which the page has a sentence of its own. */
const pagesCodes = () => {
  const source = readFileSync(new URL("../../static/js/elements/sentences.js", import.meta.url), "utf8");
  const table = /const SENTENCES = \{([^]+?)\n\};/.exec(source);
  return [...table[1].matchAll(/^ {2}(\w+):/gm)].map(([, code]) => code);
};

test("off the record no sentence says that what was said is kept", () => {
  const promises = serversSentences().filter((sentence) => /is kept/.test(sentence));
  assert.ok(promises.length > 5, "the server does promise it elsewhere");
  for (const detail of promises) {
    const sentence = sentenceFor({code: "internal", detail, retryable: true}, {offRecord: true});
    assert.doesNotMatch(sentence, /kept/, detail);
    assert.doesNotMatch(sentence, / {2}|[;,]$/, detail);
  }
  const codes = pagesCodes();
  assert.ok(codes.length > 30, "every sentence of the page's own is looked at");
  for (const code of [...codes, ...endReasons(), "no_such_code"]) {
    const sentence = sentenceFor({code, detail: "", retryable: true}, {offRecord: true});
    assert.doesNotMatch(sentence, /kept/, code);
    assert.match(sentence, /^[A-Z].*\.$/, code);
  }
});

test("off the record the rest of a sentence stays as it is", () => {
  const told = (detail) => sentenceFor({code: "x", detail, retryable: true}, {offRecord: true});
  assert.equal(told("It broke. What was said so far is kept; try again in a moment."), "It broke. Try again in a moment.");
  assert.equal(told("The server is restarting. Connect again; the conversation is kept."), "The server is restarting. Connect again.");
  assert.equal(told("Try again in a little while; what was said is kept."), "Try again in a little while.");
});

test("going off the record says what it means: nothing kept here, and who hears it all the same", () => {
  assert.match(Notice.OFF_RECORD, /keeps none of what is said/);
  assert.match(Notice.OFF_RECORD, /Whoever answers still hears you/);
});
