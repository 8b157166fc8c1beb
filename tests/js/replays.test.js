import assert from "node:assert/strict";
import {afterEach, beforeEach, mock, test} from "node:test";

import {DeviceChoices} from "../../static/js/lib/device-choices.js";
import {ReplayMemory} from "../../static/js/voice/sound/replay-memory.js";
import {Replays} from "../../static/js/voice/sound/replays.js";

const real = {Audio: globalThis.Audio, make: URL.createObjectURL, revoke: URL.revokeObjectURL};

class FakeAudio {
  static made = [];

  constructor(src) {
    this.src = src;
    this.sinks = [];
    this.plays = false;
    FakeAudio.made.push(this);
  }

  async setSinkId(id) {
    this.sinks.push(id);
    FakeAudio.chosen();
  }

  async play() {
    if (FakeAudio.refuses) {
      throw new Error("NotAllowedError");
    }
    this.plays = true;
  }

  pause() {
    this.plays = false;
  }

  removeAttribute() {
    this.src = "";
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

const stage = () => {
  const world = {told: [], now: 0, addresses: new Set(), page: new EventTarget()};
  URL.createObjectURL = () => {
    const url = `blob:${FakeAudio.made.length}`;
    world.addresses.add(url);
    return url;
  };
  URL.revokeObjectURL = (url) => world.addresses.delete(url);
  const devices = new DeviceChoices(null);
  devices.choose({speaker: "headphones", volume: 0.5});
  const memory = new ReplayMemory({clock: () => world.now});
  world.replays = new Replays(devices, (item) => world.told.push(item), memory, world.page);
  world.say = (item) => {
    world.replays.turns.received(item, new ArrayBuffer(960));
    world.replays.turns.finished(item);
  };
  return world;
};

beforeEach(() => {
  FakeAudio.made = [];
  FakeAudio.refuses = false;
  FakeAudio.chosen = () => {};
  globalThis.Audio = FakeAudio;
});

afterEach(() => {
  mock.timers.reset();
  globalThis.Audio = real.Audio;
  Object.assign(URL, {createObjectURL: real.make, revokeObjectURL: real.revoke});
});

test("a line is played on the chosen speaker until its end, and nothing of it is left", async () => {
  const {replays, say, addresses, told} = stage();
  say("a");
  const over = replays.play("a");
  await settled();
  const [audio] = FakeAudio.made;
  assert.deepEqual([replays.playing, audio.plays, audio.volume, audio.sinks], ["a", true, 0.5, ["headphones"]]);
  audio.onended();
  await over;
  assert.deepEqual([replays.playing, audio.plays, audio.src, addresses.size, told], ["", false, "", 0, ["a", "a", "a"]]);
  replays.clear();
});

test("another line stops the one before; stopping stops, and forgetting too", async () => {
  const {replays, say, addresses} = stage();
  ["a", "b"].forEach(say);
  const first = replays.play("a");
  const second = replays.play("b");
  await first;
  assert.deepEqual([replays.playing, addresses.size], ["b", 1]);
  replays.stop();
  await second;
  const third = replays.play("a");
  replays.forget("a");
  await third;
  assert.deepEqual([replays.playing, replays.has("a"), replays.wav("a"), addresses.size], ["", false, null, 0]);
  replays.clear();
});

test("a line that is stopped while its speaker is being chosen is never heard", async () => {
  const {replays, say} = stage();
  say("a");
  FakeAudio.chosen = () => replays.stop();
  await replays.play("a");
  const [audio] = FakeAudio.made;
  await settled();
  assert.deepEqual([replays.playing, audio.plays], ["", false]);
  replays.clear();
});

test("a browser that plays nothing, and a line that is gone, hold nobody up", async () => {
  const {replays, say, addresses} = stage();
  say("a");
  FakeAudio.refuses = true;
  await replays.play("a");
  await replays.play("never said");
  assert.deepEqual([replays.playing, addresses.size, FakeAudio.made.length], ["", 0, 1]);
  replays.clear();
});

test("what is ten minutes old goes by itself, and the page is told to look again", () => {
  mock.timers.enable({apis: ["setTimeout"]});
  const world = stage();
  world.say("a");
  world.now = 300000;
  world.say("b");
  world.now = 600000;
  mock.timers.tick(600000);
  assert.deepEqual([world.replays.has("a"), world.replays.has("b"), world.told], [false, true, ["a", "b", ""]]);
  world.now = 900000;
  mock.timers.tick(300000);
  assert.equal(world.replays.has("b"), false);
});

test("a page that is left remembers nothing", () => {
  const world = stage();
  world.say("a");
  world.page.dispatchEvent(new Event("pagehide"));
  assert.deepEqual([world.replays.has("a"), world.told], [false, ["a", ""]]);
});

test("a line that got another name keeps its sound", () => {
  const world = stage();
  world.say("a");
  world.replays.rename("a", "a~0");
  assert.deepEqual([world.replays.has("a"), world.replays.has("a~0")], [false, true]);
  world.replays.clear();
});
