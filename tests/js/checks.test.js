import assert from "node:assert/strict";
import {test} from "node:test";

import {judgeBrowser, judgeSecurity, missingParts} from "../../static/js/voice/checks/browser.js";
import {Examination, summaryOf} from "../../static/js/voice/checks/examination.js";
import {LevelTally, PATIENCE_MS, listen, meterPosition} from "../../static/js/voice/checks/level.js";
import {checkMicrophone} from "../../static/js/voice/checks/microphone-permission.js";
import {failed, fine, look} from "../../static/js/voice/checks/outcome.js";
import {Heard, checkTone, judgeRates} from "../../static/js/voice/checks/sound.js";
import {askForTicket, judgeExpiry, judgeProvider, judgeRefusal} from "../../static/js/voice/checks/ticket.js";
import {Problem} from "../../static/js/voice/problem.js";

const nothing = () => undefined;

/** A window that can do everything. */
const able = (without = {}) => ({
  isSecureContext: true,
  location: {protocol: "https:", hostname: "voice.example"},
  WebSocket: nothing,
  AudioContext: nothing,
  AudioWorkletNode: nothing,
  navigator: {mediaDevices: {getUserMedia: nothing}},
  crypto: {getRandomValues: nothing},
  fetch: nothing,
  customElements: {},
  ...without,
});

const verdictsOf = (examination) => examination.found.map(({outcome}) => outcome.verdict);

test("a browser that can do everything is fine, and each part that is missing is named", () => {
  assert.equal(judgeBrowser(able()).verdict, "fine");
  for (const [name, part] of [
    ["WebSocket", "WebSocket"],
    ["AudioContext", "Web Audio"],
    ["AudioWorkletNode", "AudioWorklet"],
    ["navigator", "getUserMedia"],
    ["crypto", "random numbers"],
    ["fetch", "fetch"],
    ["customElements", "custom elements"],
  ]) {
    const found = judgeBrowser(able({[name]: undefined}));
    assert.deepEqual([found.verdict, found.code, found.figures.missing], ["failed", "browser_too_old", part]);
  }
});

test("what an insecure page is not given does not make the browser an old one", () => {
  const insecure = able({isSecureContext: false, location: {protocol: "http:", hostname: "10.0.0.1"}, navigator: {}, AudioWorkletNode: undefined});
  assert.deepEqual(missingParts(insecure), []);
  assert.deepEqual(judgeSecurity(insecure), failed("insecure_context", {scheme: "http"}));
  assert.deepEqual(judgeSecurity(able()), fine({scheme: "https", local: false}));
});

test("where plain http is secure it is known why", () => {
  const over = (hostname) => judgeSecurity(able({location: {protocol: "http:", hostname}})).figures.local;
  assert.deepEqual(["127.0.0.1", "localhost", "voice.localhost", "[::1]"].map(over), [true, true, true, true]);
  // Such as one that somebody told the browser to trust.
  assert.deepEqual(["voice.example", "127.0.0.1.voice.example", "localhost.voice.example"].map(over), [false, false, false]);
});

test("the older name of the audio context counts", () => {
  assert.deepEqual(missingParts(able({AudioContext: undefined, webkitAudioContext: nothing})), []);
});

const streamOf = (track) => ({getAudioTracks: () => [{label: "Headset", muted: false, ...track}]});
const devices = {microphone: "a", noiseSuppression: false};
const permissions = (state) => ({query: async () => ({state})});

test("a microphone that may be used is fine, under its own name", async () => {
  const wishes = [];
  const stream = streamOf({});
  const open = async (wish) => {
    wishes.push(wish);
    return {stream, fellBack: false};
  };
  const asked = [];
  const found = await checkMicrophone({open, permissions: permissions("granted"), devices, ask: (code) => asked.push(code)});
  assert.equal(found.stream, stream);
  assert.deepEqual(found.outcome, fine({device: "Headset"}));
  assert.deepEqual(wishes, [{device: "a", noiseSuppression: false}]);
  assert.deepEqual(asked, []);
});

test("where the browser is going to ask, the person is told so first", async () => {
  const asked = [];
  const open = async () => {
    assert.deepEqual(asked, ["allow_microphone"]);
    return {stream: streamOf({}), fellBack: false};
  };
  for (const unknown of [permissions("prompt"), undefined, {query: async () => Promise.reject(new TypeError())}]) {
    asked.length = 0;
    const {outcome} = await checkMicrophone({open, permissions: unknown, devices, ask: (code) => asked.push(code)});
    assert.equal(outcome.verdict, "fine");
  }
});

