import assert from "node:assert/strict";
import {mock, test} from "node:test";

import {RealtimeVoiceSession} from "../../static/js/voice/realtime-voice-session.js";
import {SessionEvent} from "../../static/js/voice/vocabulary.js";

const CONFIG = {url: "ws://x/v1/realtime", model: "m", api_key: "ek_1", session_id: "rtc_1", conversation_id: "c1"};

/** The server's end of the wire. */
class FakeWire {
  constructor(listener) {
    this.listener = listener;
    this.sent = [];
    this.audio = [];
    this.closed = false;
  }

  send(event) {
    this.sent.push(event);
  }

  sendAudio(frame) {
    this.audio.push(frame);
  }

  close() {
    this.closed = true;
  }

  emit(type, fields = {}) {
    this.listener.onEvent({type, ...fields});
  }

  sentTypes() {
    return this.sent.map((event) => event.type);
  }
}

class FakePlayer {
  constructor() {
    this.appended = [];
    this.finished = [];
    this.cuts = [];
    this.renewed = 0;
  }

  append(item, pcm) {
    this.appended.push([item, pcm.byteLength]);
  }

  finish(item) {
    this.finished.push(item);
  }

  renew() {
    this.renewed += 1;
  }

  async interrupt() {
    return this.cuts.splice(0);
  }

  abandon() {
    return this.cuts.splice(0);
  }
}

class FakeVoice {
  constructor(listener, failure) {
    this.listener = listener;
    this.failure = failure;
    this.player = new FakePlayer();
    this.levels = {assistant: 0.1, user: 0.2};
    this.muted = false;
    this.closed = false;
    this.send = null;
  }

  async open() {
    if (this.failure) {
      throw this.failure;
    }
  }

  stream(send) {
    this.send = send;
  }

  hold() {
    this.send = null;
  }

  close() {
    this.closed = true;
  }
}

/** A session with everything around it in the test's hands. */
const stage = (options = {}) => {
  const world = {wires: [], voices: [], requests: [], problems: [], statuses: []};
  world.session = new RealtimeVoiceSession({
    worklets: {capture: "", playback: ""},
    createSession: async (request) => {
      world.requests.push(request);
      return CONFIG;
    },
    openWire: (_config, listener) => {
      world.wires.push(new FakeWire(listener));
      return world.wires[world.wires.length - 1];
    },
    openVoice: (_worklets, listener) => {
      world.voices.push(new FakeVoice(listener, options.microphone));
      return world.voices[world.voices.length - 1];
    },
    onError: (error) => world.problems.push(error.code),
    onConnectionChange: (status) => world.statuses.push(status),
    ...options,
  });
  return world;
};

/** A session that is connected. */
const connected = async (wishes = {microphone: true}, options = {}) => {
  const world = stage(options);
  await world.session.connect(wishes);
  world.wire = world.wires[0];
  world.voice = world.voices[0];
  world.wire.emit("session.created");
  return world;
};

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("it has every member its users know", () => {
  const {session} = stage();
  const members = "status error transcript isSpeaking sessionConfig connect disconnect sendMessage isConnected isConnecting canSend";
  for (const name of members.split(" ")) {
    assert.ok(name in session, name);
  }
  for (const name of ["connect", "disconnect", "sendMessage"]) {
    assert.equal(typeof session[name], "function");
  }
  assert.deepEqual(
    [session.status, session.error, session.transcript, session.isSpeaking, session.sessionConfig],
    ["idle", null, null, false, null],
  );
  assert.deepEqual([session.isConnected, session.isConnecting, session.canSend], [false, false, false]);
});

test("it connects: configuration, microphone, socket, session.created", async () => {
  const world = stage({conversationId: "c0"});
  const connecting = world.session.connect();
  assert.equal(world.session.isConnecting, true);
  assert.equal(world.voices.length, 1, "the microphone is asked for inside the gesture");
  await connecting;
  assert.deepEqual(world.requests, [{conversation_id: "c0"}]);
  assert.equal(world.session.canSend, false);
  world.wires[0].emit("session.created");
  assert.deepEqual([world.session.isConnected, world.session.canSend], [true, true]);
  assert.deepEqual(world.statuses, ["connecting", "connected"]);
  assert.equal(world.session.sessionConfig.session_id, "rtc_1");
  assert.equal(world.session.state.conversationId, "c1");
});

