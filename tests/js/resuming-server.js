/** The server's end of sessions that can be gone on with, as docs/socket.md has it: journal, frame count, resume. */

/** One socket, as the page's session sees a `Wire`. */
class ServerWire {
  constructor(server, listener) {
    Object.assign(this, {server, listener, isOpen: false, waiting: 0, closedWith: null});
    queueMicrotask(() => this._open());
  }

  _open() {
    if (this.closedWith === null) {
      this.isOpen = true;
      this.listener.onOpen();
      this.server._connected(this);
    }
  }

  send(event) {
    if (this.isOpen) {
      this.server._took(this, event);
    }
  }

  sendAudio(frame) {
    if (this.isOpen) {
      this.server._took(this, frame);
    }
  }

  close(code = 1000) {
    this.isOpen = false;
    this.closedWith = code;
  }
}

const BYTES_PER_MS = 48;

/** Keeps one session while its client is away, unless it `forgets` it. */
export class ResumingServer {
  constructor() {
    this.requests = [];
    this.wires = [];
    /** Sessions begun so far. */
    this.begun = 0;
    /** Answers to the next requests that are refusals. */
    this.refusals = [];
    this.forgets = false;
    this.saves = true;
    /** What goes up is swallowed, and what comes down too: nobody has noticed yet. */
    this.isDead = false;
    this._begin();
  }

  /** For `stage`. */
  get options() {
    return {
      createSession: async (request) => {
        this.requests.push(request);
        this.saves = request.resume_session_id ? this.saves : request.save !== false;
        const refusal = this.refusals.shift();
        if (refusal) {
          throw refusal;
        }
        return {url: "ws://x", model: "m", api_key: "ek", session_id: `rtc_${this.begun + (request.resume_session_id ? 0 : 1)}`, conversation_id: "c1"};
      },
      openWire: (_config, listener) => {
        this.wires.push(new ServerWire(this, listener));
        return this.wires[this.wires.length - 1];
      },
    };
  }

  _begin() {
    /** Every frame that was taken in, in order, but pings and resumes. */
    this.taken = [];
    this.pings = [];
    this.resumes = [];
    this._journal = [];
    this._serial = 0;
    this._item = "";
  }

  get wire() {
    return this.wires[this.wires.length - 1];
  }

  get texts() {
    return this.taken.filter((frame) => !(frame instanceof ArrayBuffer));
  }

  get sounds() {
    return this.taken.filter((frame) => frame instanceof ArrayBuffer);
  }

  /** Say something, now or when the client is back. */
  say(type, fields = {}) {
    this._serial += 1;
    const event = {type, event_id: `s${this.begun}_${this._serial}`, ...fields};
    if (type === "response.content_part.added") {
      this._item = fields.item_id;
    }
    this._journal.push({event});
    this._pass({event});
  }

  /** Sound of the answer that was begun: bytes. */
  sound(...bytes) {
    const entry = {pcm: Uint8Array.from(bytes).buffer, item: this._item, from: this._journal.reduce((sum, {pcm, item}) => sum + (pcm && item === this._item ? pcm.byteLength : 0), 0)};
    this._journal.push(entry);
    this._pass(entry);
  }

  /** Both sides learn that the socket is gone. */
  cut(code = 1006) {
    const {wire} = this;
    wire.isOpen = false;
    this.isDead = false;
    wire.listener.onClosed({code, reason: ""});
  }

  _pass({event, pcm}) {
    if (this.isDead || !this.wire.isOpen || !this.wire.isGreeted) {
      return;
    }
    if (event) {
      this.wire.listener.onEvent(event);
    } else {
      this.wire.listener.onAudio(pcm.slice(0));
    }
  }

  _connected(wire) {
    if (!wire.isGreeted) {
      this._greet(wire);
    }
  }

  _greet(wire) {
    wire.isGreeted = true;
    this._begin();
    this.begun += 1;
    this.say("session.created");
    this.say("voiceassist.session", {session_id: `rtc_${this.begun}`, conversation_id: "c1", save: this.saves, resumed: false});
  }

  _took(wire, frame) {
    if (this.isDead) {
      return;
    }
    if (frame.type === "voiceassist.resume") {
      this._resume(wire, frame);
    } else if (frame.type === "voiceassist.ping") {
      this.pings.push(frame);
      this.say("voiceassist.pong", {id: frame.id});
    } else {
      this.taken.push(frame);
    }
  }

  _resume(wire, asked) {
    if (this.forgets) {
      return; // then `_connected` greets
    }
    wire.isGreeted = true;
    this.resumes.push(asked);
    wire.listener.onEvent({type: "voiceassist.resumed", event_id: "r", session_id: `rtc_${this.begun}`, frames: this.taken.length, draining: false});
    const at = this._journal.findIndex(({event}) => event && event.event_id === asked.last_event_id);
    this._journal.slice(at + 1).forEach((entry) => this._again(entry, asked));
  }

  _again(entry, asked) {
    if (entry.pcm && entry.item === asked.item_id) {
      const rest = entry.pcm.slice(Math.max(0, asked.played_ms * BYTES_PER_MS - entry.from));
      if (rest.byteLength > 0) {
        this._pass({pcm: rest});
      }
    } else {
      this._pass(entry);
    }
  }
}
