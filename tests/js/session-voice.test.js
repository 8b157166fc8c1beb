import assert from "node:assert/strict";
import {test} from "node:test";

import {connected, settled, stage} from "./session-stage.js";

test("the microphone is streamed once the session is there, not before", async () => {
  const world = stage();
  await world.session.connect();
  assert.equal(world.voices[0].send, null);
  world.wires[0].emit("session.created");
  world.voices[0].send(new ArrayBuffer(1920));
  assert.equal(world.wires[0].audio.length, 1);
});

test("audio goes to the player under the item of the latest spoken part", async () => {
  const chunks = [];
  const {wire, voice} = await connected({microphone: true}, {onAudioChunk: (pcm) => chunks.push(pcm.byteLength)});
  wire.emit("response.content_part.added", {item_id: "a", part: {type: "audio"}});
  wire.listener.onAudio(new ArrayBuffer(4));
  wire.emit("response.content_part.added", {item_id: "t", part: {type: "text"}});
  wire.listener.onAudio(new ArrayBuffer(6));
  wire.emit("response.output_audio.done", {item_id: "a"});
  assert.deepEqual(voice.player.appended, [["a", 4], ["a", 6]]);
  assert.deepEqual(voice.player.finished, ["a"]);
  assert.deepEqual(chunks, [4, 6]);
});

test("speech over an answer truncates it to what was played and cancels nothing", async () => {
  const {session, wire, voice} = await connected();
  voice.player.cuts = [{item_id: "a", audio_end_ms: 740}];
  wire.emit("input_audio_buffer.speech_started", {item_id: "u"});
  assert.equal(session.isSpeaking, true);
  await settled();
  assert.deepEqual(wire.sent, [{type: "conversation.item.truncate", item_id: "a", content_index: 0, audio_end_ms: 740}]);
});

test("speech over silence sends nothing", async () => {
  const {wire} = await connected();
  wire.emit("input_audio_buffer.speech_started", {item_id: "u"});
  await settled();
  assert.deepEqual(wire.sent, []);
});

test("voice can be added to an open session", async () => {
  const world = await connected({microphone: false});
  assert.equal(world.session.state.microphone, false);
  await world.session.startMicrophone();
  assert.equal(world.session.state.microphone, true);
  assert.equal(typeof world.voices[0].send, "function", "it is streamed at once");
});

test("connecting with voice while typing is open adds the microphone and opens no second socket", async () => {
  const world = await connected({microphone: false});
  await world.session.connect({microphone: true});
  assert.equal(world.wires.length, 1);
  assert.equal(world.session.state.microphone, true);
});

test("a microphone that goes away ends voice and not the session", async () => {
  const {session, voice, problems} = await connected();
  voice.listener.onLost();
  assert.deepEqual(problems, ["microphone_lost"]);
  assert.deepEqual([session.isConnected, session.state.microphone], [true, false]);
});

test("muting reaches the microphone and the state", async () => {
  const {session, voice} = await connected();
  session.muted = true;
  assert.deepEqual([voice.muted, session.muted, session.phase], [true, true, "muted"]);
});
