import assert from "node:assert/strict";
import {test} from "node:test";

import {wavOf} from "../../static/js/voice/sound/wav.js";

const text = (view, at, length) => String.fromCharCode(...new Uint8Array(view.buffer, at, length));

test("a file of PCM16 mono says so, and holds the parts one after another", () => {
  const file = wavOf([Int16Array.of(1, -2).buffer, Int16Array.of(3).buffer], 24000);
  const view = new DataView(file);
  assert.deepEqual([text(view, 0, 4), text(view, 8, 8), text(view, 36, 4)], ["RIFF", "WAVEfmt ", "data"]);
  assert.equal(view.getUint32(4, true), file.byteLength - 8);
  assert.deepEqual([view.getUint16(20, true), view.getUint16(22, true), view.getUint16(34, true)], [1, 1, 16]);
  assert.deepEqual([view.getUint32(24, true), view.getUint32(28, true), view.getUint16(32, true)], [24000, 48000, 2]);
  assert.equal(view.getUint32(40, true), 6);
  assert.deepEqual([...new Int16Array(file.slice(44))], [1, -2, 3]);
});

test("a file of nothing is still a file", () => {
  assert.equal(wavOf([]).byteLength, 44);
});
