/** One sentence in one voice: a session off the record, without a microphone, that is over once it was said. */

import {endOfClose} from "./connection/closing.js";
import {Problem} from "./problem.js";
import {BENIGN} from "./vocabulary.js";
import {Wire} from "./connection/wire.js";

/** After so many milliseconds nobody waits for a voice any more. */
const PATIENCE_MS = 20000;

/**
 * @typedef {object} SampleOptions
 * @property {(request: any) => Promise<any>} createSession fetches a session's configuration
 * @property {() => {play: (pcm: ArrayBuffer[]) => Promise<void>, close: () => void}} openSound called inside the gesture
 * @property {(config: any, listener: import("./connection/wire.js").WireListener) => {send: (event: any) => void, close: () => void}} [openWire]
 * @property {number} [patienceMs]
 */

export class VoiceSample {
  /** @param {SampleOptions} options */
  constructor({createSession, openSound, openWire = (config, listener) => new Wire(config, listener), patienceMs = PATIENCE_MS}) {
    this._createSession = createSession;
    this._openSound = openSound;
    this._openWire = openWire;
    this._patienceMs = patienceMs;
    /** All samples are said in one conversation, which stays empty: nothing of it is kept. */
    this._conversationId = null;
    this._stop = () => {};
  }

  /**
   * Let a voice say what `text` asks it to. Call inside the person's gesture. Resolves once it was heard or stopped;
   * rejects with a Problem.
   * @param {{text: string, voice: string, speed: number, onSound?: () => void}} wishes `voice` empty: the server's own
   */
  async play({text, voice, speed, onSound = () => {}}) {
    this.stop();
    const sound = this._openSound();
    const stopped = new Promise((resolve) => {
      this._stop = () => resolve(null);
    });
    const talk = this._talk({text, voice, speed});
    try {
      const said = await Promise.race([talk.said, stopped]);
      if (said) {
        onSound();
        await Promise.race([sound.play(said), stopped]);
      }
    } finally {
      talk.leave();
      sound.close();
    }
  }

  /** Be silent. */
  stop() {
    this._stop();
  }

  /**
   * @param {{text: string, voice: string, speed: number}} wishes
   * @returns {{said: Promise<ArrayBuffer[]>, leave: () => void}}
   */
  _talk({text, voice, speed}) {
    let isLeft = false;
    /** @type {{send: (event: any) => void, close: () => void} | null} */
    let wire = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const said = (async () => {
      const config = await this._createSession(this._request(voice, speed));
      this._conversationId = config.conversation_id;
      if (isLeft) {
        return [];
      }
      return new Promise((resolve, reject) => {
        timer = setTimeout(() => reject(new Problem("provider_silent")), this._patienceMs);
        wire = this._openWire(config, listenerOf({text, resolve, reject, send: (event) => wire && wire.send(event)}));
      });
    })();
    // Whoever stopped it does not wait for it any more.
    said.catch(() => undefined);
    const leave = () => {
      isLeft = true;
      clearTimeout(timer);
      if (wire) {
        wire.close();
      }
    };
    return {said, leave};
  }

  /** @param {string} voice @param {number} speed */
  _request(voice, speed) {
    const request = {conversation_id: this._conversationId, speed, output: "audio", save: false};
    return voice ? {...request, voice} : request;
  }
}

/**
 * @param {{text: string, send: (event: any) => void, resolve: (pcm: ArrayBuffer[]) => void, reject: (problem: Problem) => void}} talk
 * @returns {import("./connection/wire.js").WireListener}
 */
const listenerOf = ({text, send, resolve, reject}) => {
  /** @type {ArrayBuffer[]} */
  const pcm = [];
  const ask = () => {
    send({type: "conversation.item.create", item: {type: "message", role: "user", content: [{type: "input_text", text}]}});
    send({type: "response.create", response: {output_modalities: ["audio"]}});
  };
  /** @type {Record<string, (event: any) => void>} */
  const heed = {
    // Nothing is sent before the server has agreed to keep nothing.
    "voiceassist.session": ({save}) => (save === false ? ask() : reject(new Problem("record_refused"))),
    "voiceassist.ended": ({code, reason, detail}) => reject(new Problem(code || reason || "internal", {detail})),
    "response.done": ({response}) => (pcm.length ? resolve(pcm) : reject(problemOf(response))),
    error: ({error}) => error && !BENIGN.has(error.code) && reject(new Problem(error.code || "internal", {detail: error.message})),
  };
  return {
    onEvent: (event) => heed[event.type] && heed[event.type](event),
    onAudio: (chunk) => pcm.push(chunk),
    onClosed: ({code}) => reject(new Problem(endOfClose(code).code)),
  };
};

/** Why an answer has no sound. @param {any} response */
const problemOf = (response) => {
  const {error = null} = (response && response.status_details) || {};
  return new Problem((error && error.code) || "no_sound", {detail: (error && error.message) || ""});
};
