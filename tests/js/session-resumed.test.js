import assert from "node:assert/strict";
import {test} from "node:test";

import {ResumingServer} from "./resuming-server.js";
import {marks, settled, stage, withTimers} from "./session-stage.js";

/** A page in a session of a server that keeps it. */
const talking = async (wishes = {microphone: true}) => {
  const server = new ResumingServer();
  const world = stage(server.options);
  world.server = server;
  await world.session.connect(wishes);
  await settled();
  [world.voice] = world.voices;
  return world;
};

/** Frames that can be told apart. */
const speak = (world, ...numbers) => {
  for (const number of numbers) {
    const frame = new Uint8Array(1920).fill(number).buffer;
    if (world.voice.send) {
      world.voice.send(frame);
    } else {
      world.voice.kept.push(frame);
    }
  }
};

const heardBy = (server) => server.sounds.map((frame) => new Uint8Array(frame)[0]);

const refused = (status, code) => Object.assign(new Error(), {status, code, detail: "No.", retryable: false});

const begun = (server) => {
  server.say("response.created", {response: {id: "r1"}});
  server.say("response.output_item.added", {response_id: "r1", item: {id: "a", type: "message", role: "assistant"}});
  server.say("response.content_part.added", {item_id: "a", part: {type: "audio"}});
};

const ms = (count, value) => new Array(48 * count).fill(value);

test(
  "a session that the server still has is gone on with: same session, same lines, and it is told what is in hand",
  withTimers(async (after) => {
    const world = await talking();
    const {server, session} = world;
    begun(server);
    server.say("response.output_audio_transcript.delta", {item_id: "a", delta: "Rest "});
    server.sound(...ms(20, 1), 7);
    server.cut();
    server.say("response.output_audio_transcript.delta", {item_id: "a", delta: "well."});
    server.sound(...ms(20, 2));
    await after(world, 150);
    assert.deepEqual(server.requests, [{conversation_id: null}, {resume_session_id: "rtc_1"}]);
    const [asked] = server.resumes;
    assert.deepEqual([asked.item_id, asked.played_ms], ["a", 20]);
    assert.match(asked.event_id, /^event_/);
    assert.equal(server.begun, 1);
    assert.deepEqual(marks(session), [["Rest well.", false, "partial"]]);
    assert.deepEqual([session.status, session.state.attempt, session.state.response], ["connected", 0, "r1"]);
    assert.deepEqual([world.voice.player.finished, world.voice.player.renewed], [[], 1], "the player was left alone");
    const bytes = world.voice.player.appended.reduce((sum, [item, length]) => sum + (item === "a" ? length : NaN), 0);
    assert.equal(bytes, 40 * 48 + 1, "every byte once, though the server resumes at whole milliseconds");
    assert.deepEqual([world.problems, session.figures.reconnects, session.state.sessionId], [[], 1, "rtc_1"]);
  }),
);