test("with autoConnect it connects by itself", async () => {
  const world = stage({autoConnect: true});
  await settled();
  assert.equal(world.wires.length, 1);
});

test("the microphone is streamed once the session is there, not before", async () => {
  const world = stage();
  await world.session.connect();
  assert.equal(world.voices[0].send, null);
  world.wires[0].emit("session.created");
  world.voices[0].send(new ArrayBuffer(1920));
  assert.equal(world.wires[0].audio.length, 1);
});

test("a denied microphone opens no socket and says why", async () => {
  const denied = Object.assign(new Error("no"), {code: "microphone_denied", retryable: true});
  const world = stage({microphone: denied});
  await world.session.connect();
  assert.equal(world.wires.length, 0);
  assert.equal(world.session.status, "ended");
  assert.equal(world.session.error.code, "microphone_denied");
  assert.deepEqual(world.problems, ["microphone_denied"]);
  assert.equal(world.voices[0].closed, true);
});

test("a refused ticket is told with the server's own sentence", async () => {
  const world = stage({
    createSession: async () => {
      throw Object.assign(new Error(), {code: "too_many_sessions", detail: "End one first.", retryable: true});
    },
  });
  await world.session.connect();
  assert.deepEqual([world.session.error.code, world.session.error.detail], ["too_many_sessions", "End one first."]);
});

test("a typed turn is created and answered in writing while voice is off", async () => {
  const {session, wire} = await connected({microphone: false});
  const id = session.sendMessage("Hello");
  assert.equal(session.transcript.text, "Hello", "the line shows at once");
  await settled();
  assert.deepEqual(wire.sentTypes(), ["conversation.item.create", "response.create"]);
  assert.deepEqual(wire.sent[0].item, {id, type: "message", role: "user", content: [{type: "input_text", text: "Hello"}]});
  assert.match(id, /^item_[A-Za-z0-9]{21}$/);
  assert.deepEqual(wire.sent[1].response, {output_modalities: ["text"]});
});

test("a typed turn is answered aloud while voice is on", async () => {
  const {session, wire} = await connected();
  session.sendMessage("Hello");
  await settled();
  assert.deepEqual(wire.sent[1], {type: "response.create"});
});

test("a turn typed before there is a session opens one for typing and waits for it", async () => {
  const world = stage();
  world.session.sendMessage("Hello");
  await settled();
  assert.equal(world.voices.length, 0);
  assert.deepEqual(world.wires[0].sent, []);
  world.wires[0].emit("session.created");
  await settled();
  assert.deepEqual(world.wires[0].sentTypes(), ["conversation.item.create", "response.create"]);
});

test("a turn typed into a running answer cancels it and asks again when it is over", async () => {
  const {session, wire} = await connected({microphone: false});
  wire.emit("response.created", {response: {id: "r1"}});
  session.sendMessage("No, wait");
  await settled();
  assert.deepEqual(wire.sentTypes(), ["conversation.item.create", "response.cancel"]);
  wire.emit("response.done", {response: {id: "r1", status: "cancelled"}});
  assert.deepEqual(wire.sentTypes().slice(2), ["response.create"]);
  wire.emit("response.created", {response: {id: "r2"}});
  wire.emit("response.done", {response: {id: "r2", status: "completed"}});
  assert.equal(wire.sent.length, 3, "one turn is answered once");
});

