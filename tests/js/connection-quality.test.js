import assert from "node:assert/strict";
import {mock, test} from "node:test";

import {Arrivals} from "../../static/js/voice/connection/arrivals.js";
import {ConnectionQuality} from "../../static/js/voice/connection/connection-quality.js";
import {ConnectionWatch} from "../../static/js/voice/connection/connection-watch.js";
import {RoundTrips} from "../../static/js/voice/connection/round-trips.js";
import {connected} from "./session-stage.js";

const FINE = {roundTrip: 40, behind: 0, waiting: 0};
const looks = (quality, measured, times) => Array.from({length: times}, () => quality.look(measured));

test("nothing is said of a connection before it was measured", () => {
  const quality = new ConnectionQuality();
  assert.equal(quality.look({...FINE, roundTrip: null}), "");
  assert.equal(quality.look(FINE), "good");
  quality.begin();
  assert.equal(quality.current, "");
});

test("each of the three makes it worse: a long way, missing sound, bytes that nobody takes", () => {
  const seen = (measured) => new ConnectionQuality().look({...FINE, ...measured});
  assert.deepEqual([seen({roundTrip: 301}), seen({roundTrip: 801})], ["fair", "poor"]);
  assert.deepEqual([seen({behind: 151}), seen({behind: 601})], ["fair", "poor"]);
  assert.deepEqual([seen({waiting: 24001}), seen({waiting: 96001})], ["fair", "poor"]);
});

test("one hiccup is not told, two are, and getting better has to last", () => {
  const quality = new ConnectionQuality();
  const bad = {...FINE, roundTrip: 900};
  quality.look(FINE);
  assert.deepEqual([quality.look(bad), quality.look(FINE), quality.look(bad), quality.look(bad)], ["good", "good", "good", "poor"]);
  assert.deepEqual(looks(quality, FINE, 5), ["poor", "poor", "poor", "poor", "good"]);
});

test("a round trip is measured by its own answer, and what was asked before that is answered too", () => {
  let now = 0;
  const trips = new RoundTrips(() => now);
  assert.deepEqual([trips.latest, trips.overdue], [null, 0]);
  const lost = trips.ping();
  now = 5000;
  const {type, id} = trips.ping();
  now = 5080;
  assert.equal(trips.overdue, 5080);
  trips.answered(id);
  trips.answered("made up");
  assert.deepEqual([type, trips.latest, trips.overdue], ["voiceassist.ping", 80, 0]);
  trips.answered(lost.id);
  assert.equal(trips.latest, 80);
});

test("sound that comes faster than it is played is never behind, whatever the pauses", () => {
  let now = 0;
  const arrivals = new Arrivals(() => now);
  arrivals.frame("a", 48000);
  now = 900;
  arrivals.frame("a", 48000);
  assert.deepEqual([arrivals.gap, arrivals.behind], [900, 0]);
});

test("sound that comes too late is behind by what was missing, until that is forgotten", () => {
  let now = 0;
  const arrivals = new Arrivals(() => now);
  arrivals.frame("a", 1920);
  now = 240;
  arrivals.frame("a", 1920);
  assert.deepEqual([arrivals.gap, arrivals.behind], [240, 200]);
  now = 5000;
  arrivals.frame("b", 1920);
  assert.deepEqual([arrivals.gap, arrivals.behind], [240, 200], "between two answers nothing is missing");
  now = 10300;
  assert.deepEqual([arrivals.gap, arrivals.behind], [0, 0]);
});

/** A watch on a page that is looked at, and what it did. */
const watching = (act) => () => {
  mock.timers.enable({apis: ["setInterval"]});
  const document = {visibilityState: "visible"};
  Object.assign(globalThis, {document});
  const seen = {now: 0, sent: [], qualities: [], gone: 0, waiting: 0, document};
  const watch = new ConnectionWatch(
    {
      send: (event) => seen.sent.push(event),
      waiting: () => seen.waiting,
      onQuality: (quality) => seen.qualities.push(quality),
      onGone: () => (seen.gone += 1),
    },
    () => seen.now,
  );
  seen.later = (seconds) => {
    for (let second = 0; second < seconds; second += 1) {
      seen.now += 1000;
      mock.timers.tick(1000);
    }
  };
  try {
    act(watch, seen);
  } finally {
    watch.on = false;
    mock.timers.reset();
    delete globalThis.document;
  }
};

