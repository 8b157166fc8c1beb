import assert from "node:assert/strict";
import {test} from "node:test";

import {SessionEvent} from "../../static/js/voice/vocabulary.js";
import {CONFIG, connected, marks, offTheRecord, settled, stage, withTimers} from "./session-stage.js";

/** The latest socket. */
const last = ({wires}) => wires[wires.length - 1];

const lose = async (world, code = 1006) => {
  last(world).drop(code);
  await settled();
};

/** The server greets on the latest socket. */
const greet = async (world, events = []) => {
  last(world).emit("session.created");
  events.forEach(([type, fields]) => last(world).emit(type, fields));
  await settled();
};

const offline = () => Promise.reject(Object.assign(new Error(), {code: "network", retryable: true}));

for (const code of [1001, 1006, 1011, 1012]) {
  test(
    `a socket that closes with ${code} is replaced by one on the same conversation`,
    withTimers(async (after) => {
      const world = await connected();
      await lose(world, code);
      assert.deepEqual([world.session.status, world.session.state.attempt], ["reconnecting", 1]);
      await after(world, 150);
      assert.deepEqual(world.requests, [{conversation_id: null}, {resume_session_id: "rtc_1"}]);
      await greet(world);
      assert.deepEqual([world.session.status, world.session.state.attempt], ["connected", 0]);
      assert.deepEqual([world.problems, world.session.figures.reconnects], [[], 1]);
    }),
  );
}

test("draining that the server announced is come back from, its other reasons are ends", async () => {
  const draining = await connected();
  draining.wire.emit("voiceassist.ended", {reason: "draining", code: "draining", detail: "", retryable: true});
  await lose(draining, 1001);
  assert.equal(draining.session.status, "reconnecting");
  await draining.session.disconnect();
  const idle = await connected();
  idle.wire.emit("voiceassist.ended", {reason: "idle", code: "idle", detail: "", retryable: true});
  await lose(idle, 1006);
  assert.deepEqual([idle.session.status, idle.session.error.code], ["ended", "idle"]);
});

for (const [code, told] of [[4403, "signed_out"], [4404, "conversation_not_found"], [4409, "replaced"], [4429, "limit_reached"], [4503, "realtime_unavailable"]]) {
  test(`a socket that is closed with ${code} is not tried again`, async () => {
    const world = await connected();
    await lose(world, code);
    assert.deepEqual([world.session.status, world.session.error.code, world.wires.length], ["ended", told, 1]);
  });
}

test(
  "the microphone stays open, and what it hears meanwhile goes to the next socket once that is greeted",
  withTimers(async (after) => {
    const world = await connected();
    world.voice.hear(2);
    await lose(world);
    world.voice.hear(3);
    await after(world, 150);
    world.voice.hear(4);
    await world.session.startMicrophone();
    assert.deepEqual([world.wires.length, last(world).audio.length], [2, 0]);
    await greet(world);
    world.voice.hear(1);
    assert.deepEqual([world.wire.audio.length, last(world).audio.length], [2, 8]);
    assert.deepEqual([world.voices.length, world.voice.closed, world.session.state.microphone], [1, false, true]);
    assert.equal(world.session.figures.framesSent, 10);
  }),
);

test(
  "turns typed meanwhile wait and are sent once",
  withTimers(async (after) => {
    const world = await connected({microphone: false});
    await lose(world);
    world.session.sendMessage("Are you there?");
    await after(world, 150);
    await greet(world);
    assert.deepEqual(last(world).sentTypes(), ["conversation.item.create", "response.create"]);
    assert.deepEqual(marks(world.session), [["Are you there?", false, "final"]]);
    assert.equal(world.requests.length, 2);
  }),
);

test(
  "a turn that got no word of its answer is sent once more under its own id, before what was typed since",
  withTimers(async (after) => {
    const world = await connected({microphone: false});
    const first = world.session.sendMessage("What helps?");
    await settled();
    world.wire.emit("conversation.item.added", {item: world.wire.sent[0].item});
    await lose(world);
    const second = world.session.sendMessage("Hello?");
    await after(world, 150);
    await greet(world);
    assert.deepEqual(last(world).sentTypes(), ["conversation.item.create", "conversation.item.create", "response.create"]);
    assert.deepEqual(last(world).sent.slice(0, 2).map(({item}) => item.id), [first, second]);
    assert.deepEqual(marks(world.session), [["What helps?", false, "final"], ["Hello?", false, "final"]]);
  }),
);

test(
  "a turn whose answer had begun is not asked again, and the answer was cut off",
  withTimers(async (after) => {
    const world = await connected({microphone: false});
    world.session.sendMessage("What helps?");
    await settled();
    world.wire.emit("conversation.item.added", {item: world.wire.sent[0].item});
    world.wire.emit("response.created", {response: {id: "r1"}});
    world.wire.emit("response.output_item.added", {response_id: "r1", item: {id: "a", type: "message", role: "assistant"}});
    world.wire.emit("response.output_text.delta", {item_id: "a", delta: "Rest"});
    await lose(world);
    await after(world, 150);
    await greet(world);
    assert.deepEqual(last(world).sent, []);
    assert.deepEqual(marks(world.session), [["What helps?", false, "final"], ["Rest", false, "interrupted"]]);
    assert.deepEqual([world.session.state.response, world.session.phase], ["", "listening"]);
  }),
);