test("audio goes to the player under the item of the latest spoken part", async () => {
  const chunks = [];
  const {wire, voice} = await connected({microphone: true}, {onAudioChunk: (pcm) => chunks.push(pcm.byteLength)});
  wire.emit("response.content_part.added", {item_id: "a", part: {type: "audio"}});
  wire.listener.onAudio(new ArrayBuffer(4));
  wire.emit("response.content_part.added", {item_id: "t", part: {type: "text"}});
  wire.listener.onAudio(new ArrayBuffer(6));
  wire.emit("response.output_audio.done", {item_id: "a"});
  assert.deepEqual(voice.player.appended, [["a", 4], ["a", 6]]);
  assert.deepEqual(voice.player.finished, ["a"]);
  assert.deepEqual(chunks, [4, 6]);
});

test("speech over an answer truncates it to what was played and cancels nothing", async () => {
  const {session, wire, voice} = await connected();
  voice.player.cuts = [{item_id: "a", audio_end_ms: 740}];
  wire.emit("input_audio_buffer.speech_started", {item_id: "u"});
  assert.equal(session.isSpeaking, true);
  await settled();
  assert.deepEqual(wire.sent, [{type: "conversation.item.truncate", item_id: "a", content_index: 0, audio_end_ms: 740}]);
});

test("speech over silence sends nothing", async () => {
  const {wire} = await connected();
  wire.emit("input_audio_buffer.speech_started", {item_id: "u"});
  await settled();
  assert.deepEqual(wire.sent, []);
});

test("ending tells what was heard before it closes", async () => {
  const {session, wire, voice, problems} = await connected();
  voice.player.cuts = [{item_id: "a", audio_end_ms: 120}];
  await session.disconnect();
  assert.deepEqual(wire.sentTypes(), ["conversation.item.truncate"]);
  assert.deepEqual([wire.closed, voice.closed, session.status], [true, true, "ended"]);
  assert.deepEqual(problems, [], "one's own wish is no error");
});

test("leaving the page does the same without waiting", async () => {
  const {session, wire, voice} = await connected();
  voice.player.cuts = [{item_id: "a", audio_end_ms: 120}];
  session.leave();
  assert.deepEqual(wire.sentTypes(), ["conversation.item.truncate"]);
  assert.equal(wire.closed, true);
});

test("a lost connection is told, and connecting again opens another session on the conversation", async () => {
  const world = await connected({microphone: false});
  world.wire.listener.onClosed({code: 1006, reason: ""});
  assert.deepEqual([world.session.status, world.session.error.code], ["ended", "connection_lost"]);
  await world.session.connect({microphone: false});
  assert.deepEqual(world.requests[1], {conversation_id: "c1"});
  assert.equal(world.session.error, null);
});

test("the server's own reason wins over the close code", async () => {
  const {session, wire} = await connected();
  wire.emit("voiceassist.ended", {reason: "idle", code: "idle", detail: "Nothing was said.", retryable: true});
  wire.listener.onClosed({code: 1000, reason: ""});
  assert.deepEqual([session.state.end.reason, session.error.detail], ["idle", "Nothing was said."]);
});

test("turns that were never sent go out with the next session, once", async () => {
  const world = stage();
  world.session.sendMessage("Hello");
  await settled();
  world.wires[0].listener.onClosed({code: 1006, reason: ""});
  assert.equal(world.session.lines[0].status, "unsent");
  await world.session.connect({microphone: false});
  world.wires[1].emit("session.created");
  await settled();
  assert.deepEqual(world.wires[1].sentTypes(), ["conversation.item.create", "response.create"]);
  assert.deepEqual(world.session.lines.map((line) => line.status), ["final"]);
});

test("what an abandoned connection still says is not heard", async () => {
  const world = await connected({microphone: false});
  await world.session.disconnect();
  world.wire.emit("input_audio_buffer.speech_started");
  world.wire.listener.onClosed({code: 1006, reason: ""});
  assert.equal(world.session.isSpeaking, false);
  assert.deepEqual(world.problems, []);
});

test("ending while the ticket is still on its way opens no socket", async () => {
  let issue;
  const world = stage({createSession: () => new Promise((resolve) => { issue = resolve; })});
  const connecting = world.session.connect({microphone: false});
  await world.session.disconnect();
  issue(CONFIG);
  await connecting;
  assert.equal(world.wires.length, 0);
  assert.equal(world.session.status, "ended");
});

