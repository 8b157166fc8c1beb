import assert from "node:assert/strict";
import {test} from "node:test";

import {DeviceChoices} from "../../static/js/lib/device-choices.js";

const storeOf = (text) => {
  const store = {text, getItem: () => store.text, setItem: (_key, value) => (store.text = value)};
  return store;
};

test("what was chosen is told, kept by the browser, and there the next time", () => {
  const store = storeOf(null);
  const choices = new DeviceChoices(store);
  let told = 0;
  choices.addEventListener("change", () => {
    told += 1;
  });
  choices.choose({echoSafe: true, volume: 0.4});
  assert.equal(told, 1);
  const {echoSafe, volume, microphone, sensitivity} = new DeviceChoices(store).current;
  assert.deepEqual([echoSafe, volume, microphone, sensitivity], [true, 0.4, "", "normal"]);
});

test("of what somebody else left in the store only what fits is taken", () => {
  const left = JSON.stringify({volume: 7, microphone: 3, echoSafe: "yes", sensitivity: "extreme", speaker: "s1", other: 1});
  const {current} = new DeviceChoices(storeOf(left));
  assert.deepEqual(current, {
    microphone: "",
    speaker: "s1",
    volume: 1,
    noiseSuppression: true,
    echoSafe: false,
    sensitivity: "normal",
  });
  assert.equal(new DeviceChoices(storeOf("no JSON")).current.volume, 1);
});

test("a browser that stores nothing still uses what was chosen", () => {
  const full = {
    getItem: () => null,
    setItem: () => {
      throw new Error("QuotaExceededError");
    },
  };
  for (const store of [null, full]) {
    const choices = new DeviceChoices(store);
    choices.choose({volume: 0.1});
    assert.equal(choices.current.volume, 0.1);
  }
});
