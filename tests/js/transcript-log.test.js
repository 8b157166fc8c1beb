import assert from "node:assert/strict";
import {test} from "node:test";

import {TranscriptLog} from "../../static/js/voice/transcript/transcript-log.js";

const clock = () => new Date("2026-01-02T03:04:05Z");

/** A log that has taken `events`. */
const logOf = (...events) => {
  const log = new TranscriptLog(clock);
  events.forEach((event) => log.apply(event));
  return log;
};

const told = (log) => log.lines.map(({item_id, role, status, text, unheard_text}) => [item_id, role, status, text, unheard_text]);

const committed = (item_id, previous_item_id = null) => ({type: "input_audio_buffer.committed", item_id, previous_item_id});
const userAdded = (id, previous_item_id = null, type = "input_audio") => ({
  type: "conversation.item.added",
  previous_item_id,
  item: {id, type: "message", role: "user", content: [{type, transcript: null}]},
});
const heard = (item_id, transcript) => ({type: "conversation.item.input_audio_transcription.completed", item_id, transcript});
const partly = (item_id, delta) => ({type: "conversation.item.input_audio_transcription.delta", item_id, delta});
const assistant = (id, status = "in_progress") => ({id, type: "message", role: "assistant", status, content: []});
const spoken = (id, text, previous = null) => [
  {type: "response.output_item.added", item: assistant(id)},
  {type: "conversation.item.added", item: assistant(id), previous_item_id: previous},
  {type: "response.content_part.added", item_id: id, part: {type: "audio"}},
  {type: "response.output_audio_transcript.delta", item_id: id, delta: text.slice(0, 3)},
  {type: "response.output_audio_transcript.delta", item_id: id, delta: text.slice(3)},
  {type: "response.output_audio_transcript.done", item_id: id, transcript: text},
];
const done = (id, status = "completed") => ({type: "response.output_item.done", item: assistant(id, status)});

test("a spoken turn holds its place until its words land, even behind the answer", () => {
  const log = logOf(committed("u"), userAdded("u"), ...spoken("a", "Hello there", "u"), done("a"));
  assert.deepEqual(told(log), [
    ["u", "user", "pending", "", ""],
    ["a", "assistant", "final", "Hello there", ""],
  ]);
  log.apply(partly("u", " Good"));
  log.apply(partly("u", " morning"));
  assert.equal(log.line("u").text, "Good morning");
  log.apply(heard("u", "Good morning."));
  assert.deepEqual(told(log)[0], ["u", "user", "final", "Good morning.", ""]);
});

test("words that come before their item exists are kept", () => {
  const log = logOf(partly("u", " so"), partly("u", " early"), committed("u"), heard("u", "so early"));
  assert.deepEqual(told(log), [["u", "user", "final", "so early", ""]]);
});

test("a committed turn is put behind the item it follows", () => {
  const log = logOf(...spoken("a", "One"), ...spoken("b", "Two"), committed("u", "a"));
  assert.deepEqual(log.lines.map((line) => line.item_id), ["a", "u", "b"]);
});

test("noise without words leaves no line", () => {
  assert.deepEqual(told(logOf(committed("u"), heard("u", "  "))), []);
});

test("a failed transcription says so and keeps its place", () => {
  const log = logOf(committed("u"), {type: "conversation.item.input_audio_transcription.failed", item_id: "u"});
  assert.equal(log.line("u").status, "failed");
  assert.equal(log.line("u").is_final, true);
});

test("an idle timeout is nobody's turn", () => {
  const log = logOf({type: "input_audio_buffer.timeout_triggered", item_id: "u"}, committed("u"), heard("u", "ghost"));
  assert.deepEqual(told(log), []);
});

test("a typed turn shows at once and stays one line when the server confirms it", () => {
  const log = new TranscriptLog(clock);
  log.typed("item_x", "Hello");
  log.apply(userAdded("item_x", null, "input_text"));
  assert.deepEqual(told(log), [["item_x", "user", "final", "Hello", ""]]);
});

test("a typed turn that the server names anew is still one line in its place", () => {
  const log = new TranscriptLog(clock);
  log.typed("ours", "First");
  log.typed("ours2", "Second");
  log.apply(userAdded("theirs", null, "input_text"));
  assert.deepEqual(log.lines.map((line) => [line.item_id, line.text]), [
    ["theirs", "First"],
    ["ours2", "Second"],
  ]);
});

