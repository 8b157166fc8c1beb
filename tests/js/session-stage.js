/** A session with everything around it in the test's hands: the server's end of the wire, the microphone and the player. */

import {mock} from "node:test";

import {DeviceChoices} from "../../static/js/lib/device-choices.js";
import {RealtimeVoiceSession} from "../../static/js/voice/realtime-voice-session.js";
import {Reconnection} from "../../static/js/voice/connection/reconnection.js";

export const CONFIG = {url: "ws://x/v1/realtime", model: "m", api_key: "ek_1", session_id: "rtc_1", conversation_id: "c1"};

/** The server's end of the wire. */
export class FakeWire {
  constructor(listener) {
    this.listener = listener;
    this.sent = [];
    this.audio = [];
    /** What was asked for first: to go on with a session that was lost. */
    this.resume = null;
    this.closed = false;
    this.closedWith = null;
    this.isOpen = true;
    this.waiting = 0;
    queueMicrotask(() => listener.onOpen && listener.onOpen());
  }

  send(event) {
    if (event.type === "voiceassist.resume") {
      this.resume = event;
    } else {
      this.sent.push(event);
    }
  }

  sendAudio(frame) {
    this.audio.push(frame);
  }

  close(code = 1000) {
    this.closed = true;
    this.closedWith = code;
  }

  emit(type, fields = {}) {
    this.listener.onEvent({type, ...fields});
  }

  /** The socket closes without anybody on this side wanting it. */
  drop(code = 1006) {
    this.listener.onClosed({code, reason: ""});
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
    this.listening = true;
    this.figures = {underruns: 0};
    this.send = null;
    this.kept = [];
  }

  async open() {
    if (this.failure) {
      throw this.failure;
    }
  }

  stream(send) {
    this.kept.splice(0).forEach((frame) => send(frame));
    this.send = send;
  }

  /** Frames of 40 ms come from the microphone. */
  hear(frames = 1) {
    for (let count = 0; count < frames && this.listening; count += 1) {
      const frame = new ArrayBuffer(1920);
      if (this.send) {
        this.send(frame);
      } else {
        this.kept.push(frame);
      }
    }
  }

  hold(again = []) {
    this.send = null;
    this.kept.unshift(...again);
  }

  forget() {
    this.kept = [];
  }

  close() {
    this.closed = true;
  }
}

/** A session with everything around it in the test's hands. */
export const stage = (options = {}) => {
  const world = {wires: [], voices: [], requests: [], problems: [], statuses: [], hints: [], now: 0, wake: () => {}};
  world.devices = new DeviceChoices(null);
  const wakeups = {
    listen: (act) => {
      world.wake = act;
      return () => (world.wake = () => {});
    },
  };
  world.session = new RealtimeVoiceSession({
    worklets: {capture: "", playback: ""},
    devices: world.devices,
    reconnection: new Reconnection({now: () => world.now, random: () => 0.5, wakeups}),
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
  world.session.addEventListener("hint", ({detail}) => world.hints.push(detail.code));
  return world;
};

/** A handshake that is turned away: the socket was never open. */
class RefusedWire extends FakeWire {
  constructor(listener) {
    super({...listener, onOpen: () => {}});
    this.isOpen = false;
  }
}

/** A session with sockets that are never open, where `refuses` says so of their number, from 1; it notes their tickets. */
export const knocking = (refuses, options = {}) => {
  const world = stage({
    openWire: (config, listener) => {
      const isRefused = refuses(world.wires.length + 1);
      world.wires.push(new (isRefused ? RefusedWire : FakeWire)(listener));
      world.tickets.push(config.api_key);
      if (isRefused) {
        queueMicrotask(() => last(world).drop(1006));
      }
      return last(world);
    },
    ...options,
  });
  world.tickets = [];
  return world;
};

/** The latest socket. */
export const last = ({wires}) => wires[wires.length - 1];

/** Sessions whose tickets can be told apart. */
export const numbered = () => {
  let count = 0;
  return async () => ({...CONFIG, api_key: `ek_${(count += 1)}`});
};

/** A session that is connected. */
export const connected = async (wishes = {microphone: true}, options = {}) => {
  const world = stage(options);
  await world.session.connect(wishes);
  world.wire = world.wires[0];
  world.voice = world.voices[0];
  world.wire.emit("session.created");
  return world;
};

export const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A connected session off the record, to which the server has agreed. */
export const offTheRecord = async (wishes = {microphone: true}) => {
  const world = stage();
  await world.session.goOffRecord(true);
  await world.session.connect(wishes);
  [world.wire] = world.wires;
  [world.voice] = world.voices;
  world.wire.emit("session.created");
  world.wire.emit("voiceassist.session", {save: false});
  return world;
};

/** Every line: its words, whether it is off the record, and how far it has come. */
export const marks = (session) => session.lines.map(({text, off_record, status}) => [text, off_record, status]);

const STEP_MS = 50;

/** Run a test with timers that only it moves; it is given a function that lets milliseconds pass. */
export const withTimers = (act) => async () => {
  mock.timers.enable({apis: ["setTimeout"]});
  try {
    await act(async (world, ms) => {
      for (let left = ms; left > 0; left -= STEP_MS) {
        world.now += Math.min(left, STEP_MS);
        mock.timers.tick(Math.min(left, STEP_MS));
        await settled();
      }
    });
  } finally {
    mock.timers.reset();
  }
};
