/** One conversation with the assistant: one socket that typed and spoken turns share. */

import {TurnTakingSession} from "./turn-taking-session.js";
import {BENIGN, SessionEvent} from "./vocabulary.js";

/** @typedef {import("./returning-session.js").ReturningOptions & {autoConnect?: boolean}} SessionOptions */

/**
 * Requests are methods; what happened is told by the callbacks and by the events of `SessionEvent`.
 * After an end the same object can connect again: it then opens another session on the same conversation.
 */
export class RealtimeVoiceSession extends TurnTakingSession {
  /** @param {SessionOptions} options */
  constructor(options) {
    super(options);
    this._effects = this._tableOfEffects();
    /** Nothing of the microphone was handed to this socket yet. */
    this._isFresh = false;
    if (options.autoConnect) {
      Promise.resolve().then(() => this.connect());
    }
  }

  /**
   * @param {any} event
   * @override
   */
  _on(event) {
    this._act(event);
    this._tell(this._log.apply(event));
    const effect = this._effects[event.type];
    if (effect) {
      effect(event);
    }
  }

  /** What has to be done about an event besides knowing it. @returns {Record<string, (event: any) => void>} */
  _tableOfEffects() {
    return {
      "session.created": () => this._begin(),
      "voiceassist.resumed": () => this._goOn(),
      "voiceassist.session": (event) => this._heedRecord(event),
      "voiceassist.reconnected": () => this._resume(),
      "voiceassist.ended": () => this._hold(),
      "voiceassist.usage": (event) => this._count(event),
      "voiceassist.storage": ({behind}) => this._stored(behind),
      "voiceassist.pong": ({id}) => this._ponged(id),
      "input_audio_buffer.speech_started": () => this._bargeIn(),
      "conversation.item.added": ({item}) => this._added(item),
      "response.created": () => this._state.talking && this.interrupt(),
      "response.content_part.added": ({item_id, part}) => this._partBegan(item_id, part),
      "response.output_text.delta": () => this._typed.answered(),
      "response.output_audio_transcript.delta": () => this._typed.answered(),
      "response.output_audio.done": ({item_id}) => this._partEnded(item_id),
      "response.output_item.done": ({item}) => item && this._partEnded(item.id),
      "response.done": ({response}) => this._answered(response),
      "voiceassist.message.saved": (event) => this._announce(SessionEvent.SAVED, event),
      error: (event) => this._refused(event),
    };
  }

  _begin() {
    this._greeted();
    this._held.moved();
    this._isFresh = true;
    this._tellDetection();
    this._ready();
  }

  /** The session that was lost is there again, as it was. */
  _goOn() {
    this._greeted();
    this._tellDetection();
    this._stream();
    this._ready();
  }

  _ready() {
    if (this.canSend) {
      this._stream();
      if (this._isFresh) {
        this._dropUnasked();
      }
      this._isFresh = false;
      this._closeTurn();
      this._flushTyped();
    }
  }

  /** What the server does with what is said. @param {{save?: boolean}} event */
  _heedRecord({save}) {
    this._keepsNothing = save === false;
    this._log.offRecord = this.offRecord;
    if (this._keepsNothing) {
      this._ready();
    } else if (this.offRecord) {
      this._over({reason: "record_refused", code: "record_refused", detail: "", retryable: false});
    }
  }

  /** The assistant is there again, perhaps another one. */
  _resume() {
    this._beginLife();
    this._ready();
    this._askForAnswer();
  }

  /** The server listens no longer: what is said from now on is for the next session, if there is one. */
  _hold() {
    if (this._voice) {
      this._voice.hold();
    }
  }

  /** @param {string} id of the ping that is answered */
  _ponged(id) {
    this._watch.answered(id);
    if (this._wire) {
      this._wire.answered(id);
    }
  }

  /** @param {any} event */
  _count(event) {
    this._tally.take(event);
    this._announce(SessionEvent.USAGE, this.usage);
  }

  /** What is said waits to be saved, or everything is saved again. @param {boolean} isBehind */
  _stored(isBehind) {
    const code = isBehind ? "storage_behind" : "storage_caught_up";
    this._announce(SessionEvent.PROBLEM, {code, detail: "", retryable: false});
  }

  /** @param {any} item */
  _added(item) {
    if (item && item.role === "user" && (item.content || []).some((/** @type {any} */ part) => part.type === "input_text")) {
      this._typed.confirmed(item.id);
    }
  }

  /**
   * @param {ArrayBuffer} pcm
   * @override
   */
  _onAudio(pcm) {
    this._watch.heard(this._audioItem, pcm.byteLength);
    super._onAudio(pcm);
  }

  /** @param {any} event */
  _refused(event) {
    const error = event.error || {};
    this._typed.refused(error.event_id || "");
    const isRenewed = error.code === "ticket_refused" && !this._isRenewed;
    if (!BENIGN.has(error.code) && !isRenewed) {
      this._fail({code: error.code || "internal", detail: error.message || "", retryable: true});
    }
  }

  /** @param {any} response */
  _answered(response) {
    const details = response && response.status === "failed" && response.status_details;
    // An answer of which nothing had come is given again by itself.
    const comesAgain = details && details.error && details.error.code === "provider_lost" && !this._log.hasWordsOf(response.id);
    if (!comesAgain) {
      this._typed.answered();
    }
    if (details && details.error && !comesAgain) {
      this._fail({code: details.error.code || "provider_error", detail: details.error.message || "", retryable: true});
    }
    this._askOnceMore(response);
    this._askForAnswer();
  }
}