test("harmless refusals are kept quiet, others are told and the session goes on", async () => {
  const {session, wire, problems} = await connected();
  wire.emit("error", {error: {code: "response_cancel_not_active", message: "There is no answer to stop."}});
  assert.deepEqual(problems, []);
  wire.emit("error", {error: {code: "invalid_value", message: "A value was wrong."}});
  assert.deepEqual(problems, ["invalid_value"]);
  assert.equal(session.isConnected, true);
});

test("a failed response is told even when no error event came", async () => {
  const {wire, problems} = await connected();
  wire.emit("response.done", {response: {id: "r", status: "failed", status_details: {error: {code: "provider_quota"}}}});
  assert.deepEqual(problems, ["provider_quota"]);
});

test("voice can be added to an open session and taken away again", async () => {
  const world = await connected({microphone: false});
  assert.equal(world.session.state.microphone, false);
  await world.session.startMicrophone();
  assert.equal(world.session.state.microphone, true);
  assert.equal(typeof world.voices[0].send, "function", "it is streamed at once");
  await world.session.stopMicrophone();
  assert.deepEqual([world.session.state.microphone, world.voices[0].closed], [false, true]);
  assert.equal(world.session.isConnected, true);
});

test("connecting with voice while typing is open adds the microphone and opens no second socket", async () => {
  const world = await connected({microphone: false});
  await world.session.connect({microphone: true});
  assert.equal(world.wires.length, 1);
  assert.equal(world.session.state.microphone, true);
});

test("a microphone that goes away ends voice and not the session", async () => {
  const {session, voice, problems} = await connected();
  voice.listener.onLost();
  assert.deepEqual(problems, ["microphone_lost"]);
  assert.deepEqual([session.isConnected, session.state.microphone], [true, false]);
});

test("muting reaches the microphone and the state", async () => {
  const {session, voice} = await connected();
  session.muted = true;
  assert.deepEqual([voice.muted, session.muted, session.phase], [true, true, "muted"]);
});

test("lines, savings and states are told as events", async () => {
  const {session, wire} = await connected();
  const heard = [];
  for (const type of Object.values(SessionEvent)) {
    session.addEventListener(type, (event) => heard.push([event.type, event.detail]));
  }
  wire.emit("input_audio_buffer.committed", {item_id: "u", previous_item_id: null});
  wire.emit("conversation.item.input_audio_transcription.completed", {item_id: "u", transcript: ""});
  wire.emit("voiceassist.message.saved", {item_id: "u", message_id: "m"});
  assert.deepEqual(heard.map(([type]) => type), ["statechange", "line", "statechange", "lineremoved", "saved"]);
});

test("transcripts are handed to the callback as they grow", async () => {
  const seen = [];
  const {wire} = await connected({microphone: true}, {onTranscript: ({text, is_final, role}) => seen.push([role, text, is_final])});
  wire.emit("conversation.item.input_audio_transcription.delta", {item_id: "u", delta: " Hel"});
  wire.emit("conversation.item.input_audio_transcription.completed", {item_id: "u", transcript: "Hello."});
  assert.deepEqual(seen.slice(-2), [["user", "Hel", false], ["user", "Hello.", true]]);
});

/** A connected session off the record, to which the server has agreed. */
const offTheRecord = async (wishes = {microphone: true}) => {
  const world = stage();
  await world.session.goOffRecord(true);
  await world.session.connect(wishes);
  [world.wire] = world.wires;
  [world.voice] = world.voices;
  world.wire.emit("session.created");
  world.wire.emit("voiceassist.session", {save: false});
  return world;
};

const marks = (session) => session.lines.map(({text, off_record, status}) => [text, off_record, status]);

test("off the record a session is asked to keep nothing", async () => {
  const world = await offTheRecord();
  assert.deepEqual(world.requests, [{conversation_id: null, save: false}]);
  assert.deepEqual([world.session.offRecord, world.session.canSend], [true, true]);
});

