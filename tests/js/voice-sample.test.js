/** One sentence in one voice: what is asked for, what is heard, and that nothing stays open. */

import assert from "node:assert/strict";
import {test} from "node:test";

import {VoiceSample} from "../../static/js/voice/voice-sample.js";

const SAID = new Int16Array([1, 2, 3]).buffer;

/** A server and a loudspeaker that do what a test tells them. */
const stage = ({patienceMs = 10000, createSession = async () => ({conversation_id: "c1"})} = {}) => {
  /** @type {any} */
  const seen = {requests: [], sent: [], played: [], open: 0, sounds: 0, listener: null, finish: () => {}};
  const sample = new VoiceSample({
    createSession: (request) => {
      seen.requests.push(request);
      return createSession();
    },
    openWire: (_config, listener) => {
      seen.open += 1;
      seen.listener = listener;
      seen.onOpened();
      return {send: (event) => seen.sent.push(event), close: () => (seen.open -= 1)};
    },
    openSound: () => {
      seen.sounds += 1;
      return {
        play: (pcm) => {
          seen.played.push(pcm);
          return new Promise((resolve) => (seen.finish = () => resolve(undefined)));
        },
        close: () => (seen.sounds -= 1),
      };
    },
    patienceMs,
  });
  seen.opened = () => new Promise((resolve) => (seen.onOpened = () => setImmediate(resolve)));
  seen.onOpened = () => {};
  return {sample, seen};
};

const WISHES = {text: "Please repeat after me: Hello.", voice: "cedar", speed: 0.9};

test("a voice is asked for off the record, says its sentence, and everything is closed", async () => {
  const {sample, seen} = stage();
  let isSounding = false;
  const opened = seen.opened();
  const heard = sample.play({...WISHES, onSound: () => (isSounding = true)});
  await opened;
  assert.deepEqual(seen.requests, [{conversation_id: null, voice: "cedar", speed: 0.9, output: "audio", save: false}]);
  seen.listener.onEvent({type: "session.created"});
  assert.deepEqual(seen.sent, [], "nothing is said before the server agrees to keep nothing");
  seen.listener.onEvent({type: "voiceassist.session", save: false});
  assert.deepEqual(
    seen.sent.map((event) => event.type),
    ["conversation.item.create", "response.create"],
  );
  assert.equal(seen.sent[0].item.content[0].text, WISHES.text);
  assert.deepEqual(seen.sent[1].response, {output_modalities: ["audio"]});
  seen.listener.onAudio(SAID);
  seen.listener.onEvent({type: "response.done", response: {status: "completed"}});
  await new Promise(setImmediate);
  assert.ok(isSounding);
  assert.deepEqual(seen.played, [[SAID]]);
  seen.finish();
  await heard;
  assert.deepEqual([seen.open, seen.sounds], [0, 0]);
});

test("the next voice speaks in the same conversation, the server's own without a name", async () => {
  const {sample, seen} = stage();
  for (const voice of ["cedar", ""]) {
    const opened = seen.opened();
    const heard = sample.play({...WISHES, voice});
    await opened;
    sample.stop();
    await heard;
  }
  assert.deepEqual(seen.requests[1], {conversation_id: "c1", speed: 0.9, output: "audio", save: false});
});

test("a server that keeps what is said is told nothing", async () => {
  const {sample, seen} = stage();
  const opened = seen.opened();
  const heard = sample.play(WISHES);
  await opened;
  seen.listener.onEvent({type: "voiceassist.session", save: true});
  await assert.rejects(heard, {code: "record_refused"});
  assert.deepEqual([seen.sent, seen.open, seen.sounds], [[], 0, 0]);
});

test("an answer without sound, a failed one and a lost connection are told apart", async () => {
  const cases = [
    [(listener) => listener.onEvent({type: "response.done", response: {status: "completed"}}), "no_sound"],
    [
      (listener) =>
        listener.onEvent({type: "response.done", response: {status_details: {error: {code: "provider_quota"}}}}),
      "provider_quota",
    ],
    [(listener) => listener.onEvent({type: "voiceassist.ended", reason: "daily_limit"}), "daily_limit"],
    [(listener) => listener.onEvent({type: "error", error: {code: "invalid_value", message: "No."}}), "invalid_value"],
    [(listener) => listener.onClosed({code: 4502, reason: ""}), "provider_failed"],
  ];
  for (const [happens, code] of cases) {
    const {sample, seen} = stage();
    const opened = seen.opened();
    const heard = sample.play(WISHES);
    await opened;
    seen.listener.onEvent({type: "voiceassist.session", save: false});
    /** @type {Function} */ (happens)(seen.listener);
    await assert.rejects(heard, {code});
    assert.deepEqual([seen.open, seen.sounds], [0, 0]);
  }
});

test("a refused session and a server that says nothing are told", async () => {
  const refusing = stage({createSession: () => Promise.reject(Object.assign(new Error(), {code: "throttled"}))});
  await assert.rejects(refusing.sample.play(WISHES), {code: "throttled"});
  assert.equal(refusing.seen.sounds, 0);
  const silent = stage({patienceMs: 5});
  await assert.rejects(silent.sample.play(WISHES), {code: "provider_silent"});
  assert.deepEqual([silent.seen.open, silent.seen.sounds], [0, 0]);
});

test("stopped while it sounds or before it is there, it is silent and no fault is told", async () => {
  const {sample, seen} = stage();
  let opened = seen.opened();
  let heard = sample.play(WISHES);
  await opened;
  seen.listener.onEvent({type: "voiceassist.session", save: false});
  seen.listener.onAudio(SAID);
  seen.listener.onEvent({type: "response.done", response: {}});
  await new Promise(setImmediate);
  sample.stop();
  await heard;
  assert.deepEqual([seen.open, seen.sounds], [0, 0]);

  /** @type {(config: any) => void} */
  let answer = () => {};
  const slow = stage({createSession: () => new Promise((resolve) => (answer = resolve))});
  heard = slow.sample.play(WISHES);
  slow.sample.stop();
  await heard;
  answer({conversation_id: "c1"});
  await new Promise(setImmediate);
  assert.deepEqual([slow.seen.open, slow.seen.sounds, slow.seen.listener], [0, 0, null], "no socket is opened any more");
});
