import assert from "node:assert/strict";
import {test} from "node:test";

import {untakenSound} from "../../static/js/voice/connection/untaken-sound.js";

const sound = (length) => new ArrayBuffer(length);
const lengths = (frames) => {
  const {sound: kept, isTurn} = untakenSound(frames);
  return [kept.map(({byteLength}) => byteLength), isTurn];
};
const commit = {type: "input_audio_buffer.commit"};
const clear = {type: "input_audio_buffer.clear"};

test("sound is said again, and what was taken back is not", () => {
  assert.deepEqual(lengths([]), [[], false]);
  assert.deepEqual(lengths([sound(1), {type: "response.cancel"}, sound(2)]), [[1, 2], false]);
  assert.deepEqual(lengths([sound(1), clear, sound(2)]), [[2], false]);
});

test("a turn that was closed stays one, whatever was taken back after it", () => {
  assert.deepEqual(lengths([sound(1), commit, sound(2), clear, sound(3)]), [[1, 3], true]);
  assert.deepEqual(lengths([commit]), [[], false], "the sound of it was taken");
});
