/** What needs no server: the page, the browser, the microphone and the speaker. */

import {AudioStage} from "../sound/audio-stage.js";
import {openMicrophone} from "../sound/microphone-access.js";
import {Speaker} from "../sound/speaker.js";
import {judgeBrowser, judgeSecurity} from "./browser.js";
import {BLOCK_MS, listen} from "./level.js";
import {checkMicrophone} from "./microphone-permission.js";
import {holds, look} from "./outcome.js";
import {checkTone, judgeRates, playTone} from "./sound.js";

/** A context that was resumed in a gesture runs within this time, ms. */
const STARTING_MS = 1500;

/**
 * @typedef {object} DeviceMeans
 * @property {any} scope the window
 * @property {string} worklets
 * @property {import("../../lib/device-choices.js").DeviceChoices} devices
 * @property {(position: number) => void} showLevel 0 to 1
 * @property {() => Promise<string>} answer what the person says of the tone, one of Heard
 */

/** Holds microphone, speaker and audio context until it is released. */
export class DeviceChecks {
  /** Call inside the person's gesture: the browser lets no other sound begin. @param {DeviceMeans} means */
  constructor(means) {
    this._means = means;
    this._stage = stageFor(means);
    this._speakerIsOther = false;
    this._speaker = this._stage && new Speaker(this._stage, {onChanged: () => this._otherSpeaker()});
    /** @type {MediaStream | null} */
    this._stream = null;
    /** @type {AudioContext | null} */
    this._ownContext = null;
    this._isOver = false;
    // What is chosen while the notes are played counts for the next time.
    this._onDevices = () => this._speaker && this._useSpeaker();
    means.devices.addEventListener("change", this._onDevices);
  }

  /** @returns {import("./examination.js").Check[]} */
  get checks() {
    const {scope} = this._means;
    return [
      {name: "secure", run: () => judgeSecurity(scope)},
      {name: "browser", run: () => judgeBrowser(scope)},
      {name: "microphone", needs: ["secure", "browser"], run: (ask) => this._checkMicrophone(ask)},
      {name: "level", needs: ["microphone"], run: (ask) => this._checkLevel(ask)},
      {name: "rate", needs: ["secure", "browser"], run: () => this._checkRates()},
      {name: "tone", needs: ["rate"], run: (ask) => this._checkTone(ask)},
    ];
  }

  /** Where answers are played; there once the rates have held. */
  get stage() {
    return /** @type {AudioStage} */ (this._stage);
  }

  get speaker() {
    return /** @type {Speaker} */ (this._speaker);
  }

  /** Let go of everything, also of what is still on its way. */
  release() {
    this._isOver = true;
    this._means.devices.removeEventListener("change", this._onDevices);
    if (this._stream) {
      this._stream.getTracks().forEach((track) => track.stop());
    }
    [this._speaker, this._ownContext, this._stage].forEach((each) => each && each.close());
    this._stream = this._speaker = this._ownContext = this._stage = null;
  }

  /** @param {(code: string) => void} ask */
  async _checkMicrophone(ask) {
    const {scope, devices} = this._means;
    const {permissions} = scope.navigator;
    const {stream, outcome} = await checkMicrophone({open: openMicrophone, permissions, devices: devices.current, ask});
    this._stream = stream;
    if (this._isOver && stream) {
      stream.getTracks().forEach((track) => track.stop()); // allowed after the check was stopped
    }
    return outcome;
  }

  /** @param {(code: string) => void} ask */
  _checkLevel(ask) {
    ask("say_something");
    const analyser = this._analyser();
    const samples = new Float32Array(analyser.fftSize);
    return listen({
      block: () => {
        analyser.getFloatTimeDomainData(samples);
        return samples;
      },
      show: this._means.showLevel,
      pause: () => new Promise((resolve) => setTimeout(resolve, BLOCK_MS)),
      isOver: () => this._isOver,
    });
  }

  /** Firefox refuses to join a microphone to a context of another rate; it then gets a context of its own. */
  _analyser() {
    const stream = /** @type {MediaStream} */ (this._stream);
    let source;
    try {
      source = this.stage.context.createMediaStreamSource(stream);
    } catch (error) {
      this._ownContext = new this._means.scope.AudioContext({sampleRate: rateOf(stream)});
      source = /** @type {AudioContext} */ (this._ownContext).createMediaStreamSource(stream);
    }
    const analyser = source.context.createAnalyser();
    analyser.fftSize = 2048;
    source.connect(analyser);
    return analyser;
  }

  async _checkRates() {
    const {context} = this.stage;
    await runs(context);
    return judgeRates({context: context.sampleRate, microphone: rateOf(this._stream), state: context.state});
  }

  /** @param {(code: string) => void} ask */
  async _checkTone(ask) {
    const [{context}, speaker] = [this.stage, this.speaker];
    await this._useSpeaker();
    const found = await checkTone({play: () => playTone(context, speaker.input), answer: this._means.answer, ask});
    return this._speakerIsOther && holds(found) ? look("speaker_replaced", found.figures) : found;
  }

  async _useSpeaker() {
    const {speaker, volume} = this._means.devices.current;
    this._speakerIsOther = false;
    this.speaker.volume = volume;
    await this.speaker.use(speaker);
  }

  _otherSpeaker() {
    this._speakerIsOther = true;
  }
}

/** @param {DeviceMeans} means */
const stageFor = ({worklets}) => {
  try {
    return new AudioStage(worklets);
  } catch (error) {
    return null; // the check of the browser says what is missing
  }
};

/** Hertz; 0 where the browser does not say. @param {MediaStream | null} stream */
const rateOf = (stream) => (stream && stream.getAudioTracks()[0].getSettings().sampleRate) || 0;

/** Wait until the context runs, but not for ever. @param {AudioContext} context @returns {Promise<void>} */
const runs = (context) =>
  new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      context.removeEventListener("statechange", heed);
      resolve();
    };
    const heed = () => context.state === "running" && over();
    const timer = setTimeout(over, STARTING_MS);
    context.addEventListener("statechange", heed);
    heed();
  });
