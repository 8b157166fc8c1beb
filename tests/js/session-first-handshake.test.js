/** A first socket that nobody lets in: the server is full, or about to stop, and a page cannot read why. */

import assert from "node:assert/strict";
import {test} from "node:test";

import {knocking, last, marks, numbered, settled, stage, withTimers} from "./session-stage.js";

test(
  "a first handshake that is turned away is tried again with the ticket that nobody has seen",
  withTimers(async (after) => {
    const world = knocking((number) => number < 3, {createSession: numbered()});
    await world.session.connect();
    await settled();
    assert.deepEqual([world.session.status, world.session.phase, world.problems], ["connecting", "connecting", []]);
    await after(world, 150 + 300);
    assert.deepEqual(world.tickets, ["ek_1", "ek_1", "ek_1"]);
    last(world).emit("session.created");
    assert.equal(world.session.status, "connected");
    assert.deepEqual([world.statuses, world.problems], [["connecting", "connected"], []]);
    assert.equal(world.session.figures.reconnects, 0, "there was nothing to come back to");
    await world.session.disconnect();
  }),
);

test(
  "the microphone stays open meanwhile, and its first words reach whoever lets it in",
  withTimers(async (after) => {
    const world = knocking((number) => number < 3);
    await world.session.connect();
    const [voice] = world.voices;
    voice.hear(2);
    await settled();
    voice.hear(3);
    await after(world, 150);
    voice.hear(4);
    await after(world, 300);
    assert.deepEqual([world.session.state.microphone, voice.closed, last(world).audio.length], [true, false, 0]);
    last(world).emit("session.created");
    voice.hear(1);
    assert.deepEqual([world.voices.length, last(world).audio.length], [1, 10]);
    await world.session.disconnect();
  }),
);

test(
  "what was typed meanwhile is sent once",
  withTimers(async (after) => {
    const world = knocking((number) => number < 2);
    await world.session.connect({microphone: false});
    world.session.sendMessage("Is anybody there?");
    await after(world, 150);
    last(world).emit("session.created");
    await settled();
    assert.deepEqual(last(world).sentTypes(), ["conversation.item.create", "response.create"]);
    assert.deepEqual(marks(world.session), [["Is anybody there?", false, "final"]]);
    await world.session.disconnect();
  }),
);

test(
  "it is tried for ten seconds after pauses that grow, and then told with a way to begin again",
  withTimers(async (after) => {
    const world = knocking(() => true);
    await world.session.connect();
    await after(world, 8600);
    assert.deepEqual([world.session.status, world.wires.length, world.requests.length], ["connecting", 6, 1]);
    await after(world, 1400);
    assert.deepEqual([world.session.status, world.session.error.code], ["ended", "turned_away"]);
    await after(world, 60000);
    assert.equal(world.wires.length, 7);
    assert.equal(world.session.state.end.retryable, true);
    assert.deepEqual([world.problems, world.voices[0].closed], [["turned_away"], true]);
    assert.ok(world.wires.every(({closed}) => closed));
  }),
);

test(
  "whoever asks again after that is given another ticket and as many tries",
  withTimers(async (after) => {
    const world = knocking((number) => number < 9, {createSession: numbered()});
    await world.session.connect();
    await after(world, 12000);
    assert.equal(world.session.status, "ended");
    await world.session.connect();
    await after(world, 150);
    assert.deepEqual(world.tickets, [...Array(7).fill("ek_1"), "ek_2", "ek_2"]);
    last(world).emit("session.created");
    assert.equal(world.session.status, "connected");
    await world.session.disconnect();
  }),
);

test(
  "a ticket that is too old by the time it is shown is replaced, and the tries go on",
  withTimers(async (after) => {
    const world = knocking((number) => number === 1 || number === 3, {createSession: numbered()});
    await world.session.connect();
    await after(world, 150);
    last(world).emit("voiceassist.ended", {reason: "protocol_error", code: "ticket_refused", detail: "Too old.", retryable: true});
    last(world).drop(4401);
    await settled();
    await after(world, 300);
    assert.deepEqual(world.tickets, ["ek_1", "ek_1", "ek_2", "ek_2"]);
    last(world).emit("session.created");
    assert.deepEqual([world.session.status, world.problems], ["connected", []]);
    await world.session.disconnect();
  }),
);

test(
  "a ticket that a server may have seen is not shown again: the next one is for the same conversation",
  withTimers(async (after) => {
    const world = stage();
    await world.session.connect();
    await settled();
    last(world).drop(1006);
    await after(world, 150);
    assert.deepEqual(world.requests, [{conversation_id: null}, {conversation_id: "c1"}]);
    assert.equal(world.session.status, "connecting");
    last(world).emit("session.created");
    assert.equal(world.session.status, "connected");
    await world.session.disconnect();
  }),
);

test(
  "what the server says of a first socket is told, and not tried again",
  withTimers(async (after) => {
    const world = stage();
    await world.session.connect();
    last(world).emit("voiceassist.ended", {reason: "provider_auth", code: "provider_auth", detail: "No key.", retryable: false});
    last(world).drop(1006);
    await after(world, 60000);
    assert.deepEqual([world.session.status, world.session.error.code, world.wires.length], ["ended", "provider_auth", 1]);
  }),
);

test(
  "when the network is back it is tried at once, and ending ends the tries",
  withTimers(async (after) => {
    const world = knocking(() => true);
    await world.session.connect();
    await after(world, 3000);
    const tried = world.wires.length;
    world.wake();
    await settled();
    assert.equal(world.wires.length, tried + 1);
    await world.session.disconnect();
    await after(world, 60000);
    assert.deepEqual([world.wires.length, world.session.status, world.problems], [tried + 1, "ended", []]);
  }),
);

test(
  "going off the record meanwhile asks for a session of that kind",
  withTimers(async (after) => {
    const world = knocking((number) => number === 1);
    await world.session.connect({microphone: false});
    await settled();
    await world.session.goOffRecord(true);
    await after(world, 12000);
    assert.deepEqual(world.requests.map(({save}) => save), [undefined, false]);
    assert.equal(world.wires.length, 2);
    await world.session.disconnect();
  }),
);

test(
  "a server that is about to stop and is gone by the next try is still waited for",
  withTimers(async (after) => {
    const world = knocking((number) => number > 1 && number < 8);
    await world.session.connect();
    await settled();
    last(world).drop(1012);
    await after(world, 30000);
    assert.deepEqual([world.session.status, world.wires.length, world.problems], ["reconnecting", 8, []]);
    last(world).emit("session.created");
    assert.equal(world.session.status, "connected");
    await world.session.disconnect();
  }),
);
