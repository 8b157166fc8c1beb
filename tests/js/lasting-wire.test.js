import assert from "node:assert/strict";
import {test} from "node:test";

import {LastingWire} from "../../static/js/voice/connection/lasting-wire.js";
import {SentFrames} from "../../static/js/voice/connection/sent-frames.js";

const frameOf = (bytes) => new ArrayBuffer(bytes);

test("frames are kept by their numbers until they have arrived", () => {
  const sent = new SentFrames();
  const frames = [{type: "a"}, frameOf(8), {type: "b"}];
  frames.forEach((frame) => sent.add(frame));
  assert.deepEqual([sent.count, sent.from(1)], [3, frames.slice(1)]);
  sent.arrived(2);
  assert.deepEqual([sent.from(1), sent.from(2), sent.from(3), sent.from(4), sent.count], [null, [frames[2]], [], null, 3]);
  sent.arrived(9);
  sent.add({type: "c"});
  assert.deepEqual([sent.count, sent.from(3)], [4, [{type: "c"}]], "nothing arrives before it is sent");
});

test("no more is kept than half a minute of sound, the oldest goes first", () => {
  const sent = new SentFrames();
  for (let count = 0; count < 751; count += 1) {
    sent.add(frameOf(1920));
  }
  assert.deepEqual([sent.count, sent.from(0), sent.from(1).length], [751, null, 750]);
});

test("a number that is none is nowhere", () => {
  const sent = new SentFrames();
  assert.deepEqual([sent.from(undefined), sent.from(NaN), sent.from(-1), sent.from("0"), sent.from(0.5)], [null, null, null, null, null]);
});

const socketOf = (isOpen = true) => ({
  isOpen,
  waiting: 5,
  went: [],
  send(event) {
    this.went.push(event);
  },
  sendAudio(pcm) {
    this.went.push(pcm.byteLength);
  },
  close(code = 1000) {
    this.closedWith = code;
  },
});

/** In the middle of a session. */
const wired = () => {
  const wire = new LastingWire();
  const socket = socketOf();
  wire.use(socket);
  wire.hasSession = true;
  return {wire, socket};
};

test("before there is a session nothing waits for a socket", () => {
  const wire = new LastingWire();
  wire.send({type: "early"});
  wire.use(socketOf(false));
  wire.sendAudio(frameOf(2));
  assert.deepEqual([wire.isOpen, wire.framesSent, wire.waiting], [false, 0, 5]);
});

test("frames of sound are counted both ways, and once", () => {
  const {wire} = wired();
  wire.sendAudio(frameOf(2));
  wire.takeAudio("a", frameOf(4));
  wire.part();
  wire.sendAudio(frameOf(2));
  wire.use(socketOf());
  wire.askToResume();
  wire.resend(0);
  assert.deepEqual([wire.framesSent, wire.framesReceived], [2, 1]);
});

test("what it processed last is told, but for what is said about going on", () => {
  const {wire, socket} = wired();
  wire.ping({type: "voiceassist.ping", id: "1"});
  wire.took({type: "response.created", event_id: "e1"});
  wire.took({type: "foreign"});
  wire.ping({type: "voiceassist.ping", id: "2"});
  assert.deepEqual(socket.went, [{type: "voiceassist.ping", id: "1"}, {type: "voiceassist.ping", id: "2", last_event_id: "e1"}]);
  wire.part();
  const next = socketOf();
  wire.use(next);
  wire.took({type: "error", event_id: "e2"});
  wire.ping({type: "voiceassist.ping", id: "3"});
  wire.askToResume();
  assert.deepEqual(next.went.map(({type, last_event_id}) => [type, last_event_id]), [["voiceassist.resume", "e1"]]);
  wire.resend(0);
  wire.took({type: "voiceassist.resumed", event_id: "e3"});
  wire.took({type: "response.done", event_id: "e4"});
  wire.ping({type: "voiceassist.ping", id: "4"});
  assert.equal(next.went[1].last_event_id, "e4");
});

test("a session of which nothing has come yet says so", () => {
  const {wire, socket} = wired();
  wire.askToResume();
  const {last_event_id, item_id, played_ms} = socket.went[0];
  assert.deepEqual([last_event_id, item_id, played_ms], [null, null, 0]);
});

test("sound is counted by the answer that it belongs to, and a piece that comes again is cut off", () => {
  const {wire, socket} = wired();
  const taken = (item, bytes) => wire.takeAudio(item, frameOf(bytes)).byteLength;
  assert.deepEqual([taken("a", 480), taken("b", 100)], [480, 100]);
  wire.askToResume();
  assert.deepEqual([socket.went[0].item_id, socket.went[0].played_ms], ["b", 2]);
  assert.deepEqual([taken("b", 3), taken("b", 10), taken("c", 10)], [0, 9, 10], "of 100 bytes, 4 come again");
  wire.askToResume();
  wire.forgetSound();
  wire.askToResume();
  assert.deepEqual([socket.went[1].played_ms, socket.went[2].item_id], [0, null]);
});

test("a pong lets go of what was sent before its ping and of earlier pings", () => {
  const {wire} = wired();
  wire.send({type: "a"});
  wire.ping({type: "voiceassist.ping", id: "1"});
  wire.send({type: "b"});
  wire.ping({type: "voiceassist.ping", id: "2"});
  wire.send({type: "c"});
  wire.answered("2");
  wire.answered("1");
  wire.answered("never");
  assert.deepEqual([wire.resend(1), wire.resend(2)], [false, true]);
});

test("a wire that is left says nothing more, and one that begins anew has nothing of the old one", () => {
  const {wire, socket} = wired();
  wire.took({type: "x", event_id: "e1"});
  wire.send({type: "a"});
  const next = wire.renewed();
  wire.send({type: "late"});
  assert.deepEqual([wire.isOpen, socket.closedWith, socket.went.length], [false, undefined, 1]);
  next.hasSession = true;
  next.askToResume();
  assert.deepEqual([socket.went[1].last_event_id, next.resend(0)], [null, true]);
  next.close();
  next.send({type: "late"});
  assert.deepEqual([socket.closedWith, socket.went.length], [1000, 2]);
});
