import assert from "node:assert/strict";
import {afterEach, test} from "node:test";

import {Announcements, detailWords, hintFor, isWorthASign, qualityWords, stateWords} from "../../static/js/elements/panel-words.js";
import {wordFor} from "../../static/js/elements/sentences.js";
import {learn} from "../../static/js/lib/words.js";
import {Hint, Phase, Quality} from "../../static/js/voice/vocabulary.js";

afterEach(() => learn({}));

test("every hint of the vocabulary is a sentence, and one that is not known says nothing", () => {
  for (const code of Object.values(Hint)) {
    assert.match(hintFor(code), /^[A-Z].*\.$/, code);
  }
  assert.equal(hintFor("no_such_hint"), "");
  assert.equal(hintFor("constructor"), "");
});

test("hints are told in the language of the page", () => {
  learn({[hintFor(Hint.HELD_TOO_SHORT)]: "Zu kurz."});
  assert.equal(hintFor(Hint.HELD_TOO_SHORT), "Zu kurz.");
});

test("every quality has words, and only a connection that is not good has a sign", () => {
  const qualities = Object.values(Quality);
  assert.equal(new Set(qualities.map(qualityWords)).size, qualities.length);
  assert.deepEqual(qualities.filter(isWorthASign), [Quality.FAIR, Quality.POOR]);
});

test("every phase a panel can be in has a word of its own", () => {
  const phases = Object.values(Phase);
  assert.ok(phases.every((phase) => wordFor(phase) !== ""));
  assert.equal(new Set(phases.map(wordFor)).size, phases.length);
});

test("what the big button of push-to-talk says is not said by the state as well", () => {
  assert.notEqual(stateWords(Phase.READY), wordFor(Phase.READY));
  assert.equal(stateWords(Phase.SPEAKING), wordFor(Phase.SPEAKING));
});

test("behind the time stands what matters most: the attempt, being muted, a bad connection, the cost", () => {
  const state = {microphone: true, offRecord: false, suspended: false, attempt: 0, turnDetection: "server_vad", quality: "", end: null};
  const cost = {amount: 0.04, currency: "USD"};
  const told = (phase, muted, changes) => detailWords({state: {...state, ...changes}, phase, muted, cost});
  assert.equal(told(Phase.RECONNECTING, true, {attempt: 2, quality: Quality.POOR}), "attempt 2");
  assert.equal(told(Phase.SPEAKING, true, {quality: Quality.POOR}), "muted");
  assert.equal(told(Phase.MUTED, true, {quality: Quality.POOR}), "weak signal", "the state says muted already");
  assert.equal(told(Phase.SPEAKING, true, {turnDetection: "push_to_talk", quality: Quality.FAIR}), "weak signal");
  assert.match(told(Phase.SPEAKING, false, {quality: Quality.GOOD}), /^about .*0\.04$/);
  assert.match(told(Phase.ENDED, true, {quality: Quality.POOR}), /^about /);
  assert.equal(detailWords({state, phase: Phase.LISTENING, muted: false, cost: null}), "");
});

test("a screen reader is told a state once, not again after every turn", () => {
  const announcements = new Announcements();
  const turn = [Phase.HEARING, Phase.THINKING, Phase.SPEAKING, Phase.LISTENING];
  const told = [Phase.CONNECTING, Phase.LISTENING, ...turn, ...turn].map((phase) => announcements.next(phase));
  assert.deepEqual(told.filter((words) => words !== null), [wordFor(Phase.CONNECTING), wordFor(Phase.LISTENING)]);
});

test("a state is told again once another one was told in between", () => {
  const announcements = new Announcements();
  const phases = [Phase.LISTENING, Phase.MUTED, Phase.LISTENING, Phase.RECONNECTING, Phase.LISTENING];
  assert.deepEqual(
    phases.map((phase) => announcements.next(phase)),
    phases.map(wordFor),
  );
});