test("off the record nothing is sent before the server has agreed", async () => {
  const world = stage();
  await world.session.goOffRecord(true);
  world.session.connect({microphone: true});
  world.session.sendMessage("a secret");
  await settled();
  world.wires[0].emit("session.created");
  await settled();
  assert.deepEqual([world.wires[0].sent, world.voices[0].send, world.session.canSend], [[], null, false]);
  world.wires[0].emit("voiceassist.session", {save: false});
  await settled();
  assert.deepEqual(world.wires[0].sentTypes(), ["conversation.item.create", "response.create"]);
  assert.equal(typeof world.voices[0].send, "function");
});

test("a server that would keep it is told nothing and left", async () => {
  const world = stage();
  await world.session.goOffRecord(true);
  world.session.sendMessage("a secret");
  await settled();
  world.wires[0].emit("session.created");
  world.wires[0].emit("voiceassist.session", {save: true});
  await settled();
  assert.deepEqual([world.wires[0].sent, world.wires[0].closed], [[], true]);
  assert.deepEqual([world.session.status, world.problems], ["ended", ["record_refused"]]);
  assert.deepEqual(marks(world.session), [["a secret", true, "unsent"]]);
});

test("going off the record in the middle ends one session cleanly and begins another with the same voice", async () => {
  const world = await connected();
  world.session.muted = true;
  world.voice.player.cuts = [{item_id: "a", audio_end_ms: 120}];
  const going = world.session.goOffRecord(true);
  assert.deepEqual([world.session.offRecord, world.voice.send], [true, null], "nothing said after the switch is heard by the old one");
  await going;
  assert.deepEqual(world.wire.sentTypes(), ["conversation.item.truncate"]);
  assert.equal(world.wire.closed, true);
  assert.deepEqual(world.requests[1], {conversation_id: "c1", save: false});
  assert.deepEqual([world.wires.length, world.voices.length, world.voice.closed], [2, 1, false]);
  world.wires[1].emit("session.created");
  world.wires[1].emit("voiceassist.session", {save: false});
  assert.deepEqual([world.session.state.microphone, world.session.muted], [true, true]);
  world.voice.send(new ArrayBuffer(2));
  assert.deepEqual([world.wire.audio.length, world.wires[1].audio.length], [0, 1]);
  assert.deepEqual(world.problems, []);
});

test("the old socket is closed before the new session is asked for", async () => {
  const world = await connected({microphone: false});
  const going = world.session.goOffRecord(true);
  const first = [world.wire.closed, world.requests.length];
  await going;
  assert.deepEqual(first, [true, 1]);
  assert.equal(world.requests.length, 2);
});

test("lines are marked by what was true when they were said", async () => {
  const world = await connected({microphone: false});
  world.session.sendMessage("kept");
  await settled();
  world.wire.emit("conversation.item.added", {item: world.wire.sent[0].item});
  await world.session.goOffRecord(true);
  world.session.sendMessage("not kept");
  world.wires[1].emit("session.created");
  world.wires[1].emit("voiceassist.session", {save: false});
  await settled();
  world.wires[1].emit("conversation.item.added", {item: world.wires[1].sent[0].item});
  await world.session.goOffRecord(false);
  world.session.sendMessage("kept again");
  assert.deepEqual(world.requests.map(({save}) => save), [undefined, false, undefined]);
  assert.deepEqual(marks(world.session), [["kept", false, "final"], ["not kept", true, "final"], ["kept again", false, "final"]]);
});

test("what was written off the record and never sent is not sent on the record", async () => {
  const world = stage();
  await world.session.goOffRecord(true);
  world.session.sendMessage("a secret");
  await world.session.goOffRecord(false);
  world.wires.forEach((wire) => wire.emit("session.created"));
  await settled();
  assert.ok(world.wires.length > 0);
  assert.ok(world.wires.every((wire) => wire.sent.length === 0));
  assert.deepEqual(marks(world.session), [["a secret", true, "unsent"]]);
});

