import assert from "node:assert/strict";
import {test} from "node:test";

import {WakeLock} from "../../static/js/voice/sound/wake-lock.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A browser and a page in the test's hands. */
const phone = ({refuses = false} = {}) => {
  const world = {asked: 0, held: 0};
  world.page = Object.assign(new EventTarget(), {visibilityState: "visible"});
  world.browser = {
    wakeLock: {
      request: async () => {
        world.asked += 1;
        if (refuses) {
          throw new Error("low battery");
        }
        world.held += 1;
        return {
          release: async () => {
            world.held -= 1;
          },
        };
      },
    },
  };
  world.show = async (visibilityState) => {
    world.page.visibilityState = visibilityState;
    world.page.dispatchEvent(new Event("visibilitychange"));
    await settled();
  };
  world.lock = new WakeLock(world.browser, world.page);
  return world;
};

test("it is held, asked for again whenever the page comes into sight, and not after its release", async () => {
  const world = phone();
  world.lock.hold();
  await settled();
  assert.equal(world.held, 1);
  await world.show("hidden");
  await world.show("visible");
  assert.deepEqual([world.asked, world.held], [2, 1]);
  world.lock.release();
  await settled();
  await world.show("visible");
  assert.deepEqual([world.asked, world.held], [2, 0]);
});

test("one that is granted after the release is given back at once", async () => {
  const world = phone();
  world.lock.hold();
  world.lock.release();
  await settled();
  assert.equal(world.held, 0);
});

test("a browser that refuses, or has none, does not matter", async () => {
  const refusing = phone({refuses: true});
  refusing.lock.hold();
  await settled();
  refusing.lock.release();
  const without = new WakeLock({}, refusing.page);
  without.hold();
  without.release();
  assert.deepEqual([refusing.asked, refusing.held], [1, 0]);
});
