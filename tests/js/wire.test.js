import assert from "node:assert/strict";
import {test} from "node:test";

import {endOfClose} from "../../static/js/voice/connection/closing.js";
import {Wire} from "../../static/js/voice/connection/wire.js";

class FakeSocket {
  constructor(url, protocols) {
    Object.assign(this, {url, protocols, readyState: 1, sent: []});
    FakeSocket.last = this;
  }

  send(data) {
    this.sent.push(data);
  }

  close(code) {
    this.closedWith = code;
  }
}

const open = (listener = {}) => {
  const wire = new Wire({url: "ws://h/v1/realtime", model: "gpt realtime&2", api_key: "ek_x"}, listener, FakeSocket);
  return {wire, socket: FakeSocket.last};
};

test("the ticket travels as a subprotocol and never in the address", () => {
  const {socket} = open();
  assert.equal(socket.url, "ws://h/v1/realtime?model=gpt%20realtime%262");
  assert.deepEqual(socket.protocols, ["voiceassist.v1", "realtime", "openai-insecure-api-key.ek_x"]);
  assert.equal(socket.binaryType, "arraybuffer");
});

test("text frames are events and binary frames are audio, both ways", () => {
  const heard = [];
  const {wire, socket} = open({onEvent: (event) => heard.push(event.type), onAudio: (pcm) => heard.push(pcm.byteLength)});
  socket.onmessage({data: '{"type":"session.created"}'});
  socket.onmessage({data: new ArrayBuffer(8)});
  assert.deepEqual(heard, ["session.created", 8]);
  wire.send({type: "response.create"});
  const frame = new ArrayBuffer(1920);
  wire.sendAudio(frame);
  assert.deepEqual(socket.sent, ['{"type":"response.create"}', frame]);
});

test("frames that are no events are passed over", () => {
  const heard = [];
  const {socket} = open({onEvent: (event) => heard.push(event)});
  for (const data of ["", "nonsense", "null", "[]", "{}", '{"type":7}']) {
    socket.onmessage({data});
  }
  assert.deepEqual(heard, []);
});

test("nothing is sent into a socket that is not open", () => {
  const {wire, socket} = open();
  socket.readyState = 3;
  wire.send({type: "response.create"});
  wire.sendAudio(new ArrayBuffer(2));
  assert.deepEqual(socket.sent, []);
});

test("it is told when what is sent goes", () => {
  let opened = 0;
  const {socket} = open({onOpen: () => (opened += 1)});
  socket.onopen();
  assert.equal(opened, 1);
});

test("every close code of the contract has an end, and an unknown one is a lost connection", () => {
  const codes = [1001, 1009, 1012, 4400, 4401, 4403, 4404, 4408, 4409, 4429, 4500, 4502, 4503, 4504];
  assert.ok(codes.every((code) => endOfClose(code).code !== "connection_lost"));
  assert.equal(endOfClose(1006).code, "connection_lost");
  assert.equal(endOfClose(4403).retryable, false);
});

test("a socket that is still being opened is closed once it is open, of which no browser complains", () => {
  const {wire, socket} = open();
  socket.readyState = 0;
  wire.close();
  assert.equal(socket.closedWith, undefined, "not yet");
  socket.readyState = 1;
  socket.onopen();
  assert.equal(socket.closedWith, 1000);
});

test("a session that is to be gone on with is not left with the code that ends it", () => {
  const {wire, socket} = open();
  wire.close(4000);
  assert.equal(socket.closedWith, 4000);
});
