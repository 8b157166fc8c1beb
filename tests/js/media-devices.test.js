import assert from "node:assert/strict";
import {test} from "node:test";

import {MediaDevicesList} from "../../static/js/lib/media-devices.js";

class Source extends EventTarget {
  constructor(devices) {
    super();
    this.devices = devices;
    this.asked = 0;
  }

  async enumerateDevices() {
    this.asked += 1;
    if (!this.devices) {
      throw new Error("refused");
    }
    return this.devices;
  }
}

const device = (kind, deviceId, label = deviceId) => ({kind, deviceId, label});

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("microphones and speakers, without cameras and the system's own choice under its other names", async () => {
  const list = new MediaDevicesList(
    new Source([
      device("audioinput", "default"),
      device("audioinput", "communications"),
      device("audioinput", "m1", "Headset"),
      device("videoinput", "c1"),
      device("audiooutput", "s1", "Loudspeaker"),
    ]),
  );
  await list.refresh();
  assert.deepEqual(list.microphones, [{id: "m1", label: "Headset"}]);
  assert.deepEqual(list.speakers, [{id: "s1", label: "Loudspeaker"}]);
  assert.equal(list.hasLabels, true);
});

test("before the microphone was allowed there are neither ids nor names", async () => {
  const list = new MediaDevicesList(new Source([device("audioinput", "", "")]));
  await list.refresh();
  assert.deepEqual([list.microphones, list.hasLabels], [[], false]);
});

test("what is plugged in is told, until nobody listens any more", async () => {
  const source = new Source([]);
  const list = new MediaDevicesList(source);
  let told = 0;
  list.addEventListener("change", () => {
    told += 1;
  });
  source.devices = [device("audioinput", "m1")];
  source.dispatchEvent(new Event("devicechange"));
  await settled();
  assert.deepEqual([told, list.microphones.length], [1, 1]);
  list.close();
  source.dispatchEvent(new Event("devicechange"));
  await settled();
  assert.deepEqual([told, source.asked], [1, 1]);
});

test("a browser that refuses, or has no such thing, leaves the lists as they are", async () => {
  const source = new Source([device("audiooutput", "s1")]);
  const list = new MediaDevicesList(source);
  await list.refresh();
  source.devices = null;
  await list.refresh();
  assert.equal(list.speakers.length, 1);
  const without = new MediaDevicesList(/** @type {any} */ ({}));
  await without.refresh();
  assert.deepEqual(without.microphones, []);
  without.close();
});
