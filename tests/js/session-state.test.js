import assert from "node:assert/strict";
import {test} from "node:test";

import {initialState, phaseOf, reduce} from "../../static/js/voice/session-state.js";
import {Local} from "../../static/js/voice/vocabulary.js";

/** The state after `events`. */
const after = (...events) => events.reduce(reduce, initialState(""));

const connected = [{type: Local.CONNECTING}, {type: "session.created"}, {type: Local.MICROPHONE, on: true}];

test("a spoken turn goes from listening over hearing and thinking to speaking and back", () => {
  const story = [
    [{type: "input_audio_buffer.speech_started"}, "hearing"],
    [{type: "input_audio_buffer.speech_stopped"}, "listening"],
    [{type: "input_audio_buffer.committed"}, "thinking"],
    [{type: "response.created", response: {id: "r1"}}, "thinking"],
    [{type: Local.PLAYING, item: "a"}, "speaking"],
    [{type: "response.done", response: {id: "r1"}}, "speaking"],
    [{type: Local.PLAYING, item: ""}, "listening"],
  ];
  let state = after(...connected);
  assert.equal(phaseOf(state), "listening");
  for (const [event, phase] of story) {
    state = reduce(state, event);
    assert.equal(phaseOf(state), phase, event.type);
  }
});

test("the person's own voice is told before the assistant's", () => {
  const state = after(...connected, {type: Local.PLAYING, item: "a"}, {type: "input_audio_buffer.speech_started"});
  assert.equal(phaseOf(state), "hearing");
});

test("the late end of an old response does not end a newer one", () => {
  const state = after(
    ...connected,
    {type: "response.created", response: {id: "r1"}},
    {type: "response.created", response: {id: "r2"}},
    {type: "response.done", response: {id: "r1"}},
  );
  assert.equal(state.response, "r2");
});

test("noise that held no words is not thought about", () => {
  const state = after(
    ...connected,
    {type: "input_audio_buffer.committed"},
    {type: "conversation.item.input_audio_transcription.completed", transcript: ""},
  );
  assert.equal(phaseOf(state), "listening");
});

test("muted is told while nothing else goes on", () => {
  assert.equal(phaseOf(after(...connected, {type: Local.MUTED, muted: true})), "muted");
});

test("a short absence of the assistant is not worth a word, a long one is", () => {
  const lost = after(...connected, {type: "voiceassist.reconnecting"});
  assert.deepEqual([lost.status, phaseOf(lost)], ["reconnecting", "listening"]);
  const away = reduce(lost, {type: Local.AWAY});
  assert.deepEqual([away.away, phaseOf(away)], [true, "reconnecting"]);
  const back = reduce(away, {type: "voiceassist.reconnected"});
  assert.deepEqual([back.away, phaseOf(back)], [false, "listening"]);
});

test("an absence that is over before it was noticed is not told afterwards", () => {
  const back = after(...connected, {type: "voiceassist.reconnecting"}, {type: "voiceassist.reconnected"});
  assert.equal(reduce(back, {type: Local.AWAY}), back);
});

test("whoever waits for an answer still waits for it while the assistant is away", () => {
  const lost = after(...connected, {type: "input_audio_buffer.committed"}, {type: "voiceassist.reconnecting"});
  assert.equal(phaseOf(lost), "thinking");
  assert.equal(phaseOf(reduce(lost, {type: "voiceassist.reconnected"})), "thinking");
});

test("being off the record outlives the sessions it is asked of", () => {
  const state = after({type: Local.RECORD, offRecord: true}, ...connected, {type: Local.ENDED, end: null});
  assert.equal(state.offRecord, true);
  assert.equal(reduce(state, {type: Local.RECORD, offRecord: false}).offRecord, false);
});

test("a server that keeps nothing though it was not asked to is believed", () => {
  assert.equal(after(...connected, {type: "voiceassist.session", save: false}).offRecord, true);
  assert.equal(after(...connected, {type: "voiceassist.session", save: true}).offRecord, false);
});

test("voice that goes on in the next session stays muted if it was", () => {
  const state = after({type: Local.CONNECTING}, {type: "session.created"}, {type: Local.MICROPHONE, on: true, muted: true});
  assert.equal(phaseOf(state), "muted");
});

test("an end keeps its reason and lets go of everything that went on", () => {
  const end = {reason: "idle", code: "idle", detail: "", retryable: true};
  const state = after(...connected, {type: "response.created", response: {id: "r"}}, {type: Local.ENDED, end});
  assert.equal(phaseOf(state), "ended");
  assert.deepEqual([state.end, state.microphone, state.response], [end, false, ""]);
});

test("the ended event of the server is remembered for the close that follows", () => {
  const state = after(...connected, {type: "voiceassist.ended", reason: "daily_limit", code: "daily_limit_reached", detail: "Used up.", retryable: false});
  assert.deepEqual(state.end, {reason: "daily_limit", code: "daily_limit_reached", detail: "Used up.", retryable: false});
});

test("an event that changes nothing gives the same object back", () => {
  const state = after(...connected);
  assert.equal(reduce(state, {type: "rate_limits.updated"}), state);
  assert.equal(reduce(state, {type: "toString"}), state);
  assert.equal(reduce(state, {type: "session.created"}), state);
});

test("a state cannot be changed in place", () => {
  assert.ok(Object.isFrozen(after(...connected)));
});