test(
  "what was said into a network that was dead already is sent again, once, before what was said since",
  withTimers(async (after) => {
    const world = await talking();
    const {server} = world;
    speak(world, 1, 2);
    server.isDead = true;
    speak(world, 3, 4, 5);
    server.cut();
    speak(world, 6, 7);
    await after(world, 150);
    speak(world, 8);
    assert.deepEqual(heardBy(server), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert.equal(world.session.figures.framesSent, 8);
  }),
);

test(
  "a socket that only looks open is given up without ending the session",
  withTimers(async (after) => {
    const world = await talking();
    const first = world.server.wire;
    world.server.isDead = true;
    speak(world, 1);
    world.session._watch._watched.onGone();
    world.server.isDead = false;
    await after(world, 150);
    assert.deepEqual([first.closedWith, world.server.begun], [4000, 1]);
    assert.deepEqual(heardBy(world.server), [1]);
  }),
);

test(
  "a typed turn goes up once, whether it was sent before the loss or written after it",
  withTimers(async (after) => {
    const world = await talking({microphone: false});
    const {server, session} = world;
    session.sendMessage("One");
    await settled();
    server.isDead = true;
    session.sendMessage("Two");
    await settled();
    server.cut();
    session.sendMessage("Three");
    await after(world, 150);
    const turns = server.texts.filter(({type}) => type === "conversation.item.create");
    assert.deepEqual(turns.map(({item}) => item.content[0].text), ["One", "Two", "Three"]);
    assert.deepEqual(marks(session), [["One", false, "final"], ["Two", false, "final"], ["Three", false, "final"]]);
    assert.equal(server.begun, 1);
  }),
);

test(
  "an answer stopped while there was no socket is silent at once, and the server is told afterwards",
  withTimers(async (after) => {
    const world = await talking();
    const {server, session} = world;
    begun(server);
    server.sound(...ms(20, 1));
    server.cut();
    world.voice.player.cuts = [{item_id: "a", audio_end_ms: 10, received_ms: 20}];
    await session.interrupt();
    assert.deepEqual(server.texts, []);
    await after(world, 150);
    assert.deepEqual(server.texts.map(({type}) => type), ["conversation.item.truncate", "response.cancel"]);
  }),
);

test("what is said to a new socket before the server goes on waits for that, and goes up once", async () => {
  const world = await talking();
  const {server, session} = world;
  begun(server);
  server.cut();
  const resume = server._resume.bind(server);
  let goOn = () => {};
  server._resume = (wire, asked) => {
    wire.isGreeted = true;
    goOn = () => resume(wire, asked);
  };
  await session.connect();
  await settled();
  world.voice.player.cuts = [{item_id: "a", audio_end_ms: 0, received_ms: 0}];
  await session.interrupt();
  assert.deepEqual(server.texts, []);
  goOn();
  assert.deepEqual(server.texts.map(({type}) => type), ["conversation.item.truncate", "response.cancel"]);
});

test(
  "a second loss in the middle of coming back loses nothing either",
  withTimers(async (after) => {
    const world = await talking();
    const {server} = world;
    speak(world, 1);
    server.say("conversation.item.input_audio_transcription.delta", {item_id: "u", delta: "one "});
    server.cut();
    speak(world, 2);
    server.say("conversation.item.input_audio_transcription.delta", {item_id: "u", delta: "two"});
    const pass = server._pass.bind(server);
    server._pass = () => {};
    await after(world, 150);
    server._pass = pass;
    server.cut();
    await after(world, 400);
    assert.deepEqual(server.resumes.map(({last_event_id}) => last_event_id), ["s1_3", "s1_3"]);
    assert.deepEqual(heardBy(server), [1, 2]);
    assert.deepEqual(marks(world.session), [["one two", false, "partial"]]);
  }),
);

test(
  "a server that begins anew is given what nobody answered, and nothing of the sound that went to the old session",
  withTimers(async (after) => {
    const world = await talking();
    const {server, session} = world;
    speak(world, 1);
    session.sendMessage("Who is there?");
    await settled();
    server.forgets = true;
    server.cut();
    speak(world, 2);
    await after(world, 150);
    assert.deepEqual([server.requests.length, server.begun, session.status], [2, 2, "connected"]);
    assert.deepEqual(heardBy(server), [2]);
    assert.deepEqual(server.texts.map(({type}) => type), ["conversation.item.create", "response.create"]);
    assert.equal(session.state.sessionId, "rtc_2");
    server.forgets = false;
    speak(world, 3);
    server.cut();
    await after(world, 150);
    assert.deepEqual([server.begun, heardBy(server)], [2, [2, 3]], "and that one is gone on with in its turn");
  }),
);

for (const [status, code] of [[404, "session_not_found"], [409, "session_not_resumable"]]) {
  test(
    `a session that is gone (${status}) is followed by another one on the same conversation, at once`,
    withTimers(async (after) => {
      const world = await talking({microphone: false});
      const {server, session} = world;
      server.refusals = [refused(status, code)];
      server.cut();
      await after(world, 150);
      assert.deepEqual(server.requests.slice(1), [{resume_session_id: "rtc_1"}, {conversation_id: "c1"}]);
      assert.deepEqual([server.begun, server.resumes, session.status, world.problems], [2, [], "connected", []]);
    }),
  );
}

test(
  "whoever may not come in any more is not let in as somebody new",
  withTimers(async (after) => {
    const world = await talking({microphone: false});
    world.server.refusals = [refused(403, "not_authenticated")];
    world.server.cut();
    await after(world, 150);
    assert.deepEqual([world.session.status, world.session.error.code], ["ended", "not_authenticated"]);
    assert.equal(world.server.requests.length, 2);
  }),
);

test(
  "a conversation that is gone with its session ends it",
  withTimers(async (after) => {
    const world = await talking({microphone: false});
    world.server.refusals = [refused(404, "session_not_found"), refused(404, "conversation_not_found")];
    world.server.cut();
    await after(world, 150);
    assert.deepEqual([world.session.status, world.session.error.code], ["ended", "conversation_not_found"]);
  }),
);

test(
  "where more was lost than is kept, another session begins rather than one with a hole",
  withTimers(async (after) => {
    const world = await talking();
    const {server} = world;
    server.isDead = true;
    // Half a minute and one frame.
    speak(world, ...new Array(751).fill(9));
    server.cut();
    speak(world, 5);
    await after(world, 150);
    assert.deepEqual(server.requests.slice(1), [{resume_session_id: "rtc_1"}, {conversation_id: "c1"}]);
    assert.deepEqual([server.begun, heardBy(server), world.session.status], [2, [5], "connected"]);
    assert.deepEqual(server.wires.map(({closedWith}) => closedWith), [4000, 1000, null], "the old one is left");
  }),
);

test("a server that says it has more than was sent is not believed", async () => {
  const world = await talking();
  world.server.cut();
  world.server._resume = (wire) => {
    wire.isGreeted = true;
    world.server.forgets = true;
    wire.listener.onEvent({type: "voiceassist.resumed", frames: 12});
  };
  await world.session.connect();
  await settled();
  assert.deepEqual([world.server.begun, world.session.status], [2, "connected"]);
});

test("a ping says what was processed last, and its pong lets go of what was sent before it", async () => {
  const world = await talking();
  const {server, session} = world;
  speak(world, 1, 2);
  session._watch.look = () => {};
  session._watch._watched.send({type: "voiceassist.ping", id: "p1"});
  assert.deepEqual(server.pings, [{type: "voiceassist.ping", id: "p1", last_event_id: "s1_2"}]);
  assert.equal(session._wire._sent.from(0), null);
  assert.deepEqual(session._wire._sent.from(2), []);
  assert.equal(server.taken.length, 2, "it is no frame that counts");
});

test(
  "a button held all along is one turn: what was said before, in between and after",
  withTimers(async (after) => {
    const world = await talking();
    const {server, session} = world;
    session.setTurnDetection("push_to_talk");
    session.talk();
    speak(world, 1, 2, 3);
    server.cut();
    speak(world, 4);
    session.release();
    await after(world, 150);
    assert.deepEqual(heardBy(server), [1, 2, 3, 4]);
    assert.deepEqual(server.texts.map(({type}) => type), ["session.update", "input_audio_buffer.commit", "response.create"]);
  }),
);

test(
  "the turn taking that was chosen is not told a second time, and a change meanwhile is",
  withTimers(async (after) => {
    const world = await talking();
    const {server, session} = world;
    session.setTurnDetection("push_to_talk");
    server.cut();
    await after(world, 150);
    assert.equal(server.texts.length, 1);
    server.cut();
    session.setTurnDetection("server_vad");
    await after(world, 300);
    assert.equal(server.texts.length, 2);
  }),
);

test(
  "off the record goes on off the record",
  withTimers(async (after) => {
    const world = await talking({microphone: false});
    const {server, session} = world;
    await session.goOffRecord(true);
    await settled();
    server.cut();
    session.sendMessage("a secret");
    await after(world, 150);
    assert.deepEqual(server.requests[2], {resume_session_id: "rtc_2"});
    assert.deepEqual(server.texts.map(({type}) => type), ["conversation.item.create", "response.create"]);
    assert.deepEqual(marks(session), [["a secret", true, "final"]]);
  }),
);

// --- a server that restarts --------------------------------------------------------------------------------------

test(
  "a server that drains is not noticed while it talks; after it the session is asked for at another one",
  withTimers(async (after) => {
    const world = await talking();
    const {server, session} = world;
    begun(server);
    server.sound(...ms(20, 1));
    const before = session.state;
    server.say("voiceassist.draining", {seconds: 25});
    assert.equal(session.state, before);
    server.say("voiceassist.ended", {reason: "draining", code: "draining", detail: "", retryable: true});
    speak(world, 1);
    server.forgets = true;
    server.cut(1001);
    assert.deepEqual([session.state.attempt, world.voice.player.finished], [1, ["a"]], "what has come plays on");
    await after(world, 150);
    assert.deepEqual(server.requests[1], {resume_session_id: "rtc_1"});
    assert.deepEqual([session.status, server.begun, server.resumes, world.problems], ["connected", 2, [], []]);
    assert.deepEqual([world.voices.length, world.voice.closed], [1, false]);
    assert.deepEqual(heardBy(server), [1], "what was said since the server stopped listening");
  }),
);

test(
  "whoever comes first to a server that drains is let in by the next one, after the pause that it asks for",
  withTimers(async (after) => {
    const world = stage();
    await world.session.connect();
    world.wires[0].emit("voiceassist.ended", {reason: "draining", code: "draining", detail: "", retryable: true, retry_after: 2});
    world.wires[0].drop(1012);
    await after(world, 1900);
    assert.deepEqual([world.session.status, world.requests.length], ["reconnecting", 1]);
    await after(world, 200);
    assert.deepEqual(world.requests, [{conversation_id: null}, {conversation_id: "c1"}]);
    world.wires[1].emit("session.created");
    assert.deepEqual([world.session.status, world.session.state.microphone, world.problems], ["connected", true, []]);
  }),
);

/** A server that is over tells how many frames it has taken in; the next one knows nothing. */
const drain = (server, frames) => {
  server.say("voiceassist.ended", {reason: "draining", code: "draining", detail: "", retryable: true, frames});
  server.forgets = true;
  server.cut(1001);
};

test(
  "what reached a session that was over already is said to the next one, and nothing that it had",
  withTimers(async (after) => {
    const world = await talking();
    const {server, session} = world;
    speak(world, 1, 2);
    server.isDead = true;
    speak(world, 3, 4);
    const id = session.sendMessage("Hello?");
    await settled();
    await session.interrupt();
    server.isDead = false;
    const taken = server.taken.length;
    server.say("voiceassist.ended", {reason: "draining", code: "draining", detail: "", retryable: true, frames: taken});
    speak(world, 5);
    server.forgets = true;
    server.cut(1001);
    speak(world, 6);
    await after(world, 150);
    assert.deepEqual(heardBy(server), [3, 4, 5, 6]);
    assert.deepEqual(server.texts.map(({type}) => type), ["conversation.item.create", "response.create"]);
    assert.deepEqual([server.texts[0].item.id, marks(session)], [id, [["Hello?", false, "final"]]]);
    assert.deepEqual([session.status, world.problems], ["connected", []]);
  }),
);

test(
  "a session that was over tells nothing of its frames, or what cannot be: then no sound is said twice",
  withTimers(async (after) => {
    for (const frames of [undefined, 99, "2"]) {
      const world = await talking();
      speak(world, 1, 2, 3);
      drain(world.server, frames);
      await after(world, 150);
      speak(world, 4);
      assert.deepEqual(heardBy(world.server), [4], String(frames));
    }
  }),
);

test(
  "a server that takes nobody in any more says nothing of the session that was lost at another one",
  withTimers(async (after) => {
    const world = await talking();
    const {server} = world;
    speak(world, 1, 2);
    server.isDead = true;
    speak(world, 3);
    server.cut();
    const resume = server._resume;
    server._resume = (wire) => {
      wire.isGreeted = true;
      wire.listener.onEvent({type: "voiceassist.ended", reason: "draining", code: "draining", retryable: true, frames: 0});
    };
    await after(world, 150);
    server._resume = resume;
    server.cut(1012);
    await after(world, 400);
    assert.deepEqual([server.begun, heardBy(server)], [1, [1, 2, 3]]);
  }),
);

test(
  "a turn of a held button that reached a session that was over is a turn of the next one",
  withTimers(async (after) => {
    const world = await talking();
    const {server, session} = world;
    session.setTurnDetection("push_to_talk");
    session.talk();
    const taken = server.taken.length;
    server.isDead = true;
    speak(world, 1, 2, 3);
    session.release();
    await after(world, 150);
    server.isDead = false;
    drain(server, taken);
    await after(world, 150);
    assert.deepEqual(heardBy(server), [1, 2, 3]);
    assert.deepEqual(server.texts.map(({type}) => type), ["input_audio_buffer.commit", "response.create"]);
  }),
);

// --- a place that is taken --------------------------------------------------------------------------------------------

/** Lost, and gone on with. */
const returned = async (after) => {
  const world = await talking();
  speak(world, 1);
  world.server.cut();
  await after(world, 150);
  assert.equal(world.server.resumes.length, 1);
  return world;
};

test(
  "a page that is sent away by its own return, which the server heeds late, goes on with its session",
  withTimers(async (after) => {
    const world = await returned(after);
    const {server, session} = world;
    await after(world, 1000);
    server.cut(4409);
    speak(world, 2);
    assert.deepEqual([session.status, session.state.end], ["reconnecting", null]);
    await after(world, 300);
    assert.deepEqual(server.requests.slice(1), [{resume_session_id: "rtc_1"}, {resume_session_id: "rtc_1"}]);
    assert.deepEqual([session.status, server.begun, heardBy(server), world.problems], ["connected", 1, [1, 2], []]);
  }),
);

test(
  "told so in words, too, and where the server can only begin anew",
  withTimers(async (after) => {
    const world = await returned(after);
    const {server, session} = world;
    server.say("voiceassist.ended", {reason: "replaced", code: "replaced", detail: "Elsewhere.", retryable: true});
    server.forgets = true;
    server.cut(4409);
    await after(world, 300);
    assert.deepEqual([session.status, server.begun, world.problems], ["connected", 2, []]);
  }),
);

for (const [status, code] of [[404, "session_not_found"], [409, "session_not_resumable"]]) {
  test(
    `a place that somebody else has (${status}) is left to them`,
    withTimers(async (after) => {
      const world = await returned(after);
      world.server.refusals = [refused(status, code)];
      world.server.cut(4409);
      await after(world, 5000);
      assert.deepEqual([world.session.status, world.session.error.code], ["ended", "replaced"]);
      assert.deepEqual(world.server.requests.length, 3, "no other session was begun on their conversation");
    }),
  );
}

test(
  "two pages do not throw one another out for ever, and long after a return nobody else is thrown out",
  withTimers(async (after) => {
    const world = await returned(after);
    for (const pause of [300, 600, 1200]) {
      world.server.cut(4409);
      await after(world, pause);
      assert.equal(world.session.status, "connected");
    }
    world.server.cut(4409);
    assert.deepEqual([world.session.status, world.session.error.code], ["ended", "replaced"]);
    const other = await returned(after);
    await after(other, 10500);
    other.server.cut(4409);
    assert.deepEqual([other.session.status, other.session.error.code], ["ended", "replaced"]);
  }),
);

// --- an end that is not come back from by itself ----------------------------------------------------------------------

test("a turn typed into a session that had ended says so, and is sent with the next one that is asked for", async () => {
  const world = await talking({microphone: false});
  const {server, session} = world;
  session.sendMessage("One");
  await settled();
  server.say("conversation.item.added", {item: server.texts[0].item});
  const frames = server.taken.length;
  server.isDead = true;
  const id = session.sendMessage("Two");
  await settled();
  server.isDead = false;
  server.say("voiceassist.ended", {reason: "idle", code: "idle", detail: "", retryable: true, frames});
  server.cut(1000);
  assert.deepEqual([session.status, marks(session)], ["ended", [["One", false, "final"], ["Two", false, "unsent"]]]);
  server.forgets = true;
  await session.connect({microphone: false});
  await settled();
  assert.deepEqual(server.texts.map(({type}) => type), ["conversation.item.create", "response.create"]);
  assert.deepEqual([server.texts[0].item.id, marks(session)[1]], [id, ["Two", false, "final"]]);
});
