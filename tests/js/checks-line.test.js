import assert from "node:assert/strict";
import {mock, test} from "node:test";

import {judgeRoundTrip, measureRoundTrip, median, openLine} from "../../static/js/voice/checks/connection.js";
import {AnswerWatch, hearAnswer, judgeFirstSound, judgePlayback} from "../../static/js/voice/checks/spoken-answer.js";
import {TestLine} from "../../static/js/voice/checks/test-line.js";

/** A wire in the hands of the test: `says` is what the server does with what is sent. */
const wireThat = (says = () => undefined) => {
  const wire = {sent: [], closed: false, listener: null};
  wire.open = (listener) => {
    wire.listener = listener;
    return {
      send: (event) => {
        wire.sent.push(event);
        says(event, listener);
      },
      close: () => {
        wire.closed = true;
      },
    };
  };
  return wire;
};

/** Timers in the hands of the test, for the length of `act`. */
const withTimers = async (act) => {
  mock.timers.enable({apis: ["setTimeout"]});
  try {
    await act();
  } finally {
    mock.timers.reset();
  }
};

const clock = (...times) => () => times.shift();
const settled = () => new Promise((resolve) => setImmediate(resolve));
const session = {type: "voiceassist.session", save: false, provider: {label: "A"}, voice_problem: ""};

test("a socket is open when the one who answers is there and nothing is kept", async () => {
  const wire = wireThat();
  const opening = openLine({openWire: wire.open, now: clock(0, 140.4)});
  wire.listener.onEvent({type: "session.created"});
  wire.listener.onEvent(session);
  const {line, session: told, outcome} = await opening;
  assert.ok(line instanceof TestLine);
  assert.equal(told, session);
  assert.deepEqual([outcome.verdict, outcome.figures.ms], ["fine", 140]);
  assert.equal(wire.closed, false);
});

test("a server that would keep what is said is not asked anything", async () => {
  const wire = wireThat();
  const opening = openLine({openWire: wire.open, now: clock(0, 1)});
  wire.listener.onEvent({type: "session.created"});
  wire.listener.onEvent({...session, save: true});
  const {line, outcome} = await opening;
  assert.deepEqual([line, outcome.code, wire.closed], [null, "record_refused", true]);
});

test("why a socket did not open is told: no way through, a spent ticket, the server's own reason", async () => {
  const ends = [
    [(listener) => listener.onClosed({code: 1006, reason: ""}), "socket_failed", "connection_lost", ""],
    [(listener) => listener.onClosed({code: 4401, reason: ""}), "ticket_expired", "ticket_refused", ""],
    [(listener) => listener.onClosed({code: 4503, reason: ""}), "socket_ended", "realtime_unavailable", ""],
    [
      (listener) => {
        listener.onEvent({type: "voiceassist.ended", reason: "engine_busy", code: "engine_busy", detail: "Everyone speaks."});
        listener.onClosed({code: 4503, reason: ""});
      },
      "socket_ended",
      "engine_busy",
      "Everyone speaks.",
    ],
  ];
  for (const [end, code, cause, detail] of ends) {
    const wire = wireThat();
    const opening = openLine({openWire: wire.open, now: () => 0});
    end(wire.listener);
    const {line, outcome} = await opening;
    assert.deepEqual([line, outcome.verdict, outcome.code, outcome.figures.code, outcome.detail], [null, "failed", code, cause, detail]);
  }
});

test("a socket on which nothing comes is given up after ten seconds", () =>
  withTimers(async () => {
    const wire = wireThat();
    const opening = openLine({openWire: wire.open, now: () => 0});
    mock.timers.tick(10000);
    assert.deepEqual([(await opening).outcome.code, wire.closed], ["socket_failed", true]);
  }));

test("who waits on a line that is over is told at once", async () => {
  const wire = wireThat();
  const line = new TestLine(wire.open);
  line.close();
  await assert.rejects(
    line.next(() => true, 1000),
    {code: "client"},
  );
});

test("the middle of five echoes is the round trip, and each has its own id", async () => {
  const wire = wireThat((event, listener) => queueMicrotask(() => listener.onEvent({type: "voiceassist.pong", id: event.id})));
  const line = new TestLine(wire.open);
  const outcome = await measureRoundTrip({line, now: clock(0, 10, 100, 130, 200, 220, 300, 390, 400, 440)});
  assert.deepEqual([outcome.verdict, outcome.figures], ["fine", {ms: 30, longest: 90}]);
  assert.equal(new Set(wire.sent.map(({id}) => id)).size, 5);
  assert.ok(wire.sent.every(({type}) => type === "voiceassist.ping"));
});

test("an echo that does not come back fails, and so does a line that breaks meanwhile", () =>
  withTimers(async () => {
    const mute = new TestLine(wireThat().open);
    const measuring = measureRoundTrip({line: mute, now: () => 0});
    mock.timers.tick(3000);
    assert.deepEqual([(await measuring).code, (await measuring).figures.answered], ["round_trip_lost", 0]);

    const wire = wireThat((_event, listener) => listener.onClosed({code: 1006, reason: ""}));
    assert.equal((await measureRoundTrip({line: new TestLine(wire.open), now: () => 0})).code, "socket_failed");
  }));

