import assert from "node:assert/strict";
import {mock, test} from "node:test";

import {connected, marks, settled} from "./session-stage.js";

test("a long absence of the assistant is told after a second, a short one never", async () => {
  mock.timers.enable({apis: ["setTimeout"]});
  try {
    const {session, wire} = await connected({microphone: false});
    wire.emit("voiceassist.reconnecting", {reason: "lost", attempt: 1});
    mock.timers.tick(900);
    wire.emit("voiceassist.reconnected", {seconds: 0.9});
    mock.timers.tick(5000);
    assert.equal(session.state.away, false);
    wire.emit("voiceassist.reconnecting", {reason: "lost", attempt: 1});
    mock.timers.tick(600);
    wire.emit("voiceassist.reconnecting", {reason: "lost", attempt: 2});
    mock.timers.tick(500);
    assert.deepEqual([session.state.away, session.phase], [true, "reconnecting"]);
    wire.emit("voiceassist.reconnected", {seconds: 1.2});
    assert.deepEqual([session.state.away, session.phase], [false, "listening"]);
  } finally {
    mock.timers.reset();
  }
});

test("a turn typed while the assistant is away is sent when it is back, once", async () => {
  const {session, wire} = await connected({microphone: false});
  wire.emit("voiceassist.reconnecting");
  session.sendMessage("Still there?");
  await settled();
  assert.deepEqual([wire.sent, session.lines.length], [[], 1]);
  wire.emit("voiceassist.reconnected");
  await settled();
  assert.deepEqual(wire.sentTypes(), ["conversation.item.create", "response.create"]);
  wire.emit("conversation.item.added", {item: wire.sent[0].item});
  wire.emit("conversation.item.added", {item: wire.sent[0].item});
  assert.deepEqual(marks(session), [["Still there?", false, "final"]]);
});

test("a turn typed into an answer that then breaks off is asked again when that is over", async () => {
  const {session, wire} = await connected({microphone: false});
  wire.emit("response.created", {response: {id: "r1"}});
  session.sendMessage("No, wait");
  await settled();
  wire.emit("response.done", {response: {id: "r1", status: "failed", status_details: {error: {code: "provider_lost"}}}});
  wire.emit("voiceassist.reconnecting");
  wire.emit("voiceassist.reconnected");
  await settled();
  assert.deepEqual(wire.sentTypes(), ["conversation.item.create", "response.cancel", "response.create"]);
});

test("the microphone is heard on while the assistant is away, also one that is switched on meanwhile", async () => {
  const world = await connected();
  world.wire.emit("voiceassist.reconnecting");
  world.voice.send(new ArrayBuffer(2));
  world.voice.listener.onLost();
  await world.session.startMicrophone();
  world.voices[1].send(new ArrayBuffer(4));
  assert.deepEqual(world.wire.audio.map((frame) => frame.byteLength), [2, 4]);
});

/** An answer that began and whose upstream was then lost, as the server tells it. */
const brokenAnswer = (wire, words) => {
  const item = {id: "a", type: "message", role: "assistant"};
  wire.emit("response.created", {response: {id: "r1"}});
  wire.emit("response.output_item.added", {response_id: "r1", item});
  wire.emit("response.content_part.added", {item_id: "a", part: {type: "audio"}});
  if (words) {
    wire.emit("response.output_audio_transcript.delta", {item_id: "a", delta: words});
  }
  wire.emit("response.output_item.done", {response_id: "r1", item: {...item, status: "incomplete"}});
  const error = {type: "server_error", code: "provider_lost", message: "The connection was lost."};
  wire.emit("response.done", {response: {id: "r1", status: "failed", status_details: {type: "failed", error}}});
  wire.emit("voiceassist.reconnecting", {reason: "lost", attempt: 1});
};

test("an answer that broke off is interrupted, played as far as it came, and told", async () => {
  const {session, wire, voice, problems} = await connected();
  brokenAnswer(wire, "Half an answer");
  assert.deepEqual(marks(session), [["Half an answer", false, "interrupted"]]);
  assert.deepEqual(voice.player.finished, ["a"]);
  assert.deepEqual(problems, ["provider_lost"]);
});

test("an answer of which nothing had come is given again, so nobody is told of it", async () => {
  const {session, wire, problems} = await connected();
  brokenAnswer(wire, "");
  assert.deepEqual([session.lines, problems], [[], []]);
});

test("after the assistant is back its player takes items that are named like stopped ones", async () => {
  const {wire, voice} = await connected();
  const before = voice.player.renewed;
  wire.emit("voiceassist.reconnecting");
  wire.emit("voiceassist.reconnected");
  assert.equal(voice.player.renewed, before + 1);
});
