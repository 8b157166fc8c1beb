import assert from "node:assert/strict";
import {test} from "node:test";

import {isWhole, pairs} from "../../static/js/elements/stored-lines.js";

const shown = (text, dataset = {}) => ({
  dataset: {role: "user", status: "final", message: "", ...dataset},
  querySelector: () => ({textContent: text}),
});

const stored = (message_id, text, fields = {}) => ({message_id, text, role: "user", status: "final", unheard_text: "", ...fields});

test("a stored line that no element shows is found out", () => {
  const hello = shown("hello", {message: "1"});
  const rest = shown("ten meters", {message: "3"});
  const lines = [stored("1", "hello"), stored("2", "go forward"), stored("3", "ten meters")];
  assert.deepEqual(pairs([hello, rest], lines).map(([element]) => element), [hello, null, rest]);
});

test("what is being said gets no words that were said before it", () => {
  const speaking = shown("ten", {status: "partial"});
  const [[element]] = pairs([speaking], [stored("1", "go forward")]);
  assert.equal(element, null);
});

test("what is being said and stored already is not there twice", () => {
  assert.deepEqual(pairs([shown("go for", {status: "partial"})], [stored("1", "go forward")]), []);
});

test("final words of a person keep their own, though their id is not known yet", () => {
  const rest = shown("ten  meters");
  const lines = [stored("1", "go forward"), stored("2", "ten meters")];
  assert.deepEqual(pairs([rest], lines).map(([element]) => element), [null, rest]);
});

test("what waits for its words, and an answer, are matched by their order", () => {
  const waiting = shown("Transcribing", {status: "pending"});
  const answer = shown("You said all of it", {role: "assistant", status: "interrupted"});
  const lines = [stored("1", "go forward"), stored("2", "You said", {role: "assistant", status: "interrupted"})];
  assert.deepEqual(pairs([waiting, answer], lines).map(([element]) => element), [waiting, answer]);
});

test("a turn that was thought lost is known by its words", () => {
  const lost = shown("hello", {status: "unsent"});
  assert.deepEqual(pairs([lost], [stored("1", "hello")]).map(([element]) => element), [lost]);
  assert.deepEqual(pairs([lost], [stored("1", "bye")]).map(([element]) => element), [null]);
});

test("what a page does not show of the beginning of a long conversation is left out", () => {
  const late = shown("late", {message: "2"});
  assert.deepEqual(pairs([late], [stored("1", "early"), stored("2", "late")]).map(([element]) => element), [late]);
});

test("whole is what people or the assistant said, with its words", () => {
  assert.ok(isWhole(stored("1", "hello")));
  assert.ok(isWhole(stored("1", "", {role: "assistant", unheard_text: "all of it"})));
  assert.ok(!isWhole(stored("1", "half", {status: "pending"})));
  assert.ok(!isWhole(stored("1", "", {status: "failed"})));
  assert.ok(!isWhole(stored("1", "{}", {role: "tool"})));
});