test("a long way is worth a look", () => {
  assert.equal(judgeRoundTrip(299, 400).verdict, "fine");
  assert.deepEqual([judgeRoundTrip(301, 400).verdict, judgeRoundTrip(301, 400).code], ["look", "high_latency"]);
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([1, 2, 3, 10]), 2.5);
});

/** A player that sounds as soon as it has something, and comes to its end when told that no more will come. */
const playerOf = ({underruns = 0, sounds = true} = {}) => {
  const player = {appended: [], finished: [], tell: () => undefined, stats: {underruns: 3, samplesPlayed: 100}};
  player.append = (item, pcm) => {
    player.appended.push([item, pcm.byteLength]);
    if (sounds) {
      player.tell(item);
    }
  };
  player.finish = (item) => {
    player.finished.push(item);
    player.stats = {underruns: 3 + underruns, samplesPlayed: 100 + 24000};
    player.tell("");
  };
  return player;
};

const hear = (wire, player, now) =>
  hearAnswer({
    line: new TestLine(wire.open),
    player,
    watchPlaying: (tell) => {
      player.tell = tell;
    },
    now,
  });

const part = {type: "response.content_part.added", item_id: "item_a", part: {type: "audio"}};

test("an answer is timed from the question to its first sound, piece by piece", async () => {
  let at = 1000;
  const wire = wireThat((event, listener) => {
    if (event.type !== "response.create") {
      return;
    }
    queueMicrotask(() => {
      at = 1300;
      listener.onEvent(part);
      listener.onAudio(new ArrayBuffer(1920));
      at = 1350;
      listener.onAudio(new ArrayBuffer(1920));
      at = 1600;
      listener.onAudio(new ArrayBuffer(1920));
      listener.onEvent({type: "response.output_audio.done", item_id: "item_a"});
      listener.onEvent({type: "response.done", response: {status: "completed"}});
    });
  });
  const player = playerOf();
  const heard = await hear(wire, player, () => at);
  assert.deepEqual(heard, {firstByte: 300, firstSound: 300, longestGap: 250, pieces: 3, underruns: 0, played: 24000, failure: ""});
  assert.deepEqual(player.appended, [
    ["item_a", 1920],
    ["item_a", 1920],
    ["item_a", 1920],
  ]);
  const [question, ask] = wire.sent;
  assert.equal(question.item.content[0].type, "input_text");
  assert.deepEqual(ask, {type: "response.create", response: {output_modalities: ["audio"]}});
  assert.deepEqual(judgeFirstSound(heard).figures, {ms: 300, firstByte: 300});
  assert.deepEqual(judgePlayback(heard).figures, {underruns: 0, longestGap: 250, pieces: 3, seconds: 1});
});

test("an answer that fails, one that never comes and a line that breaks are told apart", async () => {
  const failing = wireThat((event, listener) => event.type === "response.create" && listener.onEvent({type: "response.done", response: {status: "failed"}}));
  assert.equal(judgeFirstSound(await hear(failing, playerOf(), () => 0)).code, "answer_failed");

  const breaking = wireThat((event, listener) => event.type === "response.create" && listener.onClosed({code: 4502, reason: ""}));
  const broken = judgeFirstSound(await hear(breaking, playerOf(), () => 0));
  assert.deepEqual([broken.code, broken.figures.code], ["answer_failed", "provider_failed"]);

  await withTimers(async () => {
    const hearing = hear(wireThat(), playerOf(), () => 0);
    mock.timers.tick(25000);
    assert.equal(judgeFirstSound(await hearing).code, "no_answer");
  });
});

test("sound that came and was not played is no playback", () =>
  withTimers(async () => {
    const wire = wireThat((event, listener) => {
      if (event.type === "response.create") {
        listener.onEvent(part);
        listener.onAudio(new ArrayBuffer(1920));
        listener.onEvent({type: "response.done", response: {status: "completed"}});
      }
    });
    const player = playerOf({sounds: false});
    player.finish = () => undefined;
    const hearing = hear(wire, player, () => 5);
    await settled();
    mock.timers.tick(20000);
    assert.deepEqual([judgeFirstSound(await hearing).verdict, judgeFirstSound(await hearing).code], ["failed", "no_playback"]);
  }));

test("late sound, holes and bursts are worth a look", () => {
  const whole = {firstByte: 900, firstSound: 1000, longestGap: 100, pieces: 20, underruns: 0, played: 48000, failure: ""};
  assert.equal(judgeFirstSound(whole).verdict, "fine");
  assert.equal(judgeFirstSound({...whole, firstSound: 2001}).code, "high_latency");
  assert.equal(judgePlayback(whole).verdict, "fine");
  assert.equal(judgePlayback({...whole, underruns: 2}).code, "underruns");
  assert.equal(judgePlayback({...whole, longestGap: 401}).code, "packet_gaps");
});

test("only the first sound of an answer counts", () => {
  const watch = new AnswerWatch(clock(0, 50, 60));
  watch.sounded();
  watch.sounded();
  assert.equal(watch.heard({underruns: 0, samplesPlayed: 0}, "").firstSound, 50);
});
