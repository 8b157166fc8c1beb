/** Whose turn it is: typed turns and their answers, push-to-talk, and who decides that somebody has finished. */

import {HeldTurn} from "./held-turn.js";
import {ReturningSession} from "./returning-session.js";
import {detectionUpdate, kindOf} from "./session-wishes.js";
import {Hint, Local, TurnDetection} from "./vocabulary.js";

const NORMAL = "normal";

/** People let go with their last syllable, and what they said last is still on its way through the microphone. */
const LAST_SYLLABLE_MS = 150;

/** Asks for answers and closes turns. What the server makes of it is read by the session that extends it. */
export class TurnTakingSession extends ReturningSession {
  /** @param {import("./returning-session.js").ReturningOptions} options */
  constructor(options) {
    super(options);
    this._held = new HeldTurn();
    /** How the server was told to detect turns. */
    this._sensitivity = NORMAL;
    this._detection = "";
    /** Runs while the last syllable of a turn is heard. @type {ReturnType<typeof setTimeout> | undefined} */
    this._fading = undefined;
    /** The answer to a typed turn was stopped by the button before its first word. */
    this._isOwed = false;
    this._onLeft = () => this._letGo();
    this._onHidden = () => document.visibilityState === "hidden" && this._letGo();
    this.devices.addEventListener("change", () => this._tellDetection());
  }

  /**
   * A typed turn. It shows at once and is sent as soon as the session is ready, which is opened if need be.
   * @param {string} text
   * @returns {string} the item's id
   */
  sendMessage(text) {
    const id = this._typed.add(text);
    this._tell(this._log.typed(id, text));
    if (this.canSend) {
      this._flushTyped();
    } else if (!this._isLive) {
      this.connect({microphone: false});
    }
    return id;
  }

  async _flushTyped() {
    if (!this._typed.isEmpty) {
      // First what was heard of the running answer: the next one shall know it.
      await this._bargeIn();
      if (!this.canSend) {
        return; // the session is gone meanwhile; they wait for the next one
      }
      for (const turn of this._typed.take()) {
        this._tell(this._log.typed(turn.item.id, turn.item.content[0].text));
        this._send(turn);
      }
      this._askForAnswer();
    }
  }

  _askForAnswer() {
    const ask = this._typed.nextAsk({responding: this._state.response !== "", spoken: this._voice !== null});
    if (ask) {
      this._send(ask);
      this._act({type: Local.ASKED});
    }
  }

  /**
   * Stop the answer that sounds, and whatever of it is still being made.
   * @override
   */
  async interrupt() {
    const {response} = this._state;
    this._isOwed = this._isOwed || (this._held.isHeld && response !== "" && this._typed.isUnanswered);
    await this._bargeIn();
    if (response && response === this._state.response) {
      // By name, where it has one: a late cancel must not stop the next answer.
      this._send(response === "response" ? {type: "response.cancel"} : {type: "response.cancel", response_id: response});
    }
  }

  // --- who decides that a turn is over -----------------------------------------------------------------------------

  /**
   * Change the turn taking of the running session, and of those to come.
   * @param {string} kind one of TurnDetection
   */
  setTurnDetection(kind) {
    if (kind !== TurnDetection.PUSH_TO_TALK) {
      this._letGo();
      // What is still heard of the last turn belongs to it: the turn is closed before the server closes turns by itself.
      if (this._fading !== undefined) {
        this._fallSilent();
      }
    }
    this._wishedDetection = kind;
    this._act({type: Local.TURN_DETECTION, turnDetection: kind});
    this._setGate();
    this._tellDetection();
  }

  /**
   * @param {any} config that the session was issued with
   * @override
   */
  _configured(config) {
    const issued = kindOf(config.voice_config);
    this._detection = issued || this._state.turnDetection;
    this._sensitivity = NORMAL;
    this._isOwed = false;
    this._act({type: Local.TURN_DETECTION, turnDetection: this._wishedDetection || this._detection});
    this._setGate();
  }

  /** Tell the server what is wished, unless it does so already. */
  _tellDetection() {
    if (!this.isConnected) {
      return;
    }
    const kind = this._state.turnDetection;
    const {sensitivity} = this.devices.current;
    if (kind !== this._detection || (kind === TurnDetection.SERVER_VAD && sensitivity !== this._sensitivity)) {
      this._detection = kind;
      this._sensitivity = sensitivity;
      this._send(detectionUpdate(kind, sensitivity));
    }
  }

