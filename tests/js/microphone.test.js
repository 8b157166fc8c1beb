import assert from "node:assert/strict";
import {afterEach, beforeEach, test} from "node:test";

import {Microphone} from "../../static/js/voice/sound/microphone.js";

/** What the test stands in for, as it was. */
const real = new Map();

const replace = (name, value) => {
  real.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
  Object.defineProperty(globalThis, name, {value, configurable: true, writable: true});
};

class FakeTrack {
  constructor(settings, heedsConstraints) {
    this.settings = settings;
    this.heedsConstraints = heedsConstraints;
    this.readyState = "live";
    this.enabled = true;
    this.onended = null;
  }

  getSettings() {
    return this.settings;
  }

  async applyConstraints({noiseSuppression}) {
    if (this.heedsConstraints) {
      this.settings = {...this.settings, noiseSuppression};
    }
  }

  stop() {
    this.readyState = "ended";
  }

  /** The device is pulled out. */
  end() {
    this.readyState = "ended";
    this.onended();
  }
}

/** A machine with microphones, and a stage whose audio thread does nothing. */
const machine = ({there = ["mic1", "mic2"], heedsConstraints = true} = {}) => {
  const world = {there, asked: [], tracks: [], told: [], sources: [], nodes: []};
  replace("window", {isSecureContext: true});
  replace("navigator", {
    mediaDevices: {
      getUserMedia: async ({audio}) => {
        world.asked.push(audio);
        if (world.refusal) {
          throw Object.assign(new Error(), {name: world.refusal});
        }
        const wished = audio.deviceId && audio.deviceId.exact;
        if (world.there.length === 0 || (wished && !world.there.includes(wished))) {
          throw Object.assign(new Error(), {name: wished ? "OverconstrainedError" : "NotFoundError"});
        }
        const deviceId = wished || world.there[0];
        const track = new FakeTrack({deviceId, noiseSuppression: audio.noiseSuppression, sampleRate: 44100}, heedsConstraints);
        world.tracks.push(track);
        return {getAudioTracks: () => [track], getTracks: () => [track], track};
      },
    },
  });
  replace(
    "AudioWorkletNode",
    class {
      constructor(context) {
        this.context = context;
        this.port = {onmessage: null, postMessage() {}};
        world.nodes.push(this);
      }

      connect() {}

      disconnect() {}
    },
  );
  world.stage = {
    ready: Promise.resolve(),
    context: {
      sampleRate: 48000,
      destination: {},
      createMediaStreamSource(stream) {
        const source = {context: this, stream, connected: false};
        source.connect = () => (source.connected = true);
        source.disconnect = () => (source.connected = false);
        world.sources.push(source);
        return source;
      },
    },
  };
  world.listener = {
    onFrame: (frame) => world.told.push(frame),
    onLost: () => world.told.push("lost"),
    onChanged: () => world.told.push("changed"),
  };
  world.live = () => world.tracks.filter((track) => track.readyState === "live").map((track) => track.settings.deviceId);
  world.heard = () => world.sources.filter((source) => source.connected).map((source) => source.stream.track.settings.deviceId);
  return world;
};

const opened = async (options, wish = {}) => {
  const world = machine(options);
  world.microphone = new Microphone(world.stage, world.listener, {device: "", noiseSuppression: true, ...wish});
  await world.microphone.open();
  return world;
};

const settled = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => real.clear());

afterEach(() => {
  real.forEach((descriptor, name) =>
    descriptor ? Object.defineProperty(globalThis, name, descriptor) : Reflect.deleteProperty(globalThis, name),
  );
});

test("it asks without gain control and without a rate, and hears at the device's own", async () => {
  const {asked, microphone} = await opened();
  assert.deepEqual(asked, [{echoCancellation: true, noiseSuppression: true, autoGainControl: false, channelCount: 1}]);
  assert.equal(microphone.rate, 44100);
});

