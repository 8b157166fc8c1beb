import assert from "node:assert/strict";
import {test} from "node:test";

import {initialState, phaseOf, reduce} from "../../static/js/voice/session-state.js";
import {Local, Phase} from "../../static/js/voice/vocabulary.js";

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

const busy = [{type: "response.created", response: {id: "r"}}, {type: Local.PLAYING, item: "a"}, {type: "input_audio_buffer.speech_started"}];
const LOST = {type: Local.LOST, attempt: 1};

test("a lost socket changes nothing of what went on", () => {
  const lost = after(...connected, ...busy, LOST);
  assert.deepEqual([lost.status, lost.attempt, lost.microphone, lost.playing], ["reconnecting", 1, true, "a"]);
  assert.deepEqual([lost.response, lost.userSpeaking], ["r", true]);
  const back = reduce(reduce(lost, {type: Local.AWAY}), {type: "voiceassist.resumed"});
  assert.deepEqual([back.status, back.attempt, back.away, back.response, back.userSpeaking], ["connected", 0, false, "r", true]);
});

test("of a session that is not gone on with, the microphone stays on and what sounds, and nothing else", () => {
  const left = after(...connected, ...busy, LOST, {type: Local.FORSAKEN});
  assert.deepEqual([left.status, left.attempt, left.microphone, left.playing], ["reconnecting", 1, true, "a"]);
  assert.deepEqual([left.response, left.userSpeaking, left.awaiting], ["", false, false]);
  const back = reduce(reduce(left, {type: Local.AWAY}), {type: "session.created"});
  assert.deepEqual([back.status, back.attempt, back.away], ["connected", 0, false]);
});

test("a session that is gone on with while its assistant is away waits for that", () => {
  const back = after(...connected, {type: "voiceassist.reconnecting"}, LOST, {type: Local.AWAY}, {type: "voiceassist.resumed"});
  assert.deepEqual([back.status, back.attempt, back.away], ["reconnecting", 0, true]);
  assert.deepEqual([reduce(back, {type: "voiceassist.reconnected"}).status], ["connected"]);
});

test("draining that is come back from is no end any more", () => {
  const lost = after(...connected, {type: "voiceassist.ended", reason: "draining"}, {type: Local.LOST, attempt: 1});
  assert.equal(lost.end, null);
});

test("with push-to-talk nobody is listened to before the button is held, and typing needs no button", () => {
  const pushToTalk = {type: Local.TURN_DETECTION, turnDetection: "push_to_talk"};
  const state = after(...connected, pushToTalk);
  assert.equal(phaseOf(state), "ready");
  assert.equal(phaseOf(reduce(state, {type: Local.MUTED, muted: true})), "muted");
  const talking = reduce(state, {type: Local.TALKING, talking: true});
  assert.equal(phaseOf(talking), "hearing");
  assert.equal(reduce(talking, {type: Local.MICROPHONE, on: false}).talking, false);
  assert.equal(phaseOf(reduce(state, {type: Local.MICROPHONE, on: false})), "listening");
});

test("an end and a new beginning let go of everything that was measured or held", () => {
  const busy = [{type: Local.QUALITY, quality: "poor"}, {type: Local.SUSPENDED, suspended: true}, {type: Local.TALKING, talking: true}];
  for (const [event, talking] of [[{type: Local.ENDED, end: null}, false], [{type: Local.CONNECTING}, true]]) {
    const state = after(...connected, ...busy, event);
    assert.deepEqual([state.quality, state.suspended, state.talking, state.attempt], ["", false, talking, 0]);
  }
});

test("nobody is listened to while the microphone is still being asked for", () => {
  const typing = after({type: Local.CONNECTING}, {type: "session.created"});
  assert.equal(phaseOf(typing), Phase.LISTENING);
  const asking = reduce(typing, {type: Local.OPENING});
  assert.equal(phaseOf(asking), Phase.CONNECTING);
  assert.equal(phaseOf(reduce(asking, {type: Local.MICROPHONE, on: true})), Phase.LISTENING);
  assert.equal(phaseOf(reduce(asking, {type: Local.MICROPHONE, on: false})), Phase.LISTENING);
});

test("a microphone that is still asked for is so in the session that takes the place of another", () => {
  const state = after({type: Local.CONNECTING}, {type: Local.OPENING}, {type: Local.CONNECTING}, {type: "session.created"});
  assert.deepEqual([state.opening, phaseOf(state)], [true, "connecting"]);
  assert.equal(after({type: Local.OPENING}, {type: Local.ENDED, end: null}, {type: Local.CONNECTING}).opening, false);
});
