import assert from "node:assert/strict";
import {test} from "node:test";

import {CONFIG, connected, settled, stage, withTimers} from "./session-stage.js";

const HELD_DOWN = {...CONFIG, voice_config: {turn_detection: null}};
const DETECTED = {...CONFIG, voice_config: {turn_detection: {type: "server_vad", threshold: 0.5}}};

/** A connected session in which only the button says who speaks. */
const pushToTalk = (options = {}) => connected({microphone: true}, {createSession: async () => HELD_DOWN, ...options});

test("a session that was issued without turn detection is push-to-talk", async () => {
  const {session, voice} = await pushToTalk();
  assert.deepEqual([session.state.turnDetection, session.phase, voice.listening], ["push_to_talk", "ready", false]);
});

/** The last syllable has been heard. */
const SYLLABLE_MS = 150;

test("while it is held the person is heard, and what was said is a turn that is answered", withTimers(async (after) => {
  const world = await pushToTalk();
  const {session, wire, voice} = world;
  voice.hear(5);
  session.talk();
  assert.deepEqual([session.phase, session.state.talking, voice.listening], ["hearing", true, true]);
  voice.hear(4);
  session.release();
  assert.deepEqual([session.phase, session.state.talking], ["thinking", false]);
  voice.hear(2);
  assert.deepEqual(wire.sent, []);
  await after(world, SYLLABLE_MS);
  voice.hear(5);
  assert.equal(wire.audio.length, 6, "with the last syllable, and nothing after it");
  assert.deepEqual(wire.sentTypes(), ["input_audio_buffer.commit", "response.create"]);
  assert.equal("response" in wire.sent[1], false, "the session's own output counts");
  assert.equal(session.phase, "thinking");
}));

test("less than a tenth of a second is no turn, and is told", async () => {
  const world = await pushToTalk();
  world.session.talk();
  world.voice.hear(2);
  world.session.release();
  await settled();
  assert.deepEqual(world.wire.sentTypes(), ["input_audio_buffer.clear"]);
  assert.deepEqual([world.hints, world.session.phase], [["held_too_short"], "ready"]);
});

test("talking cuts off what sounds and stops what is still being made, by its name", async () => {
  const {session, wire, voice} = await pushToTalk();
  wire.emit("response.created", {response: {id: "r1"}});
  voice.player.cuts = [{item_id: "a", audio_end_ms: 300}];
  session.talk();
  await settled();
  assert.deepEqual(wire.sent, [
    {type: "conversation.item.truncate", item_id: "a", content_index: 0, audio_end_ms: 300},
    {type: "response.cancel", response_id: "r1"},
  ]);
});

test("an answer that begins while somebody talks is stopped, and the next one is asked for when it is over", withTimers(async (after) => {
  const world = await pushToTalk();
  const {session, wire, voice} = world;
  session.talk();
  voice.hear(4);
  wire.emit("response.created", {response: {id: "r1"}});
  await settled();
  session.release();
  await after(world, SYLLABLE_MS);
  wire.emit("response.done", {response: {id: "r1", status: "cancelled"}});
  assert.deepEqual(wire.sentTypes(), ["response.cancel", "input_audio_buffer.commit", "response.cancel", "response.create"]);
}));

test("interrupting stops the answer and nothing else", async () => {
  const {session, wire, voice} = await connected();
  await session.interrupt();
  assert.deepEqual(wire.sent, []);
  wire.emit("response.created", {response: {id: "r1"}});
  voice.player.cuts = [{item_id: "a", audio_end_ms: 300}];
  await session.interrupt();
  assert.deepEqual(wire.sentTypes(), ["conversation.item.truncate", "response.cancel"]);
});

test("an answer that ended meanwhile is not cancelled after it", async () => {
  const {session, wire} = await connected();
  wire.emit("response.created", {response: {id: "r1"}});
  const interrupted = session.interrupt();
  wire.emit("response.done", {response: {id: "r1", status: "completed"}});
  await interrupted;
  assert.deepEqual(wire.sent, []);
});

test("held twice or let go of twice is held and let go of once", withTimers(async (after) => {
  const world = await pushToTalk();
  const {session, wire, voice} = world;
  session.release();
  session.talk();
  session.talk();
  voice.hear(4);
  session.release();
  session.release();
  await after(world, SYLLABLE_MS);
  assert.deepEqual(wire.sentTypes(), ["input_audio_buffer.commit", "response.create"]);
}));

