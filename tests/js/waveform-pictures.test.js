import assert from "node:assert/strict";
import {after, before, test} from "node:test";

import {LevelBars, TravellingBars} from "../../static/js/elements/waveform-pictures.js";
import {LevelHistory} from "../../static/js/lib/level-history.js";

const COLOURS = ["assistant", "user", "quiet"];

before(() => {
  globalThis.window = {devicePixelRatio: 1};
});

after(() => {
  delete globalThis.window;
});

/** A canvas that remembers which colours were drawn, and how long: bars and rectangles of some length. */
const canvas = () => {
  const drawn = [];
  let pending = [];
  let from = 0;
  const context = {
    setTransform() {},
    clearRect() {},
    beginPath: () => (pending = []),
    moveTo: (_x, y) => (from = y),
    lineTo: (_x, y) => pending.push(Math.abs(y - from)),
    stroke: () => pending.forEach((length) => drawn.push([context.strokeStyle, length])),
    fillRect: (_x, _y, width) => width > 0 && drawn.push([context.fillStyle, width]),
  };
  const animation = {playState: "running", currentTime: 0, play() {}, pause() {}, cancel() {}};
  return {drawn, style: {}, getContext: () => context, animate: () => animation};
};

const coloursOf = (drawn) => COLOURS.filter((colour) => drawn.some(([each]) => each === colour));

const pictureOf = (Picture, height) => {
  const paper = canvas();
  const history = new LevelHistory(64);
  const picture = new Picture(paper, history, 60);
  picture.dress(...COLOURS);
  picture.fit({width: 120, height});
  return {picture, history, drawn: paper.drawn};
};

test("where both sides are silent one quiet dot goes on, not a row of each colour", () => {
  const {drawn} = pictureOf(TravellingBars, 46);
  assert.deepEqual(coloursOf(drawn), ["quiet"]);
});

test("who speaks has bars, and who listens has none", () => {
  const {picture, drawn} = pictureOf(TravellingBars, 46);
  drawn.length = 0;
  picture.hear(0.5, 0);
  picture.show(0.5, 0);
  assert.deepEqual(coloursOf(drawn), ["assistant"]);
  assert.ok(drawn.every(([, length]) => length > 1));
});

test("without motion a level of nothing still has a track to be seen", () => {
  const {picture, drawn} = pictureOf(LevelBars, 46);
  assert.deepEqual(drawn, [["quiet", 120], ["quiet", 120]]);
  drawn.length = 0;
  picture.show(0, 0.5);
  assert.deepEqual(coloursOf(drawn), ["user", "quiet"]);
});