test("each way in which a microphone is not to be had has its own code", async () => {
  for (const code of ["microphone_denied", "microphone_missing", "microphone_busy", "microphone_failed"]) {
    const open = async () => {
      throw new Problem(code);
    };
    const {stream, outcome} = await checkMicrophone({open, permissions: permissions("denied"), devices, ask: nothing});
    assert.equal(stream, null);
    assert.deepEqual(outcome, failed(code, {permission: "denied"}));
  }
});

test("a muted microphone and one in place of another are worth a look", async () => {
  const of = (stream, fellBack) => checkMicrophone({open: async () => ({stream, fellBack}), permissions: permissions("granted"), devices, ask: nothing});
  assert.equal((await of(streamOf({muted: true}), false)).outcome.code, "microphone_muted");
  assert.equal((await of(streamOf({}), true)).outcome.code, "microphone_replaced");
});

const tone = (amplitude) => Float32Array.from({length: 1920}, (_, at) => amplitude * Math.sin(at / 10));

/** What is found when every block is the same. */
const heard = async (samples, more = {}) => {
  const shown = [];
  let pauses = 0;
  const outcome = await listen({
    block: () => samples,
    show: (position) => shown.push(position),
    pause: async () => {
      pauses += 1;
    },
    isOver: () => false,
    ...more,
  });
  return {outcome, shown, pauses};
};

test("speech is fine, and is not waited for any longer than it takes to judge it", async () => {
  const {outcome, shown, pauses} = await heard(tone(0.3));
  assert.deepEqual([outcome.verdict, outcome.figures.loudest], ["fine", -13]);
  assert.equal(outcome.figures.peak, -10, "its loudest sample is louder than its loudest block");
  assert.equal(pauses, 20);
  assert.ok(shown[0] > 0.7 && shown[0] < 0.85);
  assert.equal(shown[shown.length - 1], 0, "the meter falls back");
});

test("a silent microphone, a quiet voice and a cut-off one are told apart", async () => {
  const silent = await heard(new Float32Array(1920));
  assert.deepEqual([silent.outcome.verdict, silent.outcome.code, silent.outcome.figures.loudest], ["failed", "level_none", -120]);
  assert.equal(silent.pauses * 40, PATIENCE_MS);
  assert.deepEqual((await heard(tone(0.004))).outcome.code, "level_quiet");
  const loud = (await heard(tone(1))).outcome;
  assert.deepEqual([loud.code, loud.figures.peak], ["level_loud", 0], "what is cut off is shown at full scale");
  assert.ok(!Object.is(loud.figures.peak, -0), "no minus before a 0");
});

test("one loud cough does not make a voice too loud", () => {
  const tally = new LevelTally();
  tally.take(tone(1));
  for (let at = 0; at < 20; at += 1) {
    tally.take(tone(0.3));
  }
  assert.equal(tally.judge().verdict, "fine");
});

test("nobody is listened to once the check is over", async () => {
  assert.equal((await heard(tone(0), {isOver: () => true})).pauses, 0);
});

test("a meter begins at 60 dB below full scale", () => {
  assert.deepEqual([-80, -60, -30, 0, 3].map(meterPosition), [0, 0, 0.5, 1, 1]);
});

test("telephone rates on either side are worth a look, and sound that is held back fails", () => {
  assert.equal(judgeRates({context: 48000, microphone: 48000, state: "running"}).verdict, "fine");
  assert.equal(judgeRates({context: 44100, microphone: 0, state: "running"}).verdict, "fine");
  assert.equal(judgeRates({context: 48000, microphone: 16000, state: "running"}).code, "narrow_band");
  assert.equal(judgeRates({context: 16000, microphone: 48000, state: "running"}).code, "narrow_band");
  assert.deepEqual(judgeRates({context: 48000, microphone: 0, state: "suspended"}), failed("sound_suspended", {context: 48000, microphone: 0}));
});

test("the tone is played until the person has an answer", async () => {
  const answers = [Heard.AGAIN, Heard.AGAIN, Heard.YES];
  let played = 0;
  const play = () => {
    played += 1;
  };
  assert.deepEqual(await checkTone({play, answer: async () => answers.shift(), ask: nothing}), fine({times: 3}));
  assert.equal(played, 3);
  assert.equal((await checkTone({play, answer: async () => Heard.NO, ask: nothing})).code, "no_playback");
});

