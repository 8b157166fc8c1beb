import assert from "node:assert/strict";
import {afterEach, beforeEach, mock, test} from "node:test";

import {Player} from "../../static/js/voice/sound/player.js";

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
  assert.deepEqual(await cut, [{item_id: "a", audio_end_ms: 240, received_ms: 1000}]);
});

test("an item that still waits was heard for no time at all", async () => {
  const {player, node} = await opened();
  player.append("a", samples(500));
  player.append("b", samples(500));
  const cut = player.interrupt();
  answerClear(node, [{item: "a", played: 100 * 24}, {item: "b", played: 0}]);
  assert.deepEqual(await cut, [
    {item_id: "a", audio_end_ms: 100, received_ms: 500},
    {item_id: "b", audio_end_ms: 0, received_ms: 500},
  ]);
});

test("no more than was received can have been heard", async () => {
  const {player, node} = await opened();
  player.append("a", samples(100));
  const cut = player.interrupt();
  answerClear(node, [{item: "a", played: 5000 * 24}]);
  assert.deepEqual(await cut, [{item_id: "a", audio_end_ms: 100, received_ms: 100}]);
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
  assert.deepEqual(player.abandon(), [{item_id: "a", audio_end_ms: 531, received_ms: 2000}]);
});

test("a silent audio thread does not hold an interruption up", async () => {
  const {player, node} = await opened();
  player.append("a", samples(2000));
  node.report({type: "progress", item: "a", played: 24 * 24, playing: false, at: 10, level: 0});
  assert.deepEqual(await player.interrupt(), [{item_id: "a", audio_end_ms: 24, received_ms: 2000}]);
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
  assert.deepEqual([last.type, last.samples.byteLength], ["audio", 2400]);
});

test("it is audible from the first sound that waits to the last that is played, and not in a pause", async () => {
  const {player, node} = await opened();
  assert.equal(player.isAudible, false);
  player.append("a", samples(100));
  assert.equal(player.isAudible, true, "it is about to be");
  node.report({type: "progress", item: "a", played: 2400, playing: false, at: 10, level: 0});
  assert.equal(player.isAudible, false, "all of it was played, and more has not come");
  player.append("a", samples(100));
  assert.equal(player.isAudible, true);
  const cut = player.interrupt();
  assert.equal(player.isAudible, false);
  answerClear(node, []);
  await cut;
});

test("on another audio context it goes on with what comes, and lets the old one go", async () => {
  const {player, node} = await opened();
  player.append("a", samples(100));
  player.abandon();
  await player.open({name: "output"});
  assert.equal(node.posted[node.posted.length - 1].type, "close");
  assert.equal(node.port.onmessage, null);
  player.append("b", samples(50));
  assert.deepEqual(FakeNode.last.posted.map((message) => message.item), ["b"]);
});

test("closed, it fades out before it lets its node go, and opens no other", async () => {
  mock.timers.enable({apis: ["setTimeout"]});
  try {
    const {player, node, playing} = await opened();
    player.append("a", samples(100));
    node.report({type: "progress", item: "a", played: 10, playing: true, at: 10, level: 0.5});
    player.close();
    assert.deepEqual([playing, node.posted.map(({type}) => type)], [["a", ""], ["audio", "clear"]]);
    mock.timers.tick(20);
    assert.deepEqual([node.posted.map(({type}) => type), node.port.onmessage], [["audio", "clear", "close"], null]);
    await player.open();
    assert.equal(FakeNode.last, node);
  } finally {
    mock.timers.reset();
  }
});

test("what sounds keeps its own name when another upstream uses it for something else", async () => {
  const {player, playing, node} = await opened();
  player.append("a", samples(1000));
  player.renew();
  player.append("a", samples(500));
  player.finish("a");
  const [first, ended, second, finished] = node.posted;
  assert.deepEqual([first.item, ended.type, finished.type], [ended.item, "end", "end"]);
  assert.notEqual(second.item, first.item);
  assert.equal(finished.item, second.item);
  node.report({type: "finished", item: first.item, played: 24000});
  node.report({type: "progress", item: second.item, played: 2400, playing: true, at: 10, level: 0.3});
  assert.deepEqual(playing, ["a"]);
  assert.deepEqual(player.abandon(), [{item_id: "a", audio_end_ms: 100, received_ms: 500}]);
});

test("of two that sound under one name the later one is meant", async () => {
  const {player} = await opened();
  player.append("a", samples(1000));
  player.renew();
  player.append("a", samples(500));
  assert.deepEqual(player.abandon(), [{item_id: "a", audio_end_ms: 0, received_ms: 500}]);
});
