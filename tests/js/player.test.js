import assert from "node:assert/strict";
import {afterEach, beforeEach, test} from "node:test";

import {Player} from "../../static/js/voice/player.js";

/** A worklet node whose audio thread is the test. */
class FakeNode {
  constructor() {
    this.posted = [];
    this.port = {onmessage: null, postMessage: (message) => this.posted.push(message)};
    FakeNode.last = this;
  }

  connect() {}

  disconnect() {}

  report(data) {
    this.port.onmessage({data: {stats: {}, ...data}});
  }
}

const samples = (ms) => new ArrayBuffer(ms * 48);

const opened = async () => {
  const stage = {ready: Promise.resolve(), context: {currentTime: 10, destination: {}}};
  const playing = [];
  const player = new Player(stage, {onPlaying: (item) => playing.push(item)});
  await player.open();
  return {stage, player, playing, node: FakeNode.last};
};

const realNode = globalThis.AudioWorkletNode;

beforeEach(() => {
  globalThis.AudioWorkletNode = FakeNode;
});

afterEach(() => {
  globalThis.AudioWorkletNode = realNode;
});

/** Let `interrupt` reach the worklet, and answer for it. */
const answerClear = (node, items) => {
  const clear = node.posted.find((message) => message.type === "clear");
  node.report({type: "cleared", id: clear.id, items});
};

test("an interruption tells what the audio thread says was played", async () => {
  const {player, node} = await opened();
  player.append("a", samples(1000));
  const cut = player.interrupt();
  answerClear(node, [{item: "a", played: 240 * 24}]);
  assert.deepEqual(await cut, [{item_id: "a", audio_end_ms: 240}]);
});

test("an item that still waits was heard for no time at all", async () => {
  const {player, node} = await opened();
  player.append("a", samples(500));
  player.append("b", samples(500));
  const cut = player.interrupt();
  answerClear(node, [{item: "a", played: 100 * 24}, {item: "b", played: 0}]);
  assert.deepEqual(await cut, [{item_id: "a", audio_end_ms: 100}, {item_id: "b", audio_end_ms: 0}]);
});

test("no more than was received can have been heard", async () => {
  const {player, node} = await opened();
  player.append("a", samples(100));
  const cut = player.interrupt();
  answerClear(node, [{item: "a", played: 5000 * 24}]);
  assert.deepEqual(await cut, [{item_id: "a", audio_end_ms: 100}]);
});

test("what was heard to its end is not cut off", async () => {
  const {player, node} = await opened();
  player.append("a", samples(100));
  player.finish("a");
  node.report({type: "finished", item: "a", played: 2400});
  assert.deepEqual(await player.interrupt(), []);
});

test("sound of an interrupted item that comes late is dropped", async () => {
  const {player, node} = await opened();
  player.append("a", samples(100));
  const cut = player.interrupt();
  answerClear(node, []);
  await cut;
  const before = node.posted.length;
  player.append("a", samples(100));
  assert.equal(node.posted.length, before);
});

test("a page that is about to be gone reckons with the last report and the clock", async () => {
  const {stage, player, node} = await opened();
  player.append("a", samples(2000));
  node.report({type: "progress", item: "a", played: 500 * 24, playing: true, at: 10, level: 0.3});
  stage.context.currentTime = 10.03125;
  assert.deepEqual(player.abandon(), [{item_id: "a", audio_end_ms: 531}]);
});

test("a silent audio thread does not hold an interruption up", async () => {
  const {player, node} = await opened();
  player.append("a", samples(2000));
  node.report({type: "progress", item: "a", played: 24 * 24, playing: false, at: 10, level: 0});
  assert.deepEqual(await player.interrupt(), [{item_id: "a", audio_end_ms: 24}]);
});

test("it tells which item sounds and when none does", async () => {
  const {player, playing, node} = await opened();
  player.append("a", samples(100));
  node.report({type: "progress", item: "a", played: 10, playing: true, at: 10, level: 0.5});
  node.report({type: "finished", item: "a", played: 2400});
  assert.deepEqual(playing, ["a", ""]);
});

test("sound that arrives before the worklet is loaded is not lost", async () => {
  const stage = {ready: Promise.resolve(), context: {currentTime: 0, destination: {}}};
  const player = new Player(stage, {onPlaying: () => undefined});
  player.append("a", samples(10));
  player.finish("a");
  await player.open();
  assert.deepEqual(FakeNode.last.posted.map((message) => message.type), ["audio", "end"]);
});

test("an odd number of bytes cannot shift the samples that follow", async () => {
  const {player, node} = await opened();
  player.append("a", new ArrayBuffer(101));
  assert.equal(node.posted[0].samples.byteLength, 100);
});

test("another upstream may give an item the name of one that was stopped", async () => {
  const {player, node} = await opened();
  player.append("a", samples(100));
  const cut = player.interrupt();
  answerClear(node, []);
  await cut;
  player.renew();
  player.append("a", samples(50));
  const last = node.posted[node.posted.length - 1];
  assert.deepEqual([last.type, last.item, last.samples.byteLength], ["audio", "a", 2400]);
});
