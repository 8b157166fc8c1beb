/** What is chosen is saved: in order, the latest of each kind, and nothing that failed is forgotten. */

import assert from "node:assert/strict";
import {test} from "node:test";

import {PreferenceSaver} from "../../static/js/pages/preference-saver.js";

/** A saver whose requests a test answers one by one. */
const stage = () => {
  /** @type {{changes: any, answer: (value?: any) => void, fail: (error: any) => void}[]} */
  const requests = [];
  /** @type {string[]} */
  const told = [];
  const saver = new PreferenceSaver(
    (changes) => new Promise((resolve, reject) => requests.push({changes, answer: resolve, fail: reject})),
    {
      onSaving: () => told.push("saving"),
      onSaved: () => told.push("saved"),
      onRefused: (names) => told.push(`refused ${names.join(" ")}`),
      onFailed: ({code}) => told.push(code),
    },
  );
  return {saver, requests, told};
};

test("a choice is saved at once and told when it is", async () => {
  const {saver, requests, told} = stage();
  const done = saver.choose({voice: "cedar"});
  assert.deepEqual(requests[0].changes, {voice: "cedar"});
  assert.deepEqual([told, saver.isUnsaved], [["saving"], true]);
  requests[0].answer();
  await done;
  assert.deepEqual([told, saver.isUnsaved], [["saving", "saved"], false]);
});

test("what is chosen while a request runs follows it, the latest of each kind", async () => {
  const {saver, requests, told} = stage();
  const done = saver.choose({speed: 0.9});
  saver.choose({speed: 1.1});
  saver.choose({speed: 1.2, voice: null});
  assert.equal(requests.length, 1, "two at once could arrive in the other order");
  requests[0].answer();
  await new Promise(setImmediate);
  assert.deepEqual(requests[1].changes, {speed: 1.2, voice: null});
  assert.deepEqual(told, ["saving"]);
  requests[1].answer();
  await done;
  assert.deepEqual(told, ["saving", "saved"]);
});

test("what could not be saved is told and sent again, unless something newer was chosen", async () => {
  const {saver, requests, told} = stage();
  const first = saver.choose({speed: 0.9, voice: "cedar"});
  saver.choose({speed: 1.2});
  requests[0].fail({code: "network"});
  await first;
  assert.deepEqual([told, saver.isUnsaved], [["saving", "network"], true]);
  const second = saver.retry();
  assert.deepEqual(requests[1].changes, {speed: 1.2, voice: "cedar"});
  requests[1].answer();
  await second;
  assert.deepEqual([told.pop(), saver.isUnsaved], ["saved", false]);
});

const invalid = (...names) => ({code: "invalid", fields: Object.fromEntries(names.map((name) => [name, ["Not a valid choice."]]))});

test("what is refused is forgotten and told, and the rest is saved without it", async () => {
  const {saver, requests, told} = stage();
  const done = saver.choose({voice: "gone", speed: 0.9});
  requests[0].fail(invalid("voice"));
  await new Promise(setImmediate);
  assert.deepEqual(requests[1].changes, {speed: 0.9});
  requests[1].answer();
  await done;
  assert.deepEqual([told, saver.isUnsaved], [["saving", "refused voice"], false]);
  const next = saver.choose({output: "text"});
  assert.deepEqual(requests[2].changes, {output: "text"});
  requests[2].answer();
  await next;
  assert.equal(told.pop(), "saved");
});

test("what was refused and then chosen otherwise is saved", async () => {
  const {saver, requests, told} = stage();
  const done = saver.choose({voice: "gone"});
  saver.choose({voice: "cedar"});
  requests[0].fail(invalid("voice"));
  await new Promise(setImmediate);
  assert.deepEqual(requests[1].changes, {voice: "cedar"});
  requests[1].answer();
  await done;
  assert.deepEqual(told, ["saving", "saved"]);
});

test("a refusal that names nothing is not sent again, and one is told after a loss too", async () => {
  const {saver, requests, told} = stage();
  const first = saver.choose({voice: "gone"});
  saver.choose({speed: 0.9});
  requests[0].fail(invalid("something_else"));
  await new Promise(setImmediate);
  requests[1].fail({code: "network"});
  await first;
  assert.deepEqual([told, saver.isUnsaved], [["saving", "network"], true]);
  const second = saver.retry();
  assert.deepEqual(requests[2].changes, {speed: 0.9});
  requests[2].answer();
  await second;
  assert.equal(told.pop(), "refused voice");
});
