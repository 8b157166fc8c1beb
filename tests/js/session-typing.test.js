import assert from "node:assert/strict";
import {test} from "node:test";

import {connected, settled, stage} from "./session-stage.js";

test("a typed turn is created and answered in writing while voice is off", async () => {
  const {session, wire} = await connected({microphone: false});
  const id = session.sendMessage("Hello");
  assert.equal(session.transcript.text, "Hello", "the line shows at once");
  await settled();
  assert.deepEqual(wire.sentTypes(), ["conversation.item.create", "response.create"]);
  assert.deepEqual(wire.sent[0].item, {id, type: "message", role: "user", content: [{type: "input_text", text: "Hello"}]});
  assert.match(id, /^item_[A-Za-z0-9]{21}$/);
  assert.deepEqual(wire.sent[1].response, {output_modalities: ["text"]});
});

test("a typed turn is answered aloud while voice is on", async () => {
  const {session, wire} = await connected();
  session.sendMessage("Hello");
  await settled();
  assert.deepEqual(wire.sent[1], {type: "response.create"});
});

test("a turn typed before there is a session opens one for typing and waits for it", async () => {
  const world = stage();
  world.session.sendMessage("Hello");
  await settled();
  assert.equal(world.voices.length, 0);
  assert.deepEqual(world.wires[0].sent, []);
  world.wires[0].emit("session.created");
  await settled();
  assert.deepEqual(world.wires[0].sentTypes(), ["conversation.item.create", "response.create"]);
});

test("a turn typed into a running answer cancels it and asks again when it is over", async () => {
  const {session, wire} = await connected({microphone: false});
  wire.emit("response.created", {response: {id: "r1"}});
  session.sendMessage("No, wait");
  await settled();
  assert.deepEqual(wire.sentTypes(), ["conversation.item.create", "response.cancel"]);
  wire.emit("response.done", {response: {id: "r1", status: "cancelled"}});
  assert.deepEqual(wire.sentTypes().slice(2), ["response.create"]);
  wire.emit("response.created", {response: {id: "r2"}});
  wire.emit("response.done", {response: {id: "r2", status: "completed"}});
  assert.equal(wire.sent.length, 3, "one turn is answered once");
});

test("turns that were never sent go out with the next session, once", async () => {
  const world = stage();
  world.session.sendMessage("Hello");
  await settled();
  world.wires[0].listener.onClosed({code: 4503, reason: ""});
  assert.equal(world.session.lines[0].status, "unsent");
  await world.session.connect({microphone: false});
  world.wires[1].emit("session.created");
  await settled();
  assert.deepEqual(world.wires[1].sentTypes(), ["conversation.item.create", "response.create"]);
  assert.deepEqual(world.session.lines.map((line) => line.status), ["final"]);
});

test("two turns typed into a sounding answer go after what was heard of it", async () => {
  const {session, wire, voice} = await connected();
  let tell = () => {};
  voice.player.interrupt = () => {
    voice.player.interrupt = async () => [];
    return new Promise((resolve) => {
      tell = () => resolve([{item_id: "a", audio_end_ms: 10, received_ms: 20}]);
    });
  };
  session.sendMessage("One");
  session.sendMessage("Two");
  await settled();
  assert.deepEqual(wire.sent, []);
  tell();
  await settled();
  assert.deepEqual(wire.sentTypes(), [
    "conversation.item.truncate",
    "conversation.item.create",
    "conversation.item.create",
    "response.create",
  ]);
});
