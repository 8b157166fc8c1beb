/** What a session remembers of how it sounded: lines that can be played again, and answers that interrupted themselves. */

import {DeviceChoices} from "../lib/device-choices.js";
import {SessionStore} from "./session-store.js";
import {Hint, Local, SessionEvent} from "./vocabulary.js";

/** @typedef {import("./sound/replays.js").Replays} Replays */

/** @typedef {{devices?: DeviceChoices}} DeviceOptions */

/**
 * What the page may ask of replays.
 * @typedef {Pick<Replays, "has" | "wav" | "play" | "stop" | "playing">} Replayable
 */

/** Before voice was used there is nothing to play again. @type {Replayable} */
const NOTHING = Object.freeze({has: () => false, wav: () => null, play: async () => {}, stop: () => {}, playing: ""});

/** Every event and every change of a line passes here, and takes what belongs to it along. */
export class ReplayableSession extends SessionStore {
  /** @param {import("./session-store.js").StoreOptions & DeviceOptions} options */
  constructor(options) {
    super(options);
    this._devices = options.devices || new DeviceChoices();
    /** @type {Replays | null} */
    this._replays = null;
    /** The item that is known to be played again. */
    this._replayed = "";
    /** @type {import("./sound/self-interruptions.js").SelfInterruptions | null} */
    this._selfInterruptions = null;
    /** The wire through which is heard what is sent. @type {object | null} */
    this._hearing = null;
  }

  /** What this browser hears and sounds with; a change is heeded at once. */
  get devices() {
    return this._devices;
  }

  /** Spoken lines of the last ten minutes, out of the page's own memory. @returns {Replayable} */
  get replays() {
    return this._replays || NOTHING;
  }

  /**
   * Let go of what was said off the record, and of how it sounded.
   * @override
   */
  forgetOffRecord() {
    this.lines.filter((line) => line.off_record).forEach(({item_id}) => this._forget(item_id));
    super.forgetOffRecord();
  }

  /** The modules of voice are there. @param {import("./sound/voice-io.js").VoiceRooms} rooms */
  _remember({Replays, SelfInterruptions}) {
    this._replays = this._replays || new Replays(this._devices, (itemId) => this._replayChanged(itemId));
    this._selfInterruptions = new SelfInterruptions(() => this._hint(Hint.HEARS_ITSELF));
  }

  /** @param {string} itemId */
  _replayChanged(itemId) {
    const {playing} = this.replays;
    const begins = playing !== "" && playing !== this._replayed;
    this._replayed = playing;
    if (begins) {
      this._replayBegins();
    }
    this._announce(SessionEvent.REPLAYABLE, {item_id: itemId});
  }

  /** A line is about to be heard again. */
  _replayBegins() {}

  /** @param {string} code one of Hint */
  _hint(code) {
    this._announce(SessionEvent.HINT, {code});
  }

  /**
   * @param {{type: string, [field: string]: any}} event
   * @override
   */
  _act(event) {
    if (this._selfInterruptions) {
      this._selfInterruptions.apply(event, this._state.playing !== "");
    }
    if (takesTheFloor(event)) {
      this.replays.stop();
    }
    super._act(event);
    if (this._replays) {
      this._replays.turns.apply(event);
    }
  }

  /**
   * @param {import("./transcript/transcript-log.js").LineChange[]} changes
   * @override
   */
  _tell(changes) {
    changes.forEach(({kind, line}, at) => {
      const next = changes[at + 1];
      const isRenamed = next && next.kind === "placed" && next.line.item_id.startsWith(`${line.item_id}~`);
      if (kind === "removed" && isRenamed && this._replays) {
        this._replays.rename(line.item_id, next.line.item_id);
      } else if (kind === "removed") {
        this._forget(line.item_id);
      }
    });
    super._tell(changes);
  }

  /**
   * Voice is over: what sounded last is complete, and what was sent and is no turn yet will not become one.
   * @param {string} itemId
   */
  _quiet(itemId) {
    this._finished(itemId);
    this._hearing = null;
    if (this._replays) {
      this._replays.turns.begin();
    }
  }

  /** @param {string} itemId */
  _forget(itemId) {
    if (this._replays) {
      this._replays.forget(itemId);
    }
  }

  /** @param {import("./connection/lasting-wire.js").LastingWire} wire @param {ArrayBuffer} frame */
  _sent(wire, frame) {
    if (this._replays && wire.isOpen) {
      if (this._hearing !== wire) {
        this._hearing = wire;
        this._replays.turns.begin();
      }
      this._replays.turns.sent(frame);
    }
  }

  /** @param {string} itemId @param {ArrayBuffer} pcm is copied: the player gives it away */
  _received(itemId, pcm) {
    if (this._replays) {
      this._replays.turns.received(itemId, pcm.slice(0));
    }
  }

  /** Nothing more of its sound will come. @param {string} itemId */
  _finished(itemId) {
    if (this._replays && itemId) {
      this._replays.turns.finished(itemId);
    }
  }
}

/** Somebody begins to speak: the assistant, or the person. @param {{type: string, [field: string]: any}} event */
const takesTheFloor = ({type, item, talking}) =>
  type === "input_audio_buffer.speech_started" ||
  (type === Local.PLAYING && item !== "") ||
  (type === Local.TALKING && talking === true);