test("whoever holds it again at once begins another turn, and the one before is closed", withTimers(async (after) => {
  const world = await pushToTalk();
  const {session, wire, voice} = world;
  session.talk();
  voice.hear(4);
  session.release();
  session.talk();
  voice.hear(4);
  session.release();
  await after(world, SYLLABLE_MS);
  assert.deepEqual(wire.sentTypes(), ["input_audio_buffer.commit", "response.create", "input_audio_buffer.commit", "response.create"]);
}));

test("what was heard before it was known that only the button counts is nobody's turn", async () => {
  const world = stage({createSession: async () => HELD_DOWN});
  const connecting = world.session.connect();
  world.voices[0].hear(3);
  await connecting;
  world.wires[0].emit("session.created");
  assert.deepEqual([world.wires[0].audio.length, world.wires[0].sentTypes()], [3, ["input_audio_buffer.clear"]]);
});

test("without push-to-talk, or without a microphone, there is nothing to hold", async () => {
  const detected = await connected();
  detected.session.talk();
  assert.equal(detected.session.state.talking, false);
  const typing = await connected({microphone: false}, {createSession: async () => HELD_DOWN});
  typing.session.talk();
  assert.deepEqual([typing.session.state.talking, typing.session.phase], [false, "listening"]);
});

test("whoever is muted and holds the button is heard", async () => {
  const {session} = await pushToTalk();
  session.muted = true;
  session.talk();
  assert.equal(session.muted, false);
});

test("an end while it is held lets go of it, and asks for no answer that nobody would hear", async () => {
  const {session, wire, voice} = await pushToTalk();
  session.talk();
  voice.hear(4);
  await session.disconnect();
  session.release();
  assert.deepEqual([wire.sent, session.state.talking, session.status], [[], false, "ended"]);
});

test("a window that is left holds no button", async () => {
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), {visibilityState: "visible"});
  Object.assign(globalThis, {window, document});
  try {
    const {session, voice, wire} = await pushToTalk();
    session.talk();
    voice.hear(4);
    window.dispatchEvent(new Event("blur"));
    assert.equal(session.state.talking, false);
    session.talk();
    document.visibilityState = "hidden";
    document.dispatchEvent(new Event("visibilitychange"));
    assert.equal(session.state.talking, false);
    assert.ok(wire.sentTypes().includes("input_audio_buffer.commit"));
    await session.disconnect();
  } finally {
    delete globalThis.window;
    delete globalThis.document;
  }
});

test("another turn taking is told to a session that runs, whole, and is asked of the next one", async () => {
  const {session, wire, voice} = await pushToTalk();
  session.setTurnDetection("semantic_vad");
  assert.deepEqual([voice.listening, session.phase], [true, "listening"]);
  session.setTurnDetection("push_to_talk");
  assert.deepEqual([voice.listening, session.phase], [false, "ready"]);
  const told = wire.sent.map((event) => event.session.audio.input.turn_detection);
  assert.deepEqual(told, [{type: "semantic_vad", create_response: true, interrupt_response: true}, null]);
});

test("turn taking that was chosen before there is a session is asked of it", async () => {
  const requests = [];
  const world = stage({
    createSession: async (request) => {
      requests.push(request);
      return HELD_DOWN;
    },
  });
  world.session.setTurnDetection("push_to_talk");
  assert.equal(world.session.state.turnDetection, "push_to_talk");
  await world.session.connect();
  assert.equal(requests[0].turn_detection, "push_to_talk");
  world.wires[0].emit("session.created");
  assert.deepEqual(world.wires[0].sent, []);
});

test("turn taking that was chosen while the ticket was on its way is told to the session", async () => {
  let issue = () => {};
  const world = stage({createSession: () => new Promise((resolve) => (issue = () => resolve(DETECTED)))});
  const connecting = world.session.connect();
  world.session.setTurnDetection("push_to_talk");
  issue();
  await connecting;
  world.wires[0].emit("session.created");
  assert.deepEqual(world.wires[0].sent[0].session.audio.input.turn_detection, null);
});

test("sensitivity is told once the session is there, and when it is changed; the usual one needs no word", async () => {
  const world = stage({createSession: async () => DETECTED});
  world.devices.choose({sensitivity: "low"});
  await world.session.connect();
  world.wires[0].emit("session.created");
  world.devices.choose({volume: 0.5});
  world.devices.choose({sensitivity: "high"});
  const told = world.wires[0].sent.map((event) => event.session.audio.input.turn_detection);
  assert.deepEqual(told.map(({threshold}) => threshold), [0.7, 0.3]);
  assert.deepEqual(told[0], {
    type: "server_vad",
    prefix_padding_ms: 300,
    silence_duration_ms: 500,
    threshold: 0.7,
    create_response: true,
    interrupt_response: true,
  });
  const usual = await connected({microphone: true}, {createSession: async () => DETECTED});
  assert.deepEqual(usual.wire.sent, []);
});

