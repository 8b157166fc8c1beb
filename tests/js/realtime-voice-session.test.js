import assert from "node:assert/strict";
import {test} from "node:test";

import {sentenceFor} from "../../static/js/elements/sentences.js";
import {SessionEvent} from "../../static/js/voice/vocabulary.js";
import {CONFIG, connected, settled, stage} from "./session-stage.js";

test("it has every member its users know", () => {
  const {session} = stage();
  const members = "status error transcript isSpeaking sessionConfig connect disconnect sendMessage isConnected isConnecting canSend";
  for (const name of members.split(" ")) {
    assert.ok(name in session, name);
  }
  for (const name of ["connect", "disconnect", "sendMessage"]) {
    assert.equal(typeof session[name], "function");
  }
  assert.deepEqual(
    [session.status, session.error, session.transcript, session.isSpeaking, session.sessionConfig],
    ["idle", null, null, false, null],
  );
  assert.deepEqual([session.isConnected, session.isConnecting, session.canSend], [false, false, false]);
});

test("it connects: configuration, microphone, socket, session.created", async () => {
  const world = stage({conversationId: "c0"});
  const connecting = world.session.connect();
  assert.equal(world.session.isConnecting, true);
  assert.equal(world.voices.length, 1, "the microphone is asked for inside the gesture");
  await connecting;
  assert.deepEqual(world.requests, [{conversation_id: "c0"}]);
  assert.equal(world.session.canSend, false);
  world.wires[0].emit("session.created");
  assert.deepEqual([world.session.isConnected, world.session.canSend], [true, true]);
  assert.deepEqual(world.statuses, ["connecting", "connected"]);
  assert.equal(world.session.sessionConfig.session_id, "rtc_1");
  assert.equal(world.session.state.conversationId, "c1");
});

test("with autoConnect it connects by itself", async () => {
  const world = stage({autoConnect: true});
  await settled();
  assert.equal(world.wires.length, 1);
});

test("a denied microphone opens no socket and says why", async () => {
  const denied = Object.assign(new Error("no"), {code: "microphone_denied", retryable: true});
  const world = stage({microphone: denied});
  await world.session.connect();
  assert.equal(world.wires.length, 0);
  assert.equal(world.session.status, "ended");
  assert.equal(world.session.error.code, "microphone_denied");
  assert.deepEqual(world.problems, ["microphone_denied"]);
  assert.equal(world.voices[0].closed, true);
});

test("a refused ticket is told with the server's own sentence", async () => {
  const world = stage({
    createSession: async () => {
      throw Object.assign(new Error(), {code: "too_many_sessions", detail: "End one first.", retryable: true});
    },
  });
  await world.session.connect();
  assert.deepEqual([world.session.error.code, world.session.error.detail], ["too_many_sessions", "End one first."]);
});

test("ending tells what was heard before it closes", async () => {
  const {session, wire, voice, problems} = await connected();
  voice.player.cuts = [{item_id: "a", audio_end_ms: 120}];
  await session.disconnect();
  assert.deepEqual(wire.sentTypes(), ["conversation.item.truncate"]);
  assert.deepEqual([wire.closed, voice.closed, session.status], [true, true, "ended"]);
  assert.deepEqual(problems, [], "one's own wish is no error");
});

test("leaving the page does the same without waiting", async () => {
  const {session, wire, voice} = await connected();
  voice.player.cuts = [{item_id: "a", audio_end_ms: 120}];
  session.leave();
  assert.deepEqual(wire.sentTypes(), ["conversation.item.truncate"]);
  assert.equal(wire.closed, true);
});

test("the server's own reason wins over the close code", async () => {
  const {session, wire} = await connected();
  wire.emit("voiceassist.ended", {reason: "idle", code: "idle", detail: "Nothing was said.", retryable: true});
  wire.listener.onClosed({code: 1000, reason: ""});
  assert.deepEqual([session.state.end.reason, session.error.detail], ["idle", "Nothing was said."]);
});