test("refusals of a ticket keep their code, and others show the server's own sentence", () => {
  for (const code of ["realtime_disabled", "realtime_not_configured", "daily_limit_reached", "too_many_sessions", "not_authenticated", "csrf_failed"]) {
    const found = judgeRefusal({code, detail: "In English.", status: 503, retryAfter: null});
    assert.deepEqual([found.verdict, found.code, found.detail], ["failed", code, ""]);
  }
  assert.deepEqual(judgeRefusal({code: "throttled", status: 429, retryAfter: 12}), failed("throttled", {status: 429, wait: 12}));
  const odd = judgeRefusal({code: "session_creation_failed", detail: "Number 7 in the log.", status: 500, retryAfter: null});
  assert.deepEqual([odd.code, odd.detail, odd.figures.code], ["ticket_refused", "Number 7 in the log.", "session_creation_failed"]);
  assert.equal(judgeRefusal(new TypeError("x")).code, "ticket_refused");
});

test("a ticket that is given is timed", async () => {
  const times = [100, 145.4];
  const {config, outcome} = await askForTicket({createSession: async () => ({api_key: "ek_1"}), now: () => times.shift()});
  assert.equal(config.api_key, "ek_1");
  assert.deepEqual(outcome, fine({ms: 45}));
  const refused = await askForTicket({createSession: async () => Promise.reject(new Error("no")), now: () => 0});
  assert.equal(refused.config, null);
});

test("a clock that is more than a minute off is told, whichever way", () => {
  assert.deepEqual(judgeExpiry({expiresAt: 1300, now: 1001, lasts: 300}), fine({seconds: 300, off: 1}));
  assert.deepEqual(judgeExpiry({expiresAt: 1300, now: 1100, lasts: 300}), look("clock_off", {seconds: 300, off: 100}));
  assert.equal(judgeExpiry({expiresAt: 1300, now: 900, lasts: 300}).figures.off, 100);
});

test("who answers is told, and a server that cannot speak fails with its own reason", () => {
  assert.deepEqual(judgeProvider({label: "A model", is_language_model: true}, ""), fine({label: "A model", is_language_model: true}));
  assert.deepEqual(judgeProvider(null, "No voice is installed.").detail, "No voice is installed.");
});

test("a check is made when what it needs has held, and skipped when not, and so on behind it", async () => {
  const made = [];
  const check = (name, needs, outcome) => ({
    name,
    needs,
    run: () => {
      made.push(name);
      return outcome;
    },
  });
  const examination = new Examination([
    check("a", [], look("x")),
    check("b", ["a"], failed("y")),
    check("c", ["b"], fine()),
    check("d", ["c"], fine()),
    check("e", ["a"], fine()),
  ]);
  assert.equal(await examination.run(), true);
  assert.deepEqual(made, ["a", "b", "e"]);
  assert.deepEqual(verdictsOf(examination), ["look", "failed", "skipped", "skipped", "fine"]);
  assert.deepEqual(summaryOf(examination.found), {fine: 1, look: 1, failed: 1, skipped: 2, worst: "failed"});
});

test("every change of a check is told in order", async () => {
  const told = [];
  const examination = new Examination([
    {
      name: "a",
      run: async (ask) => {
        ask("speak");
        return fine();
      },
    },
  ]);
  examination.addEventListener("check", ({detail}) => told.push([detail.name, detail.outcome.verdict, detail.outcome.code]));
  await examination.run();
  assert.deepEqual(told, [
    ["a", "checking", ""],
    ["a", "asking", "speak"],
    ["a", "fine", ""],
  ]);
});

test("a check that throws has failed under the code of what it threw", async () => {
  const throwing = (error) => ({
    name: String(error),
    run: () => {
      throw error;
    },
  });
  const examination = new Examination([throwing(new Problem("microphone_busy", {detail: "Busy."})), throwing(new TypeError("x")), throwing(null)]);
  await examination.run();
  assert.deepEqual(
    examination.found.map(({outcome}) => [outcome.verdict, outcome.code, outcome.detail]),
    [
      ["failed", "microphone_busy", "Busy."],
      ["failed", "internal", ""],
      ["failed", "internal", ""],
    ],
  );
});

test("one that is stopped waits for nothing, and what it was at counts as not made", async () => {
  let after = false;
  const examination = new Examination([
    {name: "a", run: () => fine()},
    {name: "b", run: () => new Promise(nothing)},
    {
      name: "c",
      run: () => {
        after = true;
        return fine();
      },
    },
  ]);
  const over = examination.run();
  await Promise.resolve();
  examination.stop();
  assert.equal(await over, false);
  assert.deepEqual(verdictsOf(examination), ["fine", "waiting", "waiting"]);
  assert.equal(after, false);
});