test("a typed turn that was never confirmed is marked, and sent again it is a turn once more", () => {
  const log = new TranscriptLog(clock);
  log.typed("x", "Hello");
  log.unsent();
  assert.equal(log.line("x").status, "unsent");
  assert.equal(log.line("x").is_final, false);
  log.typed("x", "Hello");
  assert.deepEqual(told(log), [["x", "user", "final", "Hello", ""]]);
});

test("an interrupted answer is split where the server says it was heard", () => {
  const log = logOf(...spoken("a", "One two three four"), done("a"), {
    type: "conversation.item.truncated",
    item_id: "a",
    audio_end_ms: 600,
    transcript: "One two",
  });
  assert.deepEqual(told(log), [["a", "assistant", "interrupted", "One two", "three four"]]);
});

test("words of an interrupted answer that come late are not counted as heard", () => {
  const log = logOf(
    ...spoken("a", "One two three"),
    {type: "conversation.item.truncated", item_id: "a", audio_end_ms: 600, transcript: "One"},
    {type: "response.output_audio_transcript.done", item_id: "a", transcript: "One two three"},
    done("a", "incomplete"),
  );
  assert.deepEqual(told(log), [["a", "assistant", "interrupted", "One", "two three"]]);
});

test("what the server stored of an interrupted answer has the last word", () => {
  const log = logOf(
    ...spoken("a", "One two three"),
    {type: "conversation.item.truncated", item_id: "a", audio_end_ms: 600},
    {type: "voiceassist.message.saved", item_id: "a", message_id: "m1", position: 3, status: "interrupted", text: "One two", unheard_text: "three"},
  );
  assert.deepEqual(told(log), [["a", "assistant", "interrupted", "One two", "three"]]);
  assert.equal(log.line("a").message_id, "m1");
});

test("a saving from before an interruption that is told after it undoes nothing", () => {
  const saved = (status, text, unheard_text) => ({type: "voiceassist.message.saved", item_id: "a", message_id: "m1", position: 1, status, text, unheard_text});
  const log = logOf(
    ...spoken("a", "One two three"),
    done("a"),
    {type: "conversation.item.truncated", item_id: "a", audio_end_ms: 600, transcript: "One"},
    saved("final", "One two three", ""),
  );
  assert.deepEqual(told(log), [["a", "assistant", "interrupted", "One", "two three"]]);
  log.apply(saved("interrupted", "One two", "three"));
  assert.deepEqual(told(log), [["a", "assistant", "interrupted", "One two", "three"]]);
});

test("an answer that was stored whole can still be interrupted while it is played", () => {
  const log = logOf(
    ...spoken("a", "One two three"),
    done("a"),
    {type: "voiceassist.message.saved", item_id: "a", message_id: "m1", position: 1, status: "final", text: "One two three", unheard_text: ""},
    {type: "conversation.item.truncated", item_id: "a", audio_end_ms: 600, transcript: "One"},
  );
  assert.deepEqual(told(log), [["a", "assistant", "interrupted", "One", "two three"]]);
});

test("a saved pending turn stays open for its words", () => {
  const log = logOf(committed("u"), {type: "voiceassist.message.saved", item_id: "u", message_id: "m1", position: 0, status: "pending"});
  assert.equal(log.line("u").status, "pending");
  log.apply(heard("u", "Late words"));
  assert.equal(log.line("u").text, "Late words");
});

test("an answer that was cancelled before its first word leaves no line", () => {
  const log = logOf({type: "response.output_item.added", item: assistant("a")}, done("a", "incomplete"));
  assert.deepEqual(told(log), []);
});

test("when the session is over an unfinished answer is interrupted and an unfinished turn is pending", () => {
  const log = logOf(partly("u", "half"), ...spoken("a", "Half an answer"));
  log.settle();
  assert.deepEqual(log.lines.map((line) => line.status), ["pending", "interrupted"]);
});

test("system items and tool calls are no lines", () => {
  const log = logOf(
    {type: "conversation.item.added", item: {id: "s", type: "message", role: "system", content: [{type: "input_text"}]}},
    {type: "response.output_item.added", item: {id: "f", type: "function_call"}},
  );
  assert.deepEqual(told(log), []);
});

