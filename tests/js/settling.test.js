import assert from "node:assert/strict";
import {test} from "node:test";

import {Settling} from "../../static/js/pages/settling.js";

/** A thread and an API that note what is asked of them. */
const stage = (t) => {
  t.mock.timers.enable({apis: ["setTimeout"]});
  const previous = globalThis.window;
  globalThis.window = globalThis;
  t.after(() => Object.assign(globalThis, {window: previous}));
  const asked = [];
  const api = {
    async *messages(id) {
      asked.push(id);
      yield [];
    },
  };
  const wishes = [];
  const record = {isOff: false};
  const thread = {settle: (stored, wish) => wishes.push(wish)};
  return {asked, record, wishes, settling: new Settling(api, thread, () => record.isOff)};
};

test("what was stored is asked for once, after a while", (t) => {
  const {asked, settling} = stage(t);
  settling.plan("c1");
  settling.plan("c1");
  assert.deepEqual(asked, []);
  t.mock.timers.tick(60000);
  assert.deepEqual(asked, ["c1"]);
});

test("of a conversation that is gone nothing is asked for", (t) => {
  const {asked, settling} = stage(t);
  settling.plan("c1");
  settling.cancel();
  t.mock.timers.tick(60000);
  assert.deepEqual(asked, []);
});

test("while nothing is kept nothing is added", async (t) => {
  const {record, settling, wishes} = stage(t);
  for (record.isOff of [false, true]) {
    settling.plan("c1");
    t.mock.timers.tick(60000);
    await new Promise(setImmediate);
  }
  assert.deepEqual(wishes, [{mayAdd: true}, {mayAdd: false}]);
});
