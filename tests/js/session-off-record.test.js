import assert from "node:assert/strict";
import {test} from "node:test";

import {SessionEvent} from "../../static/js/voice/vocabulary.js";
import {connected, marks, offTheRecord, settled, stage, withTimers} from "./session-stage.js";

test("off the record a session is asked to keep nothing", async () => {
  const world = await offTheRecord();
  assert.deepEqual(world.requests, [{conversation_id: null, save: false}]);
  assert.deepEqual([world.session.offRecord, world.session.canSend], [true, true]);
});

test("off the record nothing is sent before the server has agreed", async () => {
  const world = stage();
  await world.session.goOffRecord(true);
  world.session.connect({microphone: true});
  world.session.sendMessage("a secret");
  await settled();
  world.wires[0].emit("session.created");
  await settled();
  assert.deepEqual([world.wires[0].sent, world.voices[0].send, world.session.canSend], [[], null, false]);
  world.wires[0].emit("voiceassist.session", {save: false});
  await settled();
  assert.deepEqual(world.wires[0].sentTypes(), ["conversation.item.create", "response.create"]);
  assert.equal(typeof world.voices[0].send, "function");
});

test("a server that would keep it is told nothing and left", async () => {
  const world = stage();
  await world.session.goOffRecord(true);
  world.session.sendMessage("a secret");
  await settled();
  world.wires[0].emit("session.created");
  world.wires[0].emit("voiceassist.session", {save: true});
  await settled();
  assert.deepEqual([world.wires[0].sent, world.wires[0].closed], [[], true]);
  assert.deepEqual([world.session.status, world.problems], ["ended", ["record_refused"]]);
  assert.deepEqual(marks(world.session), [["a secret", true, "unsent"]]);
});

test("going off the record in the middle ends one session cleanly and begins another with the same voice", async () => {
  const world = await connected();
  world.session.muted = true;
  world.voice.player.cuts = [{item_id: "a", audio_end_ms: 120}];
  const going = world.session.goOffRecord(true);
  assert.deepEqual([world.session.offRecord, world.voice.send], [true, null], "nothing said after the switch is heard by the old one");
  await going;
  assert.deepEqual(world.wire.sentTypes(), ["conversation.item.truncate"]);
  assert.equal(world.wire.closed, true);
  assert.deepEqual(world.requests[1], {conversation_id: "c1", save: false});
  assert.deepEqual([world.wires.length, world.voices.length, world.voice.closed], [2, 1, false]);
  world.wires[1].emit("session.created");
  world.wires[1].emit("voiceassist.session", {save: false});
  assert.deepEqual([world.session.state.microphone, world.session.muted], [true, true]);
  world.voice.send(new ArrayBuffer(2));
  assert.deepEqual([world.wire.audio.length, world.wires[1].audio.length], [0, 1]);
  assert.deepEqual(world.problems, []);
});

test("the old socket is closed before the new session is asked for", async () => {
  const world = await connected({microphone: false});
  const going = world.session.goOffRecord(true);
  const first = [world.wire.closed, world.requests.length];
  await going;
  assert.deepEqual(first, [true, 1]);
  assert.equal(world.requests.length, 2);
});

test("lines are marked by what was true when they were said", async () => {
  const world = await connected({microphone: false});
  world.session.sendMessage("kept");
  await settled();
  world.wire.emit("conversation.item.added", {item: world.wire.sent[0].item});
  await world.session.goOffRecord(true);
  world.session.sendMessage("not kept");
  world.wires[1].emit("session.created");
  world.wires[1].emit("voiceassist.session", {save: false});
  await settled();
  world.wires[1].emit("conversation.item.added", {item: world.wires[1].sent[0].item});
  await world.session.goOffRecord(false);
  world.session.sendMessage("kept again");
  assert.deepEqual(world.requests.map(({save}) => save), [undefined, false, undefined]);
  assert.deepEqual(marks(world.session), [["kept", false, "final"], ["not kept", true, "final"], ["kept again", false, "final"]]);
});

test("what was written off the record and never sent is not sent on the record", async () => {
  const world = stage();
  await world.session.goOffRecord(true);
  world.session.sendMessage("a secret");
  await world.session.goOffRecord(false);
  world.wires.forEach((wire) => wire.emit("session.created"));
  await settled();
  assert.ok(world.wires.length > 0);
  assert.ok(world.wires.every((wire) => wire.sent.length === 0));
  assert.deepEqual(marks(world.session), [["a secret", true, "unsent"]]);
});

test("what was written on the record and waits goes along off the record, once, and is marked so", async () => {
  const world = stage();
  world.session.sendMessage("hello");
  await world.session.goOffRecord(true);
  await settled();
  const wire = world.wires[world.wires.length - 1];
  wire.emit("session.created");
  wire.emit("voiceassist.session", {save: false});
  await settled();
  assert.deepEqual(world.wires.flatMap((each) => each.sentTypes()), ["conversation.item.create", "response.create"]);
  assert.deepEqual(marks(world.session), [["hello", true, "final"]]);
});

test("switching to and fro quickly ends with one session of the last kind", async () => {
  const world = await connected();
  await Promise.all([world.session.goOffRecord(true), world.session.goOffRecord(false), world.session.goOffRecord(true)]);
  await settled();
  assert.equal(world.wire.closed, true);
  assert.equal(world.wires.filter((wire) => !wire.closed).length, 1);
  assert.equal(world.requests[world.requests.length - 1].save, false);
  assert.equal(world.voices.length, 1);
});

test("ending while the record is being switched opens nothing", async () => {
  const world = await connected();
  const going = world.session.goOffRecord(true);
  await Promise.all([going, world.session.disconnect()]);
  await settled();
  assert.deepEqual([world.wires.length, world.session.status, world.voice.closed], [1, "ended", true]);
  assert.equal(world.wire.closed, true);
});

test("a microphone that is refused while the record is being switched is told", async () => {
  const denied = Object.assign(new Error("no"), {code: "microphone_denied", retryable: true});
  const world = stage({microphone: denied});
  world.session.connect();
  await world.session.goOffRecord(true);
  await settled();
  assert.deepEqual([world.session.status, world.problems], ["ended", ["microphone_denied"]]);
});

test("what was said off the record can be let go of", async () => {
  const world = await offTheRecord({microphone: false});
  const gone = [];
  world.session.addEventListener(SessionEvent.LINE_REMOVED, ({detail}) => gone.push(detail.line.text));
  world.session.sendMessage("a secret");
  await settled();
  world.session.leave();
  world.session.forgetOffRecord();
  assert.deepEqual([gone, world.session.lines], [["a secret"], []]);
});

test(
  "what was said off the record into a gap is not heard by a session that keeps",
  withTimers(async (after) => {
    const world = await offTheRecord();
    world.wire.drop();
    world.voice.hear(2);
    await world.session.goOffRecord(false);
    world.voice.hear(1);
    await after(world, 150);
    const [, next] = world.wires;
    next.emit("session.created");
    next.emit("voiceassist.session", {save: true});
    assert.deepEqual([world.requests[1].save, next.audio.length], [undefined, 1]);
  }),
);
