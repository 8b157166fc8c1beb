import assert from "node:assert/strict";
import {mock, test} from "node:test";

import {isDebugging, switchDebugging} from "../../static/js/lib/debug-switch.js";
import {DebugLog, figuresForLog, stateForLog} from "../../static/js/voice/debug-log.js";
import {initialState} from "../../static/js/voice/session-state.js";
import {SessionEvent} from "../../static/js/voice/vocabulary.js";

/** A session that is told what to say of itself. */
class Session extends EventTarget {
  constructor() {
    super();
    this.state = initialState("0b9f3d6e-8f0c-4a57-9d1e-2f6c1f2a7b11");
    this.phase = "idle";
    this.figures = {framesSent: 3, quality: "good", key: "ek_secret"};
  }

  get status() {
    return this.state.status;
  }

  become(changes) {
    this.state = {...this.state, ...changes};
    this.tell(SessionEvent.STATE, this.state);
  }

  tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, {detail}));
  }
}

/** A log of a session, and what it wrote. */
const logOf = (session) => {
  const written = [];
  const log = new DebugLog({write: (topic, told) => written.push([topic, told]), now: () => 0});
  log.attach(session);
  return {log, written, text: () => JSON.stringify(written)};
};

test("states are written once each, with codes and without ids, labels or sentences", () => {
  const session = new Session();
  const {written, text} = logOf(session);
  session.become({sessionId: "rtc_7_secret", playing: "item_secret", response: "resp_secret", provider: {label: "Secret model"}, voiceProblem: "Secret words."});
  session.become({});
  session.become({status: "ended", playing: "", response: "", end: {reason: "idle", code: "idle", detail: "Secret words.", retryable: true}});
  assert.equal(written.length, 3);
  assert.deepEqual([written[1][1].playing, written[1][1].responding], [true, true]);
  assert.deepEqual(written[2][1].end, {reason: "idle", code: "idle", retryable: true});
  assert.doesNotMatch(text(), /secret|0b9f3d6e/i);
});

test("of a line only how far it has come is written", () => {
  const session = new Session();
  const {written} = logOf(session);
  session.tell(SessionEvent.LINE, {line: {role: "user", modality: "audio", status: "final", text: "My head hurts.", item_id: "item_1", message_id: "m"}});
  assert.deepEqual(written[1], ["line", {at: 0, role: "user", modality: "audio", status: "final"}]);
});

test("a code that is no code is not passed on", () => {
  const session = new Session();
  const {written} = logOf(session);
  session.tell(SessionEvent.PROBLEM, {code: "The key sk-123 was refused", detail: "x"});
  session.tell(SessionEvent.HINT, {code: "hears_itself"});
  assert.deepEqual(
    written.slice(1).map(([topic, {code}]) => [topic, code]),
    [
      ["problem", "other"],
      ["hint", "hears_itself"],
    ],
  );
});

test("of figures only numbers, yes and no are written", () => {
  assert.deepEqual(figuresForLog({rtt: 12.5, open: true, id: "ek_1", more: {text: "x"}, none: null}), {rtt: 12.5, open: true});
  assert.deepEqual(figuresForLog(undefined), {});
  assert.ok(!("conversationId" in stateForLog(initialState("c"), "idle")));
});

test("figures are written every five seconds while it lasts, once at its end, and no more after that", () => {
  mock.timers.enable({apis: ["setInterval"]});
  try {
    const session = new Session();
    const {written} = logOf(session);
    const figures = () => written.filter(([topic]) => topic === "figures").length;
    mock.timers.tick(20000);
    assert.equal(figures(), 0);
    session.become({status: "connected"});
    mock.timers.tick(10000);
    assert.equal(figures(), 2);
    session.become({status: "ended"});
    mock.timers.tick(20000);
    assert.equal(figures(), 3);
    assert.deepEqual(written.find(([topic]) => topic === "figures")[1], {at: 0, framesSent: 3});
  } finally {
    mock.timers.reset();
  }
});

test("after it was taken off nothing more is written", () => {
  mock.timers.enable({apis: ["setInterval"]});
  try {
    const session = new Session();
    const {log, written} = logOf(session);
    session.become({status: "connected"});
    log.detach();
    session.become({status: "ended"});
    session.tell(SessionEvent.HINT, {code: "hears_itself"});
    mock.timers.tick(20000);
    assert.equal(written.length, 2);
  } finally {
    mock.timers.reset();
  }
});

const store = () => {
  const kept = new Map();
  return {getItem: (key) => kept.get(key) || null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key)};
};

test("the switch is off until it is put on, and is kept", () => {
  const kept = store();
  assert.equal(isDebugging(kept), false);
  assert.equal(switchDebugging(true, kept), true);
  assert.equal(isDebugging(kept), true);
  switchDebugging(false, kept);
  assert.equal(isDebugging(kept), false);
});

test("a browser that stores nothing has it off and says so", () => {
  const refusing = {
    getItem: () => {
      throw new Error("refused");
    },
    setItem: () => {
      throw new Error("refused");
    },
    removeItem: () => undefined,
  };
  assert.equal(isDebugging(refusing), false);
  assert.equal(isDebugging(null), false);
  assert.equal(switchDebugging(true, refusing), false);
  assert.equal(switchDebugging(true, null), false);
});