test(
  "it asks at once and every two seconds while it is on; while nobody sees the page, it measures nothing",
  watching((watch, seen) => {
    watch.on = true;
    watch.on = true;
    assert.equal(seen.sent.length, 1);
    seen.later(1);
    watch.alive();
    seen.later(4);
    assert.equal(seen.sent.length, 3);
    seen.document.visibilityState = "hidden";
    seen.later(60);
    assert.deepEqual([seen.sent.length, seen.gone], [33, 0], "the server learns all the same what has come");
    const told = seen.qualities.length;
    watch.answered(seen.sent[32].id);
    assert.deepEqual([watch.figures.roundTripMs, seen.qualities.length], [null, told]);
    watch.on = false;
    seen.document.visibilityState = "visible";
    seen.later(60);
    assert.equal(seen.sent.length, 33);
  }),
);

test(
  "a network that went away without a word is noticed",
  watching((watch, seen) => {
    watch.on = true;
    seen.now = 20;
    watch.alive();
    watch.answered(seen.sent[0].id);
    seen.later(5);
    assert.equal(seen.gone, 0);
    seen.later(1);
    assert.equal(seen.gone, 1);
  }),
);

test(
  "any frame is a sign of life, and a page that stood still was itself not there",
  watching((watch, seen) => {
    watch.on = true;
    for (let frames = 0; frames < 10; frames += 1) {
      seen.later(5);
      watch.alive();
    }
    seen.now += 60000;
    seen.later(5);
    assert.equal(seen.gone, 0);
    watch.on = false;
    watch.on = true;
    seen.later(5);
    assert.equal(seen.gone, 0, "another socket begins anew");
  }),
);

test(
  "an answer that is missing for two seconds is a poor connection, the first one too",
  watching((watch, seen) => {
    watch.on = true;
    seen.later(1);
    assert.equal(seen.qualities.pop(), "");
    seen.later(1);
    assert.equal(seen.qualities.pop(), "poor");
    watch.on = false;
    watch.on = true;
    seen.now += 20;
    seen.sent.forEach(({id}) => watch.answered(id));
    assert.equal(seen.qualities.pop(), "good");
    seen.later(4);
    assert.equal(seen.qualities.pop(), "poor", "asked after two seconds, and waited for two");
  }),
);

test(
  "what it measured can be read, and nothing else is in it",
  watching((watch, seen) => {
    assert.deepEqual(watch.figures, {roundTripMs: null, packetGapMs: 0});
    watch.on = true;
    seen.now = 33.4;
    watch.answered(seen.sent[0].id);
    assert.deepEqual(watch.figures, {roundTripMs: 33, packetGapMs: 0});
    assert.deepEqual(seen.qualities, ["", "good"]);
  }),
);

test("a session is watched while voice is on and connected; its quality is state, its figures are numbers", async () => {
  mock.timers.enable({apis: ["setInterval", "setTimeout"]});
  const target = new EventTarget();
  Object.assign(globalThis, {window: target, document: Object.assign(new EventTarget(), {visibilityState: "visible"})});
  try {
    const {session, wire, voice} = await connected();
    const [ping] = wire.sent;
    assert.equal(ping.type, "voiceassist.ping");
    wire.emit("voiceassist.pong", {id: ping.id});
    assert.equal(session.state.quality, "good");
    assert.ok(Object.values(session.figures).every((figure) => typeof figure === "number"), JSON.stringify(session.figures));
    // Words and sound are signs of life too.
    mock.timers.tick(4000);
    wire.emit("response.created", {response: {id: "r"}});
    mock.timers.tick(4000);
    wire.listener.onAudio(new ArrayBuffer(2));
    mock.timers.tick(4000);
    assert.equal(session.status, "connected");
    voice.listener.onLost();
    assert.equal(session.state.quality, "");
    const sent = wire.sent.length;
    mock.timers.tick(20000);
    assert.equal(wire.sent.length, sent);
    await session.disconnect();
  } finally {
    mock.timers.reset();
    delete globalThis.window;
    delete globalThis.document;
  }
});