test(
  "a turn that the server never confirmed is sent again though words of an earlier answer came after it",
  withTimers(async (after) => {
    const world = await connected({microphone: false});
    world.session.sendMessage("And then?");
    await settled();
    world.wire.emit("response.output_text.delta", {item_id: "old", delta: "late words"});
    await lose(world);
    await after(world, 150);
    await greet(world);
    assert.deepEqual(last(world).sentTypes(), ["conversation.item.create", "response.create"]);
  }),
);

test(
  "what the server refused is not sent again",
  withTimers(async (after) => {
    const world = await connected({microphone: false});
    world.session.sendMessage("x");
    await settled();
    world.wire.emit("error", {error: {code: "invalid_value", message: "No.", event_id: world.wire.sent[0].event_id}});
    await lose(world);
    await after(world, 150);
    await greet(world);
    assert.deepEqual(last(world).sent, []);
  }),
);

test(
  "what somebody was saying settles once the session is another one, and the sound of an answer is played as far as it came",
  withTimers(async (after) => {
    const world = await connected();
    world.wire.emit("response.created", {response: {id: "r1"}});
    world.wire.emit("response.output_item.added", {response_id: "r1", item: {id: "a", type: "message", role: "assistant"}});
    world.wire.emit("response.content_part.added", {item_id: "a", part: {type: "audio"}});
    world.wire.listener.onAudio(new ArrayBuffer(4));
    world.wire.emit("response.output_audio_transcript.delta", {item_id: "a", delta: "Rest it"});
    world.wire.emit("input_audio_buffer.committed", {item_id: "u", previous_item_id: "a"});
    await lose(world);
    assert.deepEqual(marks(world.session), [["Rest it", false, "partial"], ["", false, "pending"]]);
    assert.deepEqual([world.voice.player.finished, world.session.state.awaiting], [[], true]);
    await after(world, 150);
    await greet(world);
    assert.deepEqual(marks(world.session), [["Rest it", false, "interrupted"], ["", false, "pending"]]);
    assert.deepEqual(world.voice.player.finished, ["a"]);
    assert.deepEqual([world.session.state.userSpeaking, world.session.state.awaiting], [false, false]);
    await world.session.disconnect();
  }),
);

test(
  "it is tried again after pauses that grow, for a minute, and then told",
  withTimers(async (after) => {
    const answers = [async () => CONFIG];
    const tried = [];
    let now = () => 0;
    const createSession = () => {
      tried.push(now());
      return (answers.shift() || offline)();
    };
    const world = await connected({microphone: true}, {createSession});
    now = () => world.now;
    await lose(world);
    while (world.session.status === "reconnecting" && world.now < 70000) {
      await after(world, 50);
    }
    assert.deepEqual(tried.slice(1, 8), [150, 450, 1050, 2250, 4650, 8650, 12650]);
    assert.deepEqual([world.session.status, world.session.error.code], ["ended", "connection_lost"]);
    assert.equal(world.session.state.end.retryable, true);
    assert.ok(world.now > 55000 && world.now <= 60000, String(world.now));
    assert.equal(world.voice.closed, true);
  }),
);

test(
  "when the network is back it is tried at once",
  withTimers(async (after) => {
    let network = async () => CONFIG;
    const world = await connected({microphone: true}, {createSession: () => network()});
    network = offline;
    await lose(world);
    await after(world, 150);
    network = async () => CONFIG;
    world.wake();
    await settled();
    assert.equal(world.wires.length, 2);
    await greet(world);
    assert.equal(world.session.status, "connected");
  }),
);

test(
  "a server that asks to be left alone is left alone for so long, and whoever wakes up does not change that",
  withTimers(async (after) => {
    const busy = () => Promise.reject(Object.assign(new Error(), {code: "throttled", detail: "Wait.", retryable: true, retryAfter: 20}));
    const answers = [async () => CONFIG, busy, async () => CONFIG];
    let asked = 0;
    const world = await connected({microphone: true}, {createSession: () => ((asked += 1), answers.shift()())});
    await lose(world);
    await after(world, 150);
    assert.equal(asked, 2);
    await after(world, 19000);
    world.wake();
    await settled();
    assert.equal(asked, 2);
    await after(world, 1000);
    assert.equal(asked, 3);
    await world.session.disconnect();
  }),
);

test(
  "a server that asks to be left alone for longer than anybody waits is told of",
  withTimers(async (after) => {
    const answers = [async () => CONFIG];
    const full = () => Promise.reject(Object.assign(new Error(), {code: "daily_limit_reached", detail: "Tomorrow.", retryable: true, retryAfter: 9000}));
    const world = await connected({microphone: true}, {createSession: () => (answers.shift() || full)()});
    await lose(world);
    await after(world, 150);
    assert.deepEqual([world.session.status, world.session.error.detail], ["ended", "Tomorrow."]);
  }),
);