test("what was written on the record and waits goes along off the record, once, and is marked so", async () => {
  const world = stage();
  world.session.sendMessage("hello");
  await world.session.goOffRecord(true);
  await settled();
  const wire = world.wires[world.wires.length - 1];
  wire.emit("session.created");
  wire.emit("voiceassist.session", {save: false});
  await settled();
  assert.deepEqual(world.wires.flatMap((each) => each.sentTypes()), ["conversation.item.create", "response.create"]);
  assert.deepEqual(marks(world.session), [["hello", true, "final"]]);
});

test("switching to and fro quickly ends with one session of the last kind", async () => {
  const world = await connected();
  await Promise.all([world.session.goOffRecord(true), world.session.goOffRecord(false), world.session.goOffRecord(true)]);
  await settled();
  assert.equal(world.wire.closed, true);
  assert.equal(world.wires.filter((wire) => !wire.closed).length, 1);
  assert.equal(world.requests[world.requests.length - 1].save, false);
  assert.equal(world.voices.length, 1);
});

test("ending while the record is being switched opens nothing", async () => {
  const world = await connected();
  const going = world.session.goOffRecord(true);
  await Promise.all([going, world.session.disconnect()]);
  await settled();
  assert.deepEqual([world.wires.length, world.session.status, world.voice.closed], [1, "ended", true]);
  assert.equal(world.wire.closed, true);
});

test("a microphone that is refused while the record is being switched is told", async () => {
  const denied = Object.assign(new Error("no"), {code: "microphone_denied", retryable: true});
  const world = stage({microphone: denied});
  world.session.connect();
  await world.session.goOffRecord(true);
  await settled();
  assert.deepEqual([world.session.status, world.problems], ["ended", ["microphone_denied"]]);
});

test("what was said off the record can be let go of", async () => {
  const world = await offTheRecord({microphone: false});
  const gone = [];
  world.session.addEventListener(SessionEvent.LINE_REMOVED, ({detail}) => gone.push(detail.line.text));
  world.session.sendMessage("a secret");
  await settled();
  world.session.leave();
  world.session.forgetOffRecord();
  assert.deepEqual([gone, world.session.lines], [["a secret"], []]);
});

test("a long absence of the assistant is told after a second, a short one never", async () => {
  mock.timers.enable({apis: ["setTimeout"]});
  try {
    const {session, wire} = await connected({microphone: false});
    wire.emit("voiceassist.reconnecting", {reason: "lost", attempt: 1});
    mock.timers.tick(900);
    wire.emit("voiceassist.reconnected", {seconds: 0.9});
    mock.timers.tick(5000);
    assert.equal(session.state.away, false);
    wire.emit("voiceassist.reconnecting", {reason: "lost", attempt: 1});
    mock.timers.tick(600);
    wire.emit("voiceassist.reconnecting", {reason: "lost", attempt: 2});
    mock.timers.tick(500);
    assert.deepEqual([session.state.away, session.phase], [true, "reconnecting"]);
    wire.emit("voiceassist.reconnected", {seconds: 1.2});
    assert.deepEqual([session.state.away, session.phase], [false, "listening"]);
  } finally {
    mock.timers.reset();
  }
});

test("a turn typed while the assistant is away is sent when it is back, once", async () => {
  const {session, wire} = await connected({microphone: false});
  wire.emit("voiceassist.reconnecting");
  session.sendMessage("Still there?");
  await settled();
  assert.deepEqual([wire.sent, session.lines.length], [[], 1]);
  wire.emit("voiceassist.reconnected");
  await settled();
  assert.deepEqual(wire.sentTypes(), ["conversation.item.create", "response.create"]);
  wire.emit("conversation.item.added", {item: wire.sent[0].item});
  wire.emit("conversation.item.added", {item: wire.sent[0].item});
  assert.deepEqual(marks(session), [["Still there?", false, "final"]]);
});