test(
  "a turn that is held across a lost connection is handed over and closed when there is another",
  withTimers(async (after) => {
    const world = await pushToTalk();
    world.wire.drop();
    await settled();
    world.session.talk();
    world.voice.hear(5);
    world.session.release();
    assert.equal(world.session.state.talking, false);
    await after(world, 150);
    const [, wire] = world.wires;
    wire.emit("session.created");
    await settled();
    assert.deepEqual([wire.audio.length, wire.sentTypes()], [5, ["input_audio_buffer.commit", "response.create"]]);
  }),
);

test("what was being said into a microphone that is lost is a turn, and is answered in writing", async () => {
  const {session, wire, voice} = await pushToTalk();
  session.talk();
  voice.hear(4);
  voice.listener.onLost();
  assert.deepEqual(wire.sentTypes(), ["input_audio_buffer.commit", "response.create"]);
  assert.deepEqual([wire.sent[1].response, session.state.talking], [{output_modalities: ["text"]}, false]);
});

test("a microphone that is lost within the last syllable closes the turn at once, and once", withTimers(async (after) => {
  const world = await pushToTalk();
  world.session.talk();
  world.voice.hear(4);
  world.session.release();
  world.voice.listener.onLost();
  await after(world, SYLLABLE_MS);
  assert.deepEqual(world.wire.sentTypes(), ["input_audio_buffer.commit", "response.create"]);
}));

test("too little into a microphone that is lost is nobody's turn, and nobody waits for an answer", async () => {
  const {session, wire, voice, hints, problems} = await pushToTalk();
  session.talk();
  voice.hear(1);
  voice.listener.onLost();
  assert.deepEqual([wire.sentTypes(), session.state.awaiting], [["input_audio_buffer.clear"], false]);
  assert.deepEqual([hints, problems], [[], ["microphone_lost"]]);
});

test("turn taking that is changed within the last syllable closes the turn first", withTimers(async (after) => {
  const world = await pushToTalk();
  world.session.talk();
  world.voice.hear(4);
  world.session.release();
  world.session.setTurnDetection("server_vad");
  await after(world, SYLLABLE_MS);
  assert.deepEqual(world.wire.sentTypes(), ["input_audio_buffer.commit", "response.create", "session.update"]);
}));

/** A typed turn whose answer has begun and said nothing yet. */
const asked = async () => {
  const world = await pushToTalk();
  world.session.sendMessage("What helps?");
  await settled();
  world.wire.emit("conversation.item.added", {item: world.wire.sent[0].item});
  world.wire.emit("response.created", {response: {id: "r1"}});
  world.wire.sent.length = 0;
  return world;
};

for (const order of ["before", "after"]) {
  test(`a press that is too short costs nobody their answer: it is over ${order} the button is let go of`, async () => {
    const {session, wire, hints} = await asked();
    const over = async () => {
      wire.emit("response.done", {response: {id: "r1", status: "cancelled"}});
      await settled();
    };
    session.talk();
    await settled();
    if (order === "before") {
      await over();
    }
    session.release();
    await settled();
    if (order === "after") {
      await over();
    }
    assert.deepEqual(wire.sentTypes(), ["response.cancel", "input_audio_buffer.clear", "response.create"]);
    assert.deepEqual(hints, ["held_too_short"]);
    wire.emit("response.created", {response: {id: "r2"}});
    wire.emit("response.done", {response: {id: "r2", status: "completed"}});
    assert.equal(wire.sent.length, 3, "it is asked for once");
  });
}

test("a press that is too short asks for nothing where words of the answer had come", async () => {
  const {session, wire} = await asked();
  wire.emit("response.output_item.added", {response_id: "r1", item: {id: "a", type: "message", role: "assistant"}});
  wire.emit("response.output_audio_transcript.delta", {item_id: "a", delta: "Rest"});
  session.talk();
  await settled();
  session.release();
  wire.emit("response.done", {response: {id: "r1", status: "cancelled"}});
  assert.deepEqual(wire.sentTypes(), ["response.cancel", "input_audio_buffer.clear"]);
});