test(
  "whoever is signed out meanwhile is told at once",
  withTimers(async (after) => {
    const answers = [async () => CONFIG];
    const out = () => Promise.reject(Object.assign(new Error(), {code: "not_authenticated", retryable: false}));
    const world = await connected({microphone: true}, {createSession: () => (answers.shift() || out)()});
    await lose(world);
    await after(world, 150);
    assert.deepEqual([world.session.status, world.session.error.code], ["ended", "not_authenticated"]);
  }),
);

test(
  "a try that leads nowhere is given up for the next one, and what it still says is not heard",
  withTimers(async (after) => {
    const world = await connected();
    await lose(world);
    await after(world, 150);
    const stuck = last(world);
    await after(world, 20000);
    assert.deepEqual([stuck.closed, world.session.state.attempt], [true, 2]);
    await after(world, 300);
    stuck.emit("session.created");
    assert.equal(world.session.status, "reconnecting");
    await greet(world);
    assert.equal(world.session.status, "connected");
  }),
);

test(
  "a ticket that was too old is replaced by a fresh one by itself, once",
  withTimers(async () => {
    const world = stage();
    await world.session.connect();
    last(world).emit("error", {error: {code: "ticket_refused", message: "Too old."}});
    last(world).emit("voiceassist.ended", {reason: "protocol_error", code: "ticket_refused", detail: "Too old.", retryable: true});
    await lose(world, 4401);
    assert.deepEqual([world.session.status, world.requests.length, world.wires.length], ["connecting", 2, 2]);
    assert.deepEqual([world.problems, world.session.state.end], [[], null]);
    assert.deepEqual([world.voices.length, world.session.state.microphone], [1, true]);
    await lose(world, 4401);
    assert.deepEqual([world.session.status, world.session.error.code, world.requests.length], ["ended", "ticket_refused", 2]);
  }),
);

test(
  "off the record stays off the record, and nothing is sent before the new session has agreed",
  withTimers(async (after) => {
    const world = await offTheRecord();
    await lose(world);
    world.session.sendMessage("a secret");
    world.voice.hear(1);
    await after(world, 150);
    assert.deepEqual(world.requests[1], {resume_session_id: "rtc_1"}, "which is what it was");
    await greet(world);
    assert.deepEqual([last(world).sent, last(world).audio], [[], []]);
    last(world).emit("voiceassist.session", {save: false});
    await settled();
    assert.deepEqual(last(world).sentTypes(), ["conversation.item.create", "response.create"]);
    assert.equal(last(world).audio.length, 1);
  }),
);

test(
  "ending while it is tried again ends it, and turns that waited say that they were not sent",
  withTimers(async (after) => {
    const world = await connected();
    await lose(world);
    world.session.sendMessage("Hello?");
    await world.session.disconnect();
    await after(world, 60000);
    assert.deepEqual([world.wires.length, world.session.status, world.voice.closed], [1, "ended", true]);
    assert.deepEqual(marks(world.session), [["Hello?", false, "unsent"]]);
  }),
);

test(
  "asking to connect while it is tried again tries at once",
  withTimers(async () => {
    const world = await connected();
    await lose(world);
    await world.session.connect();
    await settled();
    assert.equal(world.wires.length, 2);
    await world.session.disconnect();
  }),
);

test(
  "going off the record while it is tried again opens one session of that kind",
  withTimers(async (after) => {
    const world = await connected();
    await lose(world);
    await world.session.goOffRecord(true);
    await after(world, 5000);
    assert.deepEqual([world.wires.length, world.requests[1].save, world.session.status], [2, false, "connecting"]);
    await greet(world, [["voiceassist.session", {save: false}]]);
    assert.equal(world.session.canSend, true);
  }),
);

test(
  "an absence is told after a second, and the return whenever it comes",
  withTimers(async (after) => {
    const answers = [async () => CONFIG, offline, offline];
    const world = await connected({microphone: true}, {createSession: () => (answers.shift() || (async () => CONFIG))()});
    await lose(world);
    assert.equal(world.session.phase, "listening");
    await after(world, 900);
    assert.equal(world.session.state.away, false);
    await after(world, 100);
    assert.deepEqual([world.session.state.away, world.session.phase], [true, "reconnecting"]);
    await after(world, 500);
    await greet(world);
    assert.deepEqual([world.session.state.away, world.session.phase], [false, "listening"]);
  }),
);

test(
  "what was used by all of the sessions is added up",
  withTimers(async (after) => {
    const told = [];
    const world = await connected();
    world.session.addEventListener(SessionEvent.USAGE, ({detail}) => told.push(detail.tokens));
    world.wire.emit("voiceassist.usage", {session_usage: {total_tokens: 10}, estimated_cost: null});
    await lose(world);
    await after(world, 150);
    await greet(world);
    last(world).emit("voiceassist.usage", {session_usage: {total_tokens: 5}, estimated_cost: null});
    assert.deepEqual(told, [10, 15]);
  }),
);