  // --- push-to-talk ------------------------------------------------------------------------------------------------

  /** The button is held: the person is heard, and the assistant falls silent. */
  talk() {
    if (this._held.isHeld || !this._voice || this._state.turnDetection !== TurnDetection.PUSH_TO_TALK) {
      return;
    }
    if (this._fading !== undefined) {
      this._fallSilent();
    }
    this.muted = false;
    this._held.begin(this._wire ? this._wire.framesSent : 0);
    this._setGate();
    this._act({type: Local.TALKING, talking: true});
    this._listenForLetGo(true);
    this.interrupt();
  }

  /** The button is let go of: what was said is a turn. */
  release() {
    if (this._held.isHeld && this._wire && this.canSend && this._held.isEnough(this._wire.framesSent)) {
      this._fading = setTimeout(() => this._fallSilent(), LAST_SYLLABLE_MS);
      this._endHold();
      this._act({type: Local.ASKED});
    } else {
      this._letGo();
    }
  }

  /** It is let go of, and from now on nobody is heard. */
  _letGo() {
    if (this._held.isHeld) {
      this._endHold();
      this._fallSilent();
    }
  }

  _endHold() {
    this._held.end();
    this._listenForLetGo(false);
    this._act({type: Local.TALKING, talking: false});
  }

  _fallSilent() {
    clearTimeout(this._fading);
    this._fading = undefined;
    this._setGate();
    this._closeTurn();
  }

  /** A turn that was let go of while there was no session is closed when there is one. */
  _closeTurn() {
    const wire = this._wire;
    if (!wire || !this.canSend || !this._held.isDue || this._fading !== undefined) {
      return;
    }
    this._held.told();
    if (this._held.isEnough(wire.framesSent)) {
      this._send({type: "input_audio_buffer.commit"});
      this._isOwed = false;
      this._typed.due();
      this._askForAnswer();
    } else {
      this._send({type: "input_audio_buffer.clear"});
      if (!this._held.isRest && this._voice) {
        this._hint(Hint.HELD_TOO_SHORT);
      }
      this._askOnceMore();
    }
  }

  /** @override */
  _owesTurn() {
    this._held.owed();
  }

  /** A press that was no turn shall not cost anybody the answer to what they typed. @param {any} [response] that is over */
  _askOnceMore(response) {
    if (response && this._log.hasWordsOf(response.id)) {
      this._isOwed = false;
    }
    if (this._isOwed && !this._held.isHeld && !this._held.isDue && !this._state.response) {
      this._isOwed = false;
      this._typed.due();
      this._askForAnswer();
    }
  }

  /** What was heard before it was known that only a button opens the microphone is nobody's turn. */
  _dropUnasked() {
    const isAsked = this._held.isHeld || this._held.isDue;
    if (this._wire && this._wire.framesSent > 0 && this._state.turnDetection === TurnDetection.PUSH_TO_TALK && !isAsked) {
      this._send({type: "input_audio_buffer.clear"});
    }
  }

  /** In push-to-talk nobody is heard but while the button is held. */
  _setGate() {
    if (this._voice) {
      const isHeld = this._held.isHeld || this._fading !== undefined;
      this._voice.listening = isHeld || this._state.turnDetection !== TurnDetection.PUSH_TO_TALK;
    }
  }

  /** Nobody is heard unknowingly: a window that is left behind holds no button. @param {boolean} on */
  _listenForLetGo(on) {
    if (typeof window !== "undefined") {
      const change = on ? "addEventListener" : "removeEventListener";
      window[change]("blur", this._onLeft);
      document[change]("visibilitychange", this._onHidden);
    }
  }

  /**
   * @param {{microphone?: boolean}} [wishes]
   * @override
   */
  async _hear(wishes) {
    const heard = super._hear(wishes);
    this._setGate();
    await heard;
    this._setGate();
  }

  /**
   * What was being said into a microphone that is gone is a turn, or it would be the beginning of the next one.
   * @override
   */
  _hush() {
    this._listenForLetGo(false);
    clearTimeout(this._fading);
    this._fading = undefined;
    if (this._held.isHeld) {
      this._held.end();
    }
    super._hush();
    this._closeTurn();
    this._held.drop();
  }

  /**
   * On a new socket that is not greeted yet, nothing is handed over: it would be lost.
   * @override
   */
  _stream() {
    if (this._state.attempt === 0) {
      super._stream();
    }
  }
}