test("every change says before which line it belongs, and nothing is told twice", () => {
  const log = new TranscriptLog(clock);
  assert.deepEqual(log.typed("x", "Hello").map(({kind, before}) => [kind, before]), [["placed", ""]]);
  const changes = log.apply({type: "response.output_item.added", item: assistant("a")});
  assert.deepEqual(changes.map(({kind, line, before}) => [kind, line.item_id, before]), [["placed", "a", ""]]);
  assert.equal(log.apply(committed("u", "x"))[0].before, "a");
  log.apply({type: "response.output_text.done", item_id: "a", text: "Hi"});
  assert.deepEqual(log.apply({type: "response.output_text.done", item_id: "a", text: "Hi"}), []);
});

test("lines are frozen: nobody can change what was said from outside", () => {
  const log = logOf(committed("u"));
  assert.throws(() => {
    "use strict";
    log.line("u").text = "other";
  }, TypeError);
});

const speaks = (item_id) => ({type: "input_audio_buffer.speech_started", item_id});
const saved = (item_id, status, text, more = {}) => ({
  type: "voiceassist.message.saved", item_id, message_id: `m-${item_id}`, position: 0, status, text, unheard_text: "", ...more,
});

test("somebody who speaks has a place from the first sound, and it is replaced in place", () => {
  const log = logOf(...spoken("a", "One"), done("a"), speaks("u"));
  assert.deepEqual(told(log)[1], ["u", "user", "partial", "", ""]);
  log.apply(committed("u", "a"));
  assert.deepEqual(told(log)[1], ["u", "user", "pending", "", ""]);
  log.apply(heard("u", "Hello"));
  assert.deepEqual(told(log)[1], ["u", "user", "final", "Hello", ""]);
  assert.equal(log.lines.length, 2);
});

test("a turn that is committed under another name than it was begun with is one turn", () => {
  assert.deepEqual(told(logOf(speaks("first"), committed("second"))), [["second", "user", "pending", "", ""]]);
});

for (const [what, ...events] of [
  ["is cleared", {type: "input_audio_buffer.cleared"}],
  ["begins anew", speaks("v"), {type: "input_audio_buffer.cleared"}],
  ["turns out to be an idle timeout", {type: "input_audio_buffer.timeout_triggered", item_id: "u"}, committed("u")],
  ["is deleted, to be said again to another server", committed("u"), {type: "conversation.item.deleted", item_id: "u"}],
]) {
  test(`what was being said and ${what} leaves no line`, () => {
    assert.deepEqual(told(logOf(speaks("u"), ...events)), []);
  });
}

test("what was being said when the assistant was lost gives way to its second telling", () => {
  const log = logOf(speaks("u"));
  log.beginLife();
  log.apply(speaks("v"));
  log.apply(committed("v"));
  log.apply(heard("v", "Said again"));
  assert.deepEqual(told(log), [["v", "user", "final", "Said again", ""]]);
});

test("a failed transcription that is told before its turn keeps its place all the same", () => {
  const log = logOf({type: "conversation.item.input_audio_transcription.failed", item_id: "u"}, committed("u"));
  assert.deepEqual(told(log), [["u", "user", "failed", "", ""]]);
});

test("an answer whose response failed is closed as interrupted though nobody closed its item", () => {
  const began = (id, response_id) => ({type: "response.output_item.added", response_id, item: assistant(id)});
  const log = logOf(
    began("a", "r1"),
    {type: "response.output_text.delta", item_id: "a", delta: "Half an"},
    began("b", "r1"),
    {type: "response.done", response: {id: "r1", status: "failed", output: []}},
  );
  assert.deepEqual(told(log), [["a", "assistant", "interrupted", "Half an", ""]]);
  assert.deepEqual([log.hasWordsOf("r1"), log.hasWordsOf("r2")], [true, false]);
});

test("the end of one response leaves the answer of another open", () => {
  const log = logOf(
    {type: "response.output_item.added", response_id: "r2", item: assistant("a")},
    {type: "response.output_text.delta", item_id: "a", delta: "Half"},
    {type: "response.done", response: {id: "r1", status: "failed"}},
  );
  assert.equal(log.line("a").status, "partial");
});

test("late words fill their line in place", () => {
  const log = logOf(committed("u"), ...spoken("a", "Answer", "u"), saved("u", "pending", ""), saved("u", "final", "Late words"));
  assert.deepEqual(told(log)[0], ["u", "user", "final", "Late words", ""]);
});

test("a turn that is stored as failed says so in its place", () => {
  const log = logOf(committed("u"), saved("u", "pending", ""), saved("u", "failed", ""));
  assert.deepEqual(told(log), [["u", "user", "failed", "", ""]]);
});

