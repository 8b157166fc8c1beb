/** A line that is played again, and everybody else who wants to be heard. */

import assert from "node:assert/strict";
import {afterEach, beforeEach, test} from "node:test";

import {ReplayMemory} from "../../static/js/voice/sound/replay-memory.js";
import {Replays} from "../../static/js/voice/sound/replays.js";
import {SelfInterruptions} from "../../static/js/voice/sound/self-interruptions.js";
import {connected, settled} from "./session-stage.js";

const real = {Audio: globalThis.Audio, make: URL.createObjectURL, revoke: URL.revokeObjectURL};

const page = new EventTarget();

/** On a page that the test can leave. */
class OwnReplays extends Replays {
  constructor(devices, onChange) {
    super(devices, onChange, new ReplayMemory(), page);
  }
}

/** Sounds until it is stopped. */
class EndlessAudio {
  async play() {}

  pause() {}

  removeAttribute() {}
}

beforeEach(() => {
  globalThis.Audio = EndlessAudio;
  Object.assign(URL, {createObjectURL: () => "blob:1", revokeObjectURL: () => undefined});
});

afterEach(() => {
  page.dispatchEvent(new Event("pagehide"));
  globalThis.Audio = real.Audio;
  Object.assign(URL, {createObjectURL: real.make, revokeObjectURL: real.revoke});
});

/** Sound of an answer comes. */
const answer = (wire, item_id) => {
  wire.emit("response.created", {response: {id: `r_${item_id}`}});
  wire.emit("response.output_item.added", {response_id: `r_${item_id}`, item: {id: item_id, type: "message", role: "assistant"}});
  wire.emit("response.content_part.added", {item_id, part: {type: "audio"}});
  wire.listener.onAudio(new ArrayBuffer(24000));
  wire.emit("response.output_audio_transcript.delta", {item_id, delta: "Well then"});
};

/** A connected session with one answer that was heard to its end. */
const talked = async () => {
  const world = await connected();
  world.voice.listener.onLoaded({Replays: OwnReplays, SelfInterruptions});
  answer(world.wire, "old");
  world.wire.emit("response.output_audio.done", {item_id: "old"});
  world.wire.emit("response.done", {response: {id: "r_old", status: "completed"}});
  world.voice.player.isAudible = false;
  return world;
};

const replaying = async () => {
  const world = await talked();
  world.session.replays.play("old");
  await settled();
  assert.equal(world.session.replays.playing, "old");
  return world;
};

test("voice is told while a line is played again", async () => {
  const {session, voice} = await replaying();
  assert.equal(voice.listener.isReplaying(), true);
  session.replays.stop();
  assert.equal(voice.listener.isReplaying(), false);
});

test("the first sound of an answer stops it, before it is heard", async () => {
  const {session, wire, voice} = await replaying();
  voice.player.isAudible = true;
  answer(wire, "new");
  assert.equal(session.replays.playing, "");
});

test("an answer that begins to sound stops it, and what comes late of one that was stopped does not", async () => {
  const {session, wire, voice} = await replaying();
  answer(wire, "dropped");
  voice.listener.onPlaying("");
  assert.equal(session.replays.playing, "old");
  voice.listener.onPlaying("new");
  assert.equal(session.replays.playing, "");
});

test("somebody who speaks stops it", async () => {
  const {session, wire} = await replaying();
  wire.emit("input_audio_buffer.speech_started", {item_id: "u"});
  assert.equal(session.replays.playing, "");
});

test("the button that one talks with stops it", async () => {
  const {session} = await replaying();
  session.setTurnDetection("push_to_talk");
  assert.equal(session.replays.playing, "old");
  session.talk();
  assert.equal(session.replays.playing, "");
  await session.disconnect();
});

test("playing a line stops the answer that sounds, and what is still being made of it", async () => {
  const {session, wire, voice} = await talked();
  answer(wire, "new");
  voice.listener.onPlaying("new");
  voice.player.cuts = [{item_id: "new", audio_end_ms: 120, received_ms: 500}];
  session.replays.play("old");
  await settled();
  const told = wire.sent.filter(({type}) => type === "conversation.item.truncate" || type === "response.cancel");
  assert.deepEqual(
    told.map(({type, item_id, response_id}) => [type, item_id || response_id]),
    [
      ["conversation.item.truncate", "new"],
      ["response.cancel", "r_new"],
    ],
  );
  assert.equal(session.replays.playing, "old");
});

test("playing a line while an answer is awaited does not cost that answer", async () => {
  const {session, wire} = await talked();
  wire.emit("response.created", {response: {id: "r_new"}});
  session.replays.play("old");
  await settled();
  assert.ok(!wire.sentTypes().includes("response.cancel"));
});
