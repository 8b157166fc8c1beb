import assert from "node:assert/strict";
import {test} from "node:test";

import {connected, offTheRecord, settled, stage} from "./session-stage.js";

const ANSWER = "Rest it for a day and put ice on it now and then.";

/** An answer that sounds, of which half a second out of two was heard. */
const sounding = (world, wire = world.wire) => {
  wire.emit("response.created", {response: {id: "r"}});
  wire.emit("response.output_item.added", {response_id: "r", item: {id: "a", type: "message", role: "assistant"}});
  wire.emit("response.content_part.added", {item_id: "a", part: {type: "audio"}});
  wire.emit("response.output_audio_transcript.delta", {item_id: "a", delta: ANSWER});
  wire.listener.onAudio(new ArrayBuffer(2000 * 48));
  world.voice.player.cuts = [{item_id: "a", audio_end_ms: 500, received_ms: 2000}];
};

const heard = ({session}) => session.lines.map(({status, text, unheard_text}) => [status, text, unheard_text]);

const STRUCK = [["interrupted", "Rest it for", "a day and put ice on it now and then."]];

for (const [how, end] of Object.entries({
  "the person": ({session}) => session.disconnect(),
  "a page that is left": ({session}) => session.leave(),
  "a server that gives a reason": ({wire}) => {
    wire.emit("voiceassist.ended", {reason: "idle", code: "idle", retryable: true});
    wire.drop(1000);
  },
  "the record switch": ({session}) => session.goOffRecord(true),
  "a microphone that is gone": ({voice}) => voice.listener.onLost(),
})) {
  test(`an answer that is cut off by ${how} shows at once what was not heard`, async () => {
    const world = await connected();
    sounding(world);
    await end(world);
    assert.deepEqual(heard(world), STRUCK);
    assert.deepEqual(world.wire.sent[0], {type: "conversation.item.truncate", item_id: "a", content_index: 0, audio_end_ms: 500});
  });
}

test("an answer that was complete and still sounded at the end was cut off all the same", async () => {
  const world = await connected();
  sounding(world);
  world.wire.emit("response.output_item.done", {item: {id: "a", status: "completed"}});
  world.wire.emit("response.done", {response: {id: "r", status: "completed"}});
  await world.session.disconnect();
  assert.deepEqual(heard(world), STRUCK);
});

test("off the record, where no server tells it, too", async () => {
  const world = await offTheRecord();
  sounding(world);
  await world.session.disconnect();
  assert.deepEqual(heard(world), STRUCK);
});

test("what came before the socket was lost plays on, and is cut off by whoever does not wait for it", async () => {
  const world = await connected();
  sounding(world);
  world.wire.drop();
  await settled();
  assert.deepEqual(heard(world), [["partial", ANSWER, ""]]);
  await world.session.disconnect();
  assert.deepEqual(heard(world), STRUCK);
});

test("words whose sound had not come when the socket was lost were not heard", async () => {
  const world = await connected();
  world.wire.emit("response.output_item.added", {response_id: "r", item: {id: "a", type: "message", role: "assistant"}});
  world.wire.emit("response.content_part.added", {item_id: "a", part: {type: "audio"}});
  world.wire.emit("response.output_audio_transcript.delta", {item_id: "a", delta: ANSWER});
  world.wire.drop();
  await world.session.connect();
  await settled();
  assert.deepEqual(heard(world), [["partial", ANSWER, ""]], "they may come");
  world.wires[1].emit("session.created");
  assert.deepEqual(heard(world), [["interrupted", "", ANSWER]]);
  await world.session.disconnect();
});

test("an answer without a word leaves no line when it is cut off", async () => {
  const world = await connected();
  world.wire.emit("response.output_item.added", {response_id: "r", item: {id: "a", type: "message", role: "assistant"}});
  world.voice.player.cuts = [{item_id: "a", audio_end_ms: 0, received_ms: 40}];
  await world.session.disconnect();
  assert.deepEqual(heard(world), []);
});

test("whoever ends and begins again at once has the session that was begun", async () => {
  const world = await connected();
  world.voice.player.interrupt = () => new Promise(() => undefined);
  const endings = [world.session.disconnect(), world.session.disconnect()];
  assert.equal(world.session.status, "ended");
  await world.session.connect();
  await Promise.all(endings);
  await settled();
  assert.deepEqual([world.wires.length, world.wire.closed, world.wires[1].closed], [2, true, false]);
  world.wires[1].emit("session.created");
  assert.deepEqual([world.session.status, world.session.state.microphone], ["connected", true]);
});

/** A stage whose microphones are allowed and refused by the test. */
const prompting = () => {
  const world = stage();
  world.refuse = [];
  const open = world.session._openVoice;
  world.session._openVoice = (...how) => {
    const voice = open(...how);
    voice.open = () => new Promise((_resolve, reject) => world.refuse.push(reject));
    return voice;
  };
  return world;
};

const DENIED = Object.assign(new Error(), {code: "microphone_denied", retryable: true});

test("a refusal of a microphone that nobody waits for closes none and is not told", async () => {
  const world = prompting();
  await world.session.connect({microphone: false});
  world.wires[0].emit("session.created");
  const first = world.session.startMicrophone();
  world.voices[0].listener.onLost();
  world.problems.length = 0;
  world.session.startMicrophone();
  world.refuse[0](DENIED);
  await first;
  assert.deepEqual([world.voices[1].closed, world.problems], [false, []]);
  await world.session.disconnect();
  world.refuse[1](DENIED);
  await settled();
  assert.deepEqual([world.session.status, world.problems], ["ended", []]);
});

test("a refusal that several wait for is told once", async () => {
  const world = prompting();
  const asked = [world.session.connect(), world.session.connect(), world.session.startMicrophone()];
  world.refuse[0](DENIED);
  await Promise.all(asked);
  assert.deepEqual([world.session.status, world.problems], ["ended", ["microphone_denied"]]);
  await world.session.connect({microphone: false});
  world.wires[0].emit("session.created");
  const added = [world.session.startMicrophone(), world.session.startMicrophone()];
  world.refuse[1](DENIED);
  await Promise.all(added);
  assert.deepEqual([world.session.status, world.problems.length], ["connected", 2]);
});
