import assert from "node:assert/strict";
import {test} from "node:test";

import {ReplayMemory} from "../../static/js/voice/sound/replay-memory.js";
import {SentAudio} from "../../static/js/voice/sound/sent-audio.js";
import {TurnSounds} from "../../static/js/voice/sound/turn-sounds.js";

const FRAME_MS = 40;

/** A frame whose samples are all its number. */
const frame = (number) => new Int16Array(960).fill(number).buffer;

const samplesOf = (buffer) => new Int16Array(buffer);

const stage = () => {
  const memory = new ReplayMemory({clock: () => 0});
  const whole = [];
  const turns = new TurnSounds(memory, (item) => whole.push(item));
  let sent = 0;
  const send = (count) => {
    for (let i = 0; i < count; i += 1) {
      turns.sent(frame(sent));
      sent += 1;
    }
  };
  const heard = async (item) => samplesOf((await memory.wav(item).arrayBuffer()).slice(44));
  return {memory, whole, turns, send, heard};
};

const started = (item_id, audio_start_ms) => ({type: "input_audio_buffer.speech_started", item_id, audio_start_ms});
const stopped = (item_id, audio_end_ms) => ({type: "input_audio_buffer.speech_stopped", item_id, audio_end_ms});
const committed = (item_id) => ({type: "input_audio_buffer.committed", item_id});

test("what was sent is cut out by milliseconds, to the sample", () => {
  const sent = new SentAudio();
  [0, 1, 2, 3].forEach((number) => sent.keep(frame(number)));
  assert.equal(sent.ms, 160);
  const cut = samplesOf(sent.slice(60, 100));
  assert.equal(cut.length, 960);
  assert.deepEqual([cut[0], cut[479], cut[480], cut[959]], [1, 1, 2, 2]);
  assert.equal(sent.slice(200, 300).byteLength, 0);
  assert.equal(samplesOf(sent.slice(-50, 20)).length, 480);
});

test("of what was sent long ago nothing is left, and the times stay true", () => {
  const sent = new SentAudio(1);
  for (let number = 0; number < 50; number += 1) {
    sent.keep(frame(number));
  }
  assert.equal(sent.ms, 50 * FRAME_MS);
  assert.equal(samplesOf(sent.slice(0, 2000)).length, 24000);
  assert.equal(samplesOf(sent.slice(1000, 1040))[0], 25);
});

test("a turn is what was said between the server's times, and a little before", async () => {
  const {turns, send, heard, whole} = stage();
  send(30);
  turns.apply(started("a", 600));
  send(30);
  turns.apply(stopped("a", 1600));
  turns.apply(committed("a"));
  assert.deepEqual(whole, ["a"]);
  const sound = await heard("a");
  assert.equal(sound.length, 1200 * 24, "600 to 1600 ms, and 200 before");
  assert.deepEqual([sound[0], sound[sound.length - 1]], [10, 39]);
});

test("the sound of one turn is no part of the next", async () => {
  const {turns, send, heard} = stage();
  send(20);
  turns.apply(started("a", 400));
  send(10);
  turns.apply(stopped("a", 1000));
  turns.apply(committed("a"));
  turns.apply(started("b", 1080));
  send(10);
  turns.apply(stopped("b", 1400));
  turns.apply(committed("b"));
  assert.equal((await heard("b"))[0], 25, "it begins where the other ended");
});

test("in push-to-talk a turn is all that was sent since the last one", async () => {
  const {turns, send, heard} = stage();
  send(10);
  turns.apply(committed("a"));
  send(5);
  turns.apply({type: "input_audio_buffer.cleared"});
  send(8);
  turns.apply(committed("b"));
  assert.equal((await heard("a")).length, 10 * 960);
  const second = await heard("b");
  assert.deepEqual([second.length, second[0]], [8 * 960, 15]);
});

test("times of another upstream's clock are not believed: the arrival of the event counts", async () => {
  const {turns, send, heard} = stage();
  send(500);
  turns.apply(started("a", 300));
  send(50);
  turns.apply(stopped("a", 2000));
  turns.apply(committed("a"));
  const sound = await heard("a");
  // 20 s sent; 700 ms and the pre-roll before the event, and until its end at 22 s.
  assert.equal(sound.length, 2900 * 24);
  assert.equal(sound[sound.length - 1], 549);
});

test("another socket counts from its own first sample", async () => {
  const {turns, send, heard} = stage();
  send(100);
  turns.apply(started("a", 3900));
  turns.begin();
  send(10);
  turns.apply(committed("b"));
  assert.equal((await heard("b")).length, 10 * 960);
});

test("an answer is all that was received of it, told once when it ends", async () => {
  const {turns, heard, whole} = stage();
  turns.received("a", frame(1));
  turns.received("a", frame(2));
  turns.finished("a");
  turns.finished("a");
  turns.finished("never sounded");
  assert.deepEqual(whole, ["a"]);
  assert.equal((await heard("a")).length, 1920);
});

test("a turn of which nothing was sent has no sound", () => {
  const {turns, whole} = stage();
  turns.apply(committed("a"));
  assert.deepEqual(whole, []);
});