test("a turn that is stored as empty is shown to nobody", () => {
  assert.deepEqual(told(logOf(committed("u"), saved("u", "final", ""))), []);
});

test("an interrupted answer of which nothing was heard keeps its line", () => {
  const log = logOf(...spoken("a", "All of it"), saved("a", "interrupted", "", {unheard_text: "All of it"}));
  assert.deepEqual(told(log), [["a", "assistant", "interrupted", "", "All of it"]]);
});

test("a typed turn that is announced once more confirms no other one", () => {
  const log = new TranscriptLog(clock);
  log.typed("x", "First");
  log.apply(userAdded("x", null, "input_text"));
  log.typed("y", "Second");
  log.apply(userAdded("x", null, "input_text"));
  assert.deepEqual(log.lines.map((line) => [line.item_id, line.text]), [["x", "First"], ["y", "Second"]]);
  log.unsent();
  assert.equal(log.line("y").status, "unsent");
});

test("a typed turn that was stored has reached the server, confirmed or not", () => {
  const log = new TranscriptLog(clock);
  log.typed("x", "Hello");
  log.apply(saved("x", "final", "Hello"));
  log.unsent();
  assert.equal(log.line("x").status, "final");
});

test("another upstream may use the name of an earlier item for something else", () => {
  const log = logOf(committed("item_1"), heard("item_1", "First"), ...spoken("item_2", "Answer"), done("item_2"));
  log.apply({type: "conversation.item.truncated", item_id: "item_2", transcript: "Ans"});
  log.beginLife();
  [committed("item_1"), heard("item_1", "Second"), ...spoken("item_2", "Another"), done("item_2")].forEach((event) => log.apply(event));
  assert.deepEqual(log.lines.map(({role, text, status}) => [role, text, status]), [
    ["user", "First", "final"],
    ["assistant", "Ans", "interrupted"],
    ["user", "Second", "final"],
    ["assistant", "Another", "final"],
  ]);
});

test("what is said off the record is marked, and can be let go of", () => {
  const log = logOf(committed("u"), heard("u", "Kept"));
  log.offRecord = true;
  log.typed("x", "Not kept");
  spoken("a", "Neither").forEach((event) => log.apply(event));
  assert.deepEqual(log.lines.map((line) => line.off_record), [false, true, true]);
  assert.deepEqual(log.forget().map(({kind, line}) => [kind, line.item_id]), [["removed", "x"], ["removed", "a"]]);
  assert.deepEqual(log.lines.map((line) => line.text), ["Kept"]);
});

test("off the record nobody brings the words of a turn later, so the end settles it", () => {
  const log = new TranscriptLog(clock);
  log.offRecord = true;
  [committed("u"), partly("v", "half")].forEach((event) => log.apply(event));
  log.settle();
  assert.deepEqual(log.lines.map((line) => [line.status, line.text]), [["failed", ""], ["final", "half"]]);
});

test("a sound that was no turn yet when the session ended is none", () => {
  const log = logOf(speaks("u"));
  log.settle();
  assert.deepEqual(told(log), []);
});

test("what was heard is reckoned until the server tells it", () => {
  const log = logOf(...spoken("a", "One two three four"));
  log.cut("a", 500, 1000);
  assert.deepEqual(told(log), [["a", "assistant", "interrupted", "One two", "three four"]]);
  log.apply({type: "response.output_audio_transcript.delta", item_id: "a", delta: " five"});
  assert.deepEqual(told(log)[0].slice(3), ["One two", "three four five"]);
  log.apply({type: "conversation.item.truncated", item_id: "a"});
  assert.deepEqual(told(log)[0].slice(3), ["One two", "three four five"]);
  log.apply({type: "conversation.item.truncated", item_id: "a", transcript: "One two three"});
  assert.deepEqual(told(log)[0].slice(3), ["One two three", "four five"]);
  log.cut("a", 0, 1000);
  assert.deepEqual(told(log)[0].slice(3), ["One two three", "four five"]);
});

test("what the server has stored of an answer takes the place of what was reckoned", () => {
  const log = logOf(...spoken("a", "One two three four"));
  log.cut("a", 500, 1000);
  log.apply(saved("a", "interrupted", "One", {unheard_text: "two three four"}));
  log.apply({type: "response.output_audio_transcript.done", item_id: "a", transcript: "One two three four"});
  assert.deepEqual(told(log), [["a", "assistant", "interrupted", "One", "two three four"]]);
});
