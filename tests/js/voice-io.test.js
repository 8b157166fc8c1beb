import assert from "node:assert/strict";
import {afterEach, beforeEach, test} from "node:test";

import {DeviceChoices} from "../../static/js/lib/device-choices.js";
import {VoiceIo} from "../../static/js/voice/sound/voice-io.js";
import {millisecondsOf} from "../../static/js/voice/vocabulary.js";

/** What the test stands in for, as it was. */
const real = new Map();

beforeEach(() => {
  const stands = {document: Object.assign(new EventTarget(), {visibilityState: "visible"}), navigator: {}};
  Object.entries(stands).forEach(([name, value]) => {
    real.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
    Object.defineProperty(globalThis, name, {value, configurable: true, writable: true});
  });
});

afterEach(() => {
  real.forEach((descriptor, name) => {
    delete globalThis[name];
    if (descriptor) {
      Object.defineProperty(globalThis, name, descriptor);
    }
  });
});

const gain = () => ({gain: {value: 1, setTargetAtTime: () => undefined}, connect: () => undefined, disconnect: () => undefined});

/** A voice without a microphone, which hears what the test says; the last sample of a frame is its number. */
const opened = (hints = [], isReplaying = () => false) => {
  const stage = {ready: Promise.resolve(), context: {createGain: gain, destination: {}, currentTime: 0, outputLatency: 0}};
  const listener = {onHint: (hint) => hints.push(hint), onPlaying: () => undefined, onSuspended: () => undefined, isReplaying};
  const devices = new DeviceChoices(null);
  return Object.assign(new VoiceIo(stage, listener, {devices, microphone: false}), {devices});
};

const hear = (voice, frames, level = 0) => {
  for (let serial = 0; serial < frames; serial += 1) {
    const samples = new Int16Array(960).fill(level);
    samples[959] = serial;
    voice._onFrame(samples.buffer);
  }
};

/** The server takes 30 seconds more than the clock allows: what is handed over at once has to be less. */
test("half a minute of what is said while there is no session is kept, less than the server takes at once", () => {
  const voice = opened();
  try {
    hear(voice, 1000);
    const frames = [];
    voice.stream((frame) => frames.push(new Int16Array(frame)[959]));
    const ms = millisecondsOf(frames.length * 960);
    assert.ok(ms >= 25000 && ms < 29000, String(ms));
    assert.deepEqual([frames[0], frames[frames.length - 1]], [1000 - frames.length, 999]);
    hear(voice, 1);
    assert.equal(frames[frames.length - 1], 0);
  } finally {
    voice.close();
  }
});

test("whoever spoke before what is kept is told once, and nobody is told of silence", () => {
  const hints = [];
  const voice = opened(hints);
  try {
    hear(voice, 1000);
    voice.stream(() => undefined);
    assert.deepEqual(hints, []);
    voice.hold();
    hear(voice, 20, 8000);
    hear(voice, 690);
    voice.stream(() => undefined);
    voice.hold();
    voice.stream(() => undefined);
    assert.deepEqual(hints, ["beginning_missed"]);
  } finally {
    voice.close();
  }
});

test("in echo-safe mode nothing is heard of a line that is played again, and the pace stays", () => {
  let replaying = true;
  const voice = opened([], () => replaying);
  try {
    const loudest = [];
    voice.stream((frame) => loudest.push(Math.max(...new Int16Array(frame))));
    hear(voice, 1, 8000);
    voice.devices.choose({echoSafe: true});
    hear(voice, 2, 8000);
    replaying = false;
    hear(voice, 1, 8000);
    assert.deepEqual(loudest, [8000, 0, 0, 0], "the room sounds on for a while");
  } finally {
    voice.close();
  }
});

test("Firefox is not asked for its latency, which can make the page stand still; others are", () => {
  for (const [userAgent, asks] of [
    ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", 0],
    ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36", 1],
  ]) {
    globalThis.navigator.userAgent = userAgent;
    const voice = opened([], () => true);
    let asked = 0;
    Object.defineProperty(voice._stage.context, "outputLatency", {
      get: () => {
        asked += 1;
        return 0.25;
      },
    });
    try {
      assert.equal(voice.figures.outputLatencyMs, asks * 250);
      assert.equal(asked, asks);
      hear(voice, 1);
      assert.equal(asked, asks * 2);
    } finally {
      voice.close();
    }
  }
});