test("a turn typed into an answer that then breaks off is asked again when that is over", async () => {
  const {session, wire} = await connected({microphone: false});
  wire.emit("response.created", {response: {id: "r1"}});
  session.sendMessage("No, wait");
  await settled();
  wire.emit("response.done", {response: {id: "r1", status: "failed", status_details: {error: {code: "provider_lost"}}}});
  wire.emit("voiceassist.reconnecting");
  wire.emit("voiceassist.reconnected");
  await settled();
  assert.deepEqual(wire.sentTypes(), ["conversation.item.create", "response.cancel", "response.create"]);
});

test("the microphone is heard on while the assistant is away, also one that is switched on meanwhile", async () => {
  const world = await connected();
  world.wire.emit("voiceassist.reconnecting");
  world.voice.send(new ArrayBuffer(2));
  await world.session.stopMicrophone();
  await world.session.startMicrophone();
  world.voices[1].send(new ArrayBuffer(4));
  assert.deepEqual(world.wire.audio.map((frame) => frame.byteLength), [2, 4]);
});

/** An answer that began and whose upstream was then lost, as the server tells it. */
const brokenAnswer = (wire, words) => {
  const item = {id: "a", type: "message", role: "assistant"};
  wire.emit("response.created", {response: {id: "r1"}});
  wire.emit("response.output_item.added", {response_id: "r1", item});
  wire.emit("response.content_part.added", {item_id: "a", part: {type: "audio"}});
  if (words) {
    wire.emit("response.output_audio_transcript.delta", {item_id: "a", delta: words});
  }
  wire.emit("response.output_item.done", {response_id: "r1", item: {...item, status: "incomplete"}});
  const error = {type: "server_error", code: "provider_lost", message: "The connection was lost."};
  wire.emit("response.done", {response: {id: "r1", status: "failed", status_details: {type: "failed", error}}});
  wire.emit("voiceassist.reconnecting", {reason: "lost", attempt: 1});
};

test("an answer that broke off is interrupted, played as far as it came, and told", async () => {
  const {session, wire, voice, problems} = await connected();
  brokenAnswer(wire, "Half an answer");
  assert.deepEqual(marks(session), [["Half an answer", false, "interrupted"]]);
  assert.deepEqual(voice.player.finished, ["a"]);
  assert.deepEqual(problems, ["provider_lost"]);
});

test("an answer of which nothing had come is given again, so nobody is told of it", async () => {
  const {session, wire, problems} = await connected();
  brokenAnswer(wire, "");
  assert.deepEqual([session.lines, problems], [[], []]);
});

test("after the assistant is back its player takes items that are named like stopped ones", async () => {
  const {wire, voice} = await connected();
  const before = voice.player.renewed;
  wire.emit("voiceassist.reconnecting");
  wire.emit("voiceassist.reconnected");
  assert.equal(voice.player.renewed, before + 1);
});

test("what was used is told with every answer, over all sessions of the page", async () => {
  const told = [];
  const world = await connected({microphone: false});
  world.session.addEventListener(SessionEvent.USAGE, ({detail}) => told.push(detail.tokens));
  world.wire.emit("voiceassist.usage", {session_usage: {total_tokens: 10}, estimated_cost: null});
  world.wire.emit("voiceassist.usage", {session_usage: {total_tokens: 25}, estimated_cost: null});
  await world.session.goOffRecord(true);
  world.wires[1].emit("voiceassist.usage", {session_usage: {total_tokens: 5}, estimated_cost: null});
  assert.deepEqual(told, [10, 25, 30]);
});

test("a turn that is about to be sent when its session goes waits for the next one", async () => {
  const world = await connected();
  world.session.sendMessage("Hello");
  world.wire.listener.onClosed({code: 1006, reason: ""});
  await settled();
  assert.deepEqual(world.wire.sent, []);
  await world.session.connect({microphone: false});
  world.wires[1].emit("session.created");
  await settled();
  assert.deepEqual(world.wires[1].sentTypes(), ["conversation.item.create", "response.create"]);
});