test("what an abandoned connection still says is not heard", async () => {
  const world = await connected({microphone: false});
  await world.session.disconnect();
  world.wire.emit("input_audio_buffer.speech_started");
  world.wire.listener.onClosed({code: 1006, reason: ""});
  assert.equal(world.session.isSpeaking, false);
  assert.deepEqual(world.problems, []);
});

test("ending while the ticket is still on its way opens no socket", async () => {
  let issue;
  const world = stage({createSession: () => new Promise((resolve) => { issue = resolve; })});
  const connecting = world.session.connect({microphone: false});
  await world.session.disconnect();
  issue(CONFIG);
  await connecting;
  assert.equal(world.wires.length, 0);
  assert.equal(world.session.status, "ended");
});

test("harmless refusals are kept quiet, others are told and the session goes on", async () => {
  const {session, wire, problems} = await connected();
  wire.emit("error", {error: {code: "response_cancel_not_active", message: "There is no answer to stop."}});
  assert.deepEqual(problems, []);
  wire.emit("error", {error: {code: "invalid_value", message: "A value was wrong."}});
  assert.deepEqual(problems, ["invalid_value"]);
  assert.equal(session.isConnected, true);
});

test("a failed response is told even when no error event came", async () => {
  const {wire, problems} = await connected();
  wire.emit("response.done", {response: {id: "r", status: "failed", status_details: {error: {code: "provider_quota"}}}});
  assert.deepEqual(problems, ["provider_quota"]);
});

test("lines, savings and states are told as events", async () => {
  const {session, wire} = await connected();
  const heard = [];
  for (const type of Object.values(SessionEvent)) {
    session.addEventListener(type, (event) => heard.push([event.type, event.detail]));
  }
  wire.emit("input_audio_buffer.committed", {item_id: "u", previous_item_id: null});
  wire.emit("conversation.item.input_audio_transcription.completed", {item_id: "u", transcript: ""});
  wire.emit("voiceassist.message.saved", {item_id: "u", message_id: "m"});
  assert.deepEqual(heard.map(([type]) => type), ["statechange", "line", "statechange", "lineremoved", "saved"]);
});

test("transcripts are handed to the callback as they grow", async () => {
  const seen = [];
  const {wire} = await connected({microphone: true}, {onTranscript: ({text, is_final, role}) => seen.push([role, text, is_final])});
  wire.emit("conversation.item.input_audio_transcription.delta", {item_id: "u", delta: " Hel"});
  wire.emit("conversation.item.input_audio_transcription.completed", {item_id: "u", transcript: "Hello."});
  assert.deepEqual(seen.slice(-2), [["user", "Hel", false], ["user", "Hello.", true]]);
});

test("that nothing can be saved is told, and that everything is saved again", async () => {
  const told = [];
  const world = await connected({microphone: false});
  world.session.addEventListener(SessionEvent.PROBLEM, ({detail}) => told.push(detail));
  world.wire.emit("voiceassist.storage", {behind: true});
  world.wire.emit("voiceassist.storage", {behind: false});
  assert.deepEqual(told.map(({code}) => code), ["storage_behind", "storage_caught_up"]);
  assert.notEqual(sentenceFor(told[0]), sentenceFor(told[1]));
  assert.ok(world.session.canSend, "nothing is at an end");
});

test("what was used is told with every answer, over all sessions of the page", async () => {
  const told = [];
  const world = await connected({microphone: false});
  world.session.addEventListener(SessionEvent.USAGE, ({detail}) => told.push(detail.tokens));
  world.wire.emit("voiceassist.usage", {session_usage: {total_tokens: 10}, estimated_cost: null});
  world.wire.emit("voiceassist.usage", {session_usage: {total_tokens: 25}, estimated_cost: null});
  await world.session.goOffRecord(true);
  world.wires[1].emit("voiceassist.usage", {session_usage: {total_tokens: 5}, estimated_cost: null});
  assert.deepEqual(told, [10, 25, 30]);
});
