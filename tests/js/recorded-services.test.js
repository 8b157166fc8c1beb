import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {test} from "node:test";

import {initialState, phaseOf, reduce} from "../../static/js/voice/session-state.js";
import {TranscriptLog} from "../../static/js/voice/transcript-log.js";
import {Local} from "../../static/js/voice/vocabulary.js";

/** What a real service sent in one recording, replayed into the log and the state. */
const replay = (name) => {
  const file = new URL(`../fixtures/traces/${name}.jsonl`, import.meta.url);
  const frames = readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line));
  const log = new TranscriptLog();
  const phases = [];
  let state = reduce(initialState(""), {type: Local.CONNECTING});
  for (const {from, event} of frames) {
    if (from === "server") {
      log.apply(event);
      state = reduce(state, event);
      if (phaseOf(state) !== phases[phases.length - 1]) {
        phases.push(phaseOf(state));
      }
    } else if (event.type === "conversation.item.create" && event.item.role === "user") {
      log.typed(event.item.id || "ours", event.item.content[0].text);
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
