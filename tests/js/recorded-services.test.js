import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {test} from "node:test";

import {initialState, phaseOf, reduce} from "../../static/js/voice/session-state.js";
import {TranscriptLog} from "../../static/js/voice/transcript/transcript-log.js";
import {Local} from "../../static/js/voice/vocabulary.js";

/** The frames of one recording. */
const recorded = (name) => {
  const file = new URL(`../fixtures/traces/${name}.jsonl`, import.meta.url);
  return readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line));
};

/** What a real service sent in one recording, replayed into the log and the state. */
const replay = (name) => {
  const frames = recorded(name);
  const log = new TranscriptLog();
  const phases = [];
  let state = reduce(initialState(""), {type: Local.CONNECTING});
  for (const [number, {from, event}] of frames.entries()) {
    if (from === "server") {
      log.apply(event);
      state = reduce(state, event);
      if (phaseOf(state) !== phases[phases.length - 1]) {
        phases.push(phaseOf(state));
      }
    } else if (event.type === "conversation.item.create" && event.item.role === "user") {
      log.typed(event.item.id || `ours-${number}`, event.item.content[0].text);
    }
  }
  return {lines: log.lines.map(({role, modality, status, text}) => ({role, modality, status, text})), phases, frames};
};

/** The last thing the service itself said about a text, straight from the recording. */
const said = (frames, type, field) => frames.filter(({event}) => event.type === type).map(({event}) => event[field].trim());

for (const name of ["openai-spoken-turn", "azure-spoken-turn"]) {
  test(`${name}: both sides stand in spoken order with the words the service ended on`, () => {
    const {lines, frames} = replay(name);
    assert.deepEqual(lines.map(({role, modality, status}) => [role, modality, status]), [
      ["user", "audio", lines[0].status],
      ["assistant", "audio", "final"],
    ]);
    const heard = said(frames, "conversation.item.input_audio_transcription.completed", "transcript");
    // Without a transcription model the service says nothing of the person's words, or that it failed.
    assert.equal(lines[0].status, heard.length ? "final" : "failed");
    assert.equal(lines[0].text, heard.length ? heard[0] : "");
    assert.equal(lines[1].text, said(frames, "response.output_audio_transcript.done", "transcript")[0]);
  });

  test(`${name}: the phases are those of a spoken turn`, () => {
    assert.deepEqual(replay(name).phases, ["listening", "hearing", "listening", "thinking", "listening"]);
  });
}

test("openai-typed-turn-spoken-answer: one typed line, one spoken one", () => {
  const {lines, frames} = replay("openai-typed-turn-spoken-answer");
  assert.deepEqual(lines.map(({role, modality, status}) => [role, modality, status]), [
    ["user", "text", "final"],
    ["assistant", "audio", "final"],
  ]);
  assert.equal(lines[1].text, said(frames, "response.output_audio_transcript.done", "transcript")[0]);
});

test("openai-tool-call: a tool call is no line of the conversation", () => {
  const {lines} = replay("openai-tool-call");
  assert.ok(lines.every(({role, text}) => (role === "user" || role === "assistant") && text));
});

test("openai-history-seeded: a history that a client seeds is typed turns, and its own copies of answers are no answers", () => {
  const {lines, frames} = replay("openai-history-seeded");
  const created = frames.filter(({from, event}) => from === "client" && event.type === "conversation.item.create");
  const written = created.map(({event}) => event.item).filter(({role}) => role === "user").map(({content}) => content[0].text);
  assert.deepEqual(lines.filter(({role}) => role === "user").map(({text}) => text), written);
  const answers = frames.filter(({event}) => event.type === "response.output_item.done" && event.item.role === "assistant");
  assert.equal(lines.filter(({role}) => role === "assistant").length, answers.length);
});

/** How the server ends what an upstream left open, as it is seen here. */
const lossOf = (itemId, responseId) => [
  {type: "response.output_item.done", response_id: responseId, item: {id: itemId, type: "message", role: "assistant", status: "incomplete"}},
  {type: "response.done", response: {id: responseId, status: "failed", status_details: {type: "failed", error: {code: "provider_lost"}}}},
  {type: "voiceassist.reconnecting", reason: "lost", attempt: 1},
];

for (const again of ["azure-spoken-turn", "openai-spoken-turn"]) {
  test(`openai-spoken-turn broken off at every frame, then ${again}: nothing is doubled and the second talk is whole`, () => {
    const events = (name) => recorded(name).filter(({from}) => from === "server").map(({event}) => event);
    const [before, after] = [events("openai-spoken-turn"), events(again)];
    const whole = replay(again).lines;
    for (let end = 1; end < before.length; end += 1) {
      const log = new TranscriptLog();
      let state = reduce(initialState(""), {type: Local.CONNECTING});
      const take = (event) => {
        log.apply(event);
        state = reduce(state, event);
      };
      before.slice(0, end).forEach(take);
      const told = before.slice(0, end);
      const answer = told.find(({type, item}) => type === "response.output_item.added" && item.role === "assistant");
      const isOver = told.some(({type}) => type === "response.done");
      const turn = told.find(({type}) => type === "input_audio_buffer.committed");
      const isHeard = told.some(({type}) => type === "conversation.item.input_audio_transcription.completed");
      const closing = answer && !isOver ? lossOf(answer.item.id, answer.response_id) : lossOf("", "").slice(2);
      // A turn of which no word had come is said again, and taken back here.
      const deleted = turn && !isHeard ? [{type: "conversation.item.deleted", item_id: turn.item_id}] : [];
      [...closing, ...deleted].forEach(take);
      log.beginLife();
      take({type: "voiceassist.reconnected", seconds: 0.3});
      after.slice(1).forEach(take);
      const lines = log.lines.map(({role, modality, status, text}) => ({role, modality, status, text}));
      assert.deepEqual(lines.slice(-whole.length), whole, `broken off after ${end} frames`);
      const rest = lines.slice(0, -whole.length);
      assert.ok(rest.every(({text, status}) => text && (status === "final" || status === "interrupted")), `${end}: ${JSON.stringify(rest)}`);
      assert.equal(new Set(log.lines.map((line) => line.item_id)).size, log.lines.length);
      assert.equal(phaseOf(state), "listening", `broken off after ${end} frames`);
    }
  });
}
