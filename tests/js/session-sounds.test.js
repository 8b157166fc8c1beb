import assert from "node:assert/strict";
import {afterEach, test} from "node:test";

import {ReplayMemory} from "../../static/js/voice/sound/replay-memory.js";
import {Replays} from "../../static/js/voice/sound/replays.js";
import {SelfInterruptions} from "../../static/js/voice/sound/self-interruptions.js";
import {SessionEvent} from "../../static/js/voice/vocabulary.js";
import {connected, settled} from "./session-stage.js";

const page = new EventTarget();

/** On a page that the test can leave. */
class OwnReplays extends Replays {
  constructor(devices, onChange) {
    super(devices, onChange, new ReplayMemory(), page);
  }
}

afterEach(() => {
  page.dispatchEvent(new Event("pagehide"));
});

/** A connected session whose voice modules are loaded. */
const sounding = async () => {
  const world = await connected();
  world.voice.listener.onLoaded({Replays: OwnReplays, SelfInterruptions});
  world.replayable = [];
  world.session.addEventListener(SessionEvent.REPLAYABLE, ({detail}) => world.replayable.push(detail.item_id));
  return world;
};

/** An answer of `ms` begins to arrive. */
const answer = (wire, item_id, ms) => {
  wire.emit("response.output_item.added", {response_id: "r", item: {id: item_id, type: "message", role: "assistant"}});
  wire.emit("response.content_part.added", {item_id, part: {type: "audio"}});
  wire.listener.onAudio(new ArrayBuffer(ms * 48));
  wire.emit("response.output_audio_transcript.delta", {item_id, delta: "Well then"});
};

/** The person says something for 40 ms times `frames`. */
const say = (world, item_id, frames, transcript) => {
  world.wire.emit("input_audio_buffer.speech_started", {item_id});
  world.voice.hear(frames);
  world.wire.emit("input_audio_buffer.speech_stopped", {item_id});
  world.wire.emit("input_audio_buffer.committed", {item_id, previous_item_id: null});
  world.wire.emit("conversation.item.input_audio_transcription.completed", {item_id, transcript});
};

const secondsOf = (session, item) => (session.replays.wav(item).size - 44) / 48000;

test("before voice is used there is nothing to play again", async () => {
  const {session} = await connected({microphone: false});
  assert.deepEqual([session.replays.has("a"), session.replays.wav("a"), session.replays.playing], [false, null, ""]);
  await session.replays.play("a");
  session.replays.stop();
});

test("what was said and what was answered can be heard again, after the end too", async () => {
  const world = await sounding();
  say(world, "u", 30, "hello");
  answer(world.wire, "a", 500);
  assert.equal(world.session.replays.has("a"), false, "it is not complete");
  world.wire.emit("response.output_audio.done", {item_id: "a"});
  assert.deepEqual(world.replayable, ["u", "a"]);
  await world.session.disconnect();
  assert.deepEqual([secondsOf(world.session, "u"), secondsOf(world.session, "a")], [1.2, 0.5]);
});

test("an answer that the end cuts off can be heard as far as it came", async () => {
  const world = await sounding();
  answer(world.wire, "a", 500);
  await world.session.disconnect();
  assert.equal(secondsOf(world.session, "a"), 0.5);
});

test("a turn in which nobody said anything is not kept", async () => {
  const world = await sounding();
  say(world, "u", 10, "");
  assert.equal(world.session.replays.has("u"), false);
});

test("what was said off the record is forgotten with its line", async () => {
  const world = await sounding();
  say(world, "kept", 10, "hello");
  world.session.goOffRecord(true);
  await settled();
  await settled();
  const [, wire] = world.wires;
  wire.emit("session.created");
  wire.emit("voiceassist.session", {save: false});
  world.wire = wire;
  say(world, "secret", 10, "between us");
  assert.equal(world.session.replays.has("secret"), true);
  world.session.forgetOffRecord();
  assert.deepEqual([world.session.replays.has("kept"), world.session.replays.has("secret")], [true, false]);
});

test("a line that gives its name to a later one takes its sound along", async () => {
  const world = await sounding();
  answer(world.wire, "a", 500);
  world.wire.emit("response.output_audio.done", {item_id: "a"});
  world.wire.emit("response.output_item.done", {item: {id: "a", status: "completed"}});
  world.wire.emit("voiceassist.reconnected");
  answer(world.wire, "a", 200);
  world.wire.emit("response.output_audio.done", {item_id: "a"});
  const [earlier, later] = world.session.lines.map((line) => line.item_id);
  assert.deepEqual([secondsOf(world.session, earlier), secondsOf(world.session, later)], [0.5, 0.2]);
});

test("an assistant that interrupts itself twice is told to whoever can help", async () => {
  const world = await sounding();
  const hints = [];
  world.session.addEventListener(SessionEvent.HINT, ({detail}) => hints.push(detail.code));
  ["u1", "u2"].forEach((item, at) => {
    world.voice.listener.onPlaying(`a${at}`);
    say(world, item, 5, "");
  });
  assert.deepEqual(hints, ["hears_itself"]);
});

test("sound that had to begin anew tells what was heard until then", async () => {
  const world = await sounding();
  answer(world.wire, "a", 500);
  world.voice.listener.onCut([{item_id: "a", audio_end_ms: 120}]);
  const truncate = world.wire.sent.find((event) => event.type === "conversation.item.truncate");
  assert.deepEqual([truncate.item_id, truncate.audio_end_ms, world.session.replays.has("a")], ["a", 120, true]);
});

test("suspended sound is a state, and a resume that fails is told and ends voice, not the session", async () => {
  const world = await sounding();
  world.voice.listener.onSuspended(true);
  assert.equal(world.session.state.suspended, true);
  world.voice.resume = async () => {
    throw Object.assign(new Error(), {code: "browser_too_old"});
  };
  await world.session.resumeSound();
  assert.deepEqual([world.problems, world.voice.closed, world.session.status], [["browser_too_old"], true, "connected"]);
});

test("a session of only sound has no microphone, until it is asked for one", async () => {
  const world = await connected({microphone: false, sound: true});
  assert.deepEqual([world.voices.length, world.session.state.microphone], [1, false]);
  await world.session.connect({microphone: true});
  assert.deepEqual([world.voices.length, world.voice.closed, world.session.state.microphone], [2, true, true]);
});
