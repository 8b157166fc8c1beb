/** How a session that was lost is tried for: with which tickets, after which pauses, and for how long. */

import assert from "node:assert/strict";
import {test} from "node:test";

import {FakeWire, connected, knocking, last, numbered, settled, stage, withTimers} from "./session-stage.js";

/** A socket that closes while the page takes it for open, or for opening. */
const lose = async (world) => {
  last(world).drop(1006);
  await settled();
};

const greet = async (world) => {
  last(world).emit("session.created");
  await settled();
};

/** A wire whose handshake the server has answered, and the answer was lost on its way. */
class HalfOpenWire extends FakeWire {
  constructor(listener) {
    super({...listener, onOpen: () => {}});
    queueMicrotask(() => this.drop(1006));
  }
}

/** A server that takes each ticket once; the sockets `isHalfOpen` says so of, by their number from 1, never open here. */
const strict = (isHalfOpen) => {
  const spent = new Set();
  const world = stage({
    createSession: numbered(),
    openWire: ({api_key: ticket}, listener) => {
      const isSpent = spent.has(ticket);
      spent.add(ticket);
      const isLost = !isSpent && isHalfOpen(world.wires.length + 1);
      world.wires.push(new (isLost ? HalfOpenWire : FakeWire)(listener));
      if (isSpent) {
        queueMicrotask(() => last(world).drop(4401));
      }
      return last(world);
    },
  });
  return world;
};

test(
  "each try of a return shows a ticket of its own",
  withTimers(async (after) => {
    const world = knocking((number) => number > 1 && number < 5, {createSession: numbered()});
    await world.session.connect();
    await greet(world);
    await lose(world);
    await after(world, 150 + 300 + 600 + 1200);
    assert.deepEqual(world.tickets, ["ek_1", "ek_2", "ek_3", "ek_4", "ek_5"]);
    await greet(world);
    assert.deepEqual([world.session.status, world.problems], ["connected", []]);
    await world.session.disconnect();
  }),
);

test(
  "tickets that a server took on sockets which never opened here end nothing, and the words that were held arrive",
  withTimers(async (after) => {
    const world = strict((number) => number > 1 && number < 5);
    await world.session.connect();
    await greet(world);
    await lose(world);
    world.voices[0].hear(3);
    await after(world, 150 + 300 + 600 + 1200);
    assert.deepEqual([world.session.status, world.problems, world.wires.length], ["reconnecting", [], 5]);
    await greet(world);
    assert.deepEqual([world.session.status, last(world).audio.length], ["connected", 3]);
    await world.session.disconnect();
  }),
);

test(
  "a server that greets and drops at once is tried for after pauses that grow, for a minute",
  withTimers(async (after) => {
    const world = await connected();
    await after(world, 5000);
    const tried = [];
    const lostAt = world.now;
    await lose(world);
    while (world.session.status !== "ended" && world.now - lostAt < 120000) {
      const before = world.wires.length;
      await after(world, 50);
      if (world.wires.length > before) {
        tried.push(world.now - lostAt);
        await greet(world);
        await lose(world);
      }
    }
    assert.deepEqual(tried.slice(0, 5), [150, 450, 1050, 2250, 4650]);
    assert.deepEqual([world.session.status, world.session.error.code], ["ended", "connection_lost"]);
    assert.ok(tried[tried.length - 1] <= 60000 && world.now - lostAt <= 60000, `${tried}`);
    assert.equal(world.voice.closed, true);
  }),
);

test(
  "a session that has lasted three seconds since its return is tried for from the beginning",
  withTimers(async (after) => {
    const world = await connected();
    await lose(world);
    await after(world, 150);
    await greet(world);
    await after(world, 2950);
    await lose(world);
    await after(world, 150);
    assert.equal(world.wires.length, 2, "it had not lasted: the second pause is twice as long");
    await after(world, 150);
    await greet(world);
    await after(world, 3000);
    await lose(world);
    await after(world, 150);
    assert.equal(world.wires.length, 4);
    await world.session.disconnect();
  }),
);

test(
  "a session that was asked for again by hand owes nothing to the one that did not last",
  withTimers(async (after) => {
    const world = await connected();
    await lose(world);
    await after(world, 150);
    await greet(world);
    await world.session.disconnect();
    await world.session.connect();
    await greet(world);
    await lose(world);
    await after(world, 150);
    assert.equal(world.wires.length, 4);
    await world.session.disconnect();
  }),
);
