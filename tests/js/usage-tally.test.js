import assert from "node:assert/strict";
import {test} from "node:test";

import {UsageTally} from "../../static/js/voice/usage-tally.js";

/** A `voiceassist.usage` event of a session that has used so much. */
const used = (audio, cached, out, cost, transcription) => ({
  type: "voiceassist.usage",
  response_id: "r",
  usage: {},
  session_usage: {
    total_tokens: audio + out,
    input_tokens: audio,
    output_tokens: out,
    input_token_details: {audio_tokens: audio, text_tokens: 0, cached_tokens: cached, cached_tokens_details: {audio_tokens: cached}},
    output_token_details: {audio_tokens: out, text_tokens: 0},
    transcription,
  },
  estimated_cost: cost === null ? null : {amount: cost, currency: "USD"},
});

test("nothing is used at first", () => {
  const {cost, tokens} = new UsageTally().total;
  assert.deepEqual([cost, tokens], [null, 0]);
});

test("the sums of a session replace each other, and those of the next are added", () => {
  const tally = new UsageTally();
  tally.begin();
  tally.take(used(100, 40, 20, 0.01));
  tally.take(used(300, 80, 50, 0.03));
  tally.begin();
  assert.equal(tally.total.tokens, 350, "a session that has used nothing adds nothing");
  assert.deepEqual(tally.total.cost, {amount: 0.03, currency: "USD"});
  tally.take(used(10, 5, 1, 0.5));
  assert.deepEqual(tally.total.parts.audio, {input: 310, cached: 85, output: 51});
  assert.deepEqual(tally.total.cost, {amount: 0.53, currency: "USD"});
});

test("a part without a price leaves the whole without one", () => {
  const tally = new UsageTally();
  tally.take(used(100, 0, 20, 0.01));
  tally.begin();
  tally.take(used(10, 0, 1, null));
  assert.deepEqual([tally.total.cost, tally.total.tokens], [null, 131]);
});

test("transcription is counted by itself, by time or by tokens", () => {
  const tally = new UsageTally();
  tally.take(used(0, 0, 0, 0.001, {seconds: 12.5}));
  assert.deepEqual(tally.total.transcription, {seconds: 12.5, tokens: 0});
  tally.take(used(5, 0, 0, 0.001, {input_tokens: 30, output_tokens: 10, total_tokens: 40}));
  assert.deepEqual([tally.total.transcription.tokens, tally.total.tokens], [40, 45]);
});

test("what is no figure counts as none", () => {
  const tally = new UsageTally();
  tally.take({session_usage: {total_tokens: "many", input_token_details: null}, estimated_cost: null});
  tally.take({});
  assert.equal(tally.total.tokens, 0);
});
