import assert from "node:assert/strict";
import {afterEach, beforeEach, test} from "node:test";

import {Speaker} from "../../static/js/voice/sound/speaker.js";

const names = ["AudioContext", "HTMLMediaElement", "Audio"];
const real = Object.fromEntries(names.map((name) => [name, globalThis[name]]));

class Context {
  constructor() {
    this.currentTime = 1;
    this.destination = {name: "device"};
    this.gains = [];
  }

  createGain() {
    const gain = {gain: {value: 1, ramps: [], setTargetAtTime: (...all) => gain.gain.ramps.push(all)}, to: null};
    gain.connect = (node) => (gain.to = node);
    gain.disconnect = () => (gain.to = null);
    this.gains.push(gain);
    return gain;
  }

  createMediaStreamDestination() {
    return {name: "joint", stream: {}};
  }
}

/** Chrome from 110 on. */
class ChoosingContext extends Context {
  constructor() {
    super();
    this.sinks = [];
  }

  async setSinkId(id) {
    if (id === "gone") {
      throw new Error("NotFoundError");
    }
    this.sinks.push(id);
  }
}

class Element {
  static made = [];

  constructor() {
    this.sinks = [];
    this.plays = false;
    Element.made.push(this);
  }

  async play() {
    this.plays = true;
  }

  pause() {
    this.plays = false;
  }
}

class ChoosingElement extends Element {
  async setSinkId(id) {
    if (id === "gone") {
      throw new Error("NotFoundError");
    }
    this.sinks.push(id);
  }
}

/** A speaker in a browser whose contexts and elements let one choose, or do not. */
const speakerOf = (ContextKind, ElementKind = Element) => {
  globalThis.AudioContext = ContextKind;
  globalThis.HTMLMediaElement = ElementKind;
  globalThis.Audio = ElementKind;
  const world = {context: new ContextKind(), changed: 0};
  world.stage = {context: world.context};
  world.speaker = new Speaker(world.stage, {
    onChanged: () => {
      world.changed += 1;
    },
  });
  return world;
};

beforeEach(() => {
  Element.made = [];
});

afterEach(() => {
  names.forEach((name) => {
    globalThis[name] = real[name];
  });
});

test("the volume is ramped, so that it does not crackle", () => {
  const {speaker, context} = speakerOf(Context);
  speaker.volume = 0.5;
  assert.deepEqual(context.gains[0].gain.ramps, [[0.5, 1, 0.02]]);
});

test("the context sounds where it was told to", async () => {
  const {speaker, context, changed} = speakerOf(ChoosingContext);
  await speaker.use("headphones");
  await speaker.use("headphones");
  await speaker.use("");
  assert.deepEqual([context.sinks, changed], [["headphones", ""], 0]);
});

test("where only elements choose, the sound goes through one, and back when it need not", async () => {
  const {speaker, context} = speakerOf(Context, ChoosingElement);
  await speaker.use("headphones");
  const [element] = Element.made;
  assert.deepEqual([element.sinks, element.plays, context.gains[0].to.name], [["headphones"], true, "joint"]);
  await speaker.use("");
  assert.deepEqual([element.plays, element.srcObject, context.gains[0].to.name], [false, null, "device"]);
});

test("where nothing lets one choose, it sounds as always", async () => {
  const {speaker, context, changed} = speakerOf(Context);
  await speaker.use("headphones");
  assert.deepEqual([context.gains[0].to.name, changed, Element.made.length], ["device", 0, 0]);
});

for (const [name, ...kinds] of [["contexts", ChoosingContext], ["elements", Context, ChoosingElement]]) {
  test(`one that is gone is said once, and the system's own sounds (${name})`, async () => {
    const world = speakerOf(...kinds);
    await world.speaker.use("gone");
    assert.equal(world.changed, 1);
    await world.speaker.look(["headphones"]);
    assert.equal(world.changed, 1);
    assert.equal(world.context.gains[0].to.name, "device");
  });
}

test("one that is pulled out is left, and used again when it is back", async () => {
  const world = speakerOf(ChoosingContext);
  await world.speaker.use("headphones");
  await world.speaker.look([]);
  assert.equal(world.changed, 0, "a browser that tells no names tells nothing");
  await world.speaker.look(["other"]);
  await world.speaker.look(["other", "headphones"]);
  assert.deepEqual([world.context.sinks, world.changed], [["headphones", "", "headphones"], 1]);
});

test("another context is routed like the one before", async () => {
  const world = speakerOf(ChoosingContext);
  world.speaker.volume = 0.3;
  await world.speaker.use("headphones");
  world.stage.context = new ChoosingContext();
  await world.speaker.renew();
  assert.deepEqual([world.stage.context.sinks, world.stage.context.gains[0].gain.value], [["headphones"], 0.3]);
  assert.equal(world.speaker.input, world.stage.context.gains[0]);
});