test("another choice is heard through the same node, and the one before is let go", async () => {
  const world = await opened();
  await world.microphone.wish({device: "mic2", noiseSuppression: true});
  assert.deepEqual([world.live(), world.heard(), world.nodes.length, world.told], [["mic2"], ["mic2"], 1, []]);
});

test("a muted microphone stays muted through a change", async () => {
  const world = await opened();
  world.microphone.muted = true;
  await world.microphone.wish({device: "mic2", noiseSuppression: true});
  assert.equal(world.tracks[1].enabled, false);
});

test("noise suppression is changed on the track, or by opening it again where browsers heed it only then", async () => {
  const heeding = await opened();
  await heeding.microphone.wish({device: "", noiseSuppression: false});
  assert.deepEqual([heeding.asked.length, heeding.tracks[0].settings.noiseSuppression], [1, false]);

  const stubborn = await opened({heedsConstraints: false});
  await stubborn.microphone.wish({device: "", noiseSuppression: false});
  assert.deepEqual([stubborn.asked.length, stubborn.live().length, stubborn.tracks[1].settings.noiseSuppression], [2, 1, false]);
});

test("what was chosen and is not there is replaced by the system's own, and said", async () => {
  const world = await opened({}, {device: "gone"});
  assert.deepEqual([world.live(), world.told], [["mic1"], ["changed"]]);
});

test("a device that is pulled out is replaced, and comes back when it is plugged in again", async () => {
  const world = await opened({}, {device: "mic2"});
  world.there = ["mic1"];
  world.tracks[0].end();
  await settled();
  assert.deepEqual([world.live(), world.heard(), world.told], [["mic1"], ["mic1"], ["changed"]]);
  world.there = ["mic1", "mic2"];
  await world.microphone.look(["mic1", "mic2"]);
  assert.deepEqual([world.live(), world.heard(), world.told], [["mic2"], ["mic2"], ["changed"]]);
});

test("a device that left the list without a word is missed; without names nothing is", async () => {
  const world = await opened({}, {device: "mic2"});
  await world.microphone.look([]);
  assert.deepEqual(world.live(), ["mic2"]);
  world.there = ["mic1"];
  await world.microphone.look(["mic1"]);
  assert.deepEqual([world.live(), world.told], [["mic1"], ["changed"]]);
});

test("a track that phones ended in the background is found when the page is seen again", async () => {
  const world = await opened();
  world.tracks[0].stop();
  await world.microphone.check();
  assert.deepEqual([world.live(), world.told], [["mic1"], ["changed"]]);
  await world.microphone.check();
  assert.equal(world.asked.length, 2);
});

test("when none is left it is lost, once", async () => {
  const world = await opened();
  world.there = [];
  world.tracks[0].end();
  await settled();
  assert.deepEqual(world.told, ["lost"]);
});

test("a choice that is refused leaves the one that is heard", async () => {
  const world = await opened();
  world.refusal = "NotAllowedError";
  await world.microphone.wish({device: "mic2", noiseSuppression: true});
  assert.deepEqual([world.live(), world.heard(), world.told], [["mic1"], ["mic1"], []]);
});

test("each refusal has its code", async () => {
  const codes = {
    NotAllowedError: "microphone_denied",
    NotFoundError: "microphone_missing",
    NotReadableError: "microphone_busy",
    TypeError: "microphone_failed",
  };
  for (const [refusal, code] of Object.entries(codes)) {
    const world = machine();
    world.refusal = refusal;
    const microphone = new Microphone(world.stage, world.listener, {device: "", noiseSuppression: true});
    await assert.rejects(microphone.open(), {code});
  }
});

test("closed while the browser still asks, nothing stays open", async () => {
  const world = machine();
  const microphone = new Microphone(world.stage, world.listener, {device: "", noiseSuppression: true});
  const opening = microphone.open();
  microphone.close();
  await opening;
  assert.deepEqual([world.live(), world.nodes.length, world.told], [[], 0, []]);
});
