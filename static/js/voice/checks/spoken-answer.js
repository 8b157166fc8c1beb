/** One spoken answer from the question to the last sample: how soon it begins, and whether it comes without holes. */

import {randomId} from "../../lib/identifiers.js";
import {failed, fine, look} from "./outcome.js";

/** Milliseconds. */
const ANSWER_PATIENCE = 25000;
const PLAYING_PATIENCE = 20000;
const SLOW_FIRST_SOUND = 2000;
/** A gap between two pieces of sound that a buffer of the page has to bridge. */
const LONG_GAP = 400;

/** Every assistant here understands it; it is shown nowhere. */
const QUESTION = "Say: This is a test of the sound.";

/**
 * @typedef {object} Heard
 * @property {number} firstByte milliseconds from the question to the first piece of sound; -1: none came
 * @property {number} firstSound milliseconds from the question to the first sample played; -1: none was
 * @property {number} longestGap milliseconds between two pieces of sound
 * @property {number} pieces
 * @property {number} underruns how often the player ran dry in the middle of the answer
 * @property {number} played samples, at 24 kHz
 * @property {string} failure code of an answer that failed, or empty
 */

/** Notes when what came. Told of events by the line, of sounding items by the player. */
export class AnswerWatch {
  /** @param {() => number} now milliseconds */
  constructor(now) {
    this._now = now;
    this._began = now();
    this._last = 0;
    this._firstByte = -1;
    this._firstSound = -1;
    this._longestGap = 0;
    this._pieces = 0;
  }

  came() {
    const at = this._now();
    if (this._pieces === 0) {
      this._firstByte = at - this._began;
    } else {
      this._longestGap = Math.max(this._longestGap, at - this._last);
    }
    this._last = at;
    this._pieces += 1;
  }

  sounded() {
    if (this._firstSound < 0) {
      this._firstSound = this._now() - this._began;
    }
  }

  /** @param {{underruns: number, samplesPlayed: number}} stats of the player @param {string} failure @returns {Heard} */
  heard({underruns, samplesPlayed}, failure) {
    return {
      firstByte: Math.round(this._firstByte),
      firstSound: Math.round(this._firstSound),
      longestGap: Math.round(this._longestGap),
      pieces: this._pieces,
      underruns,
      played: samplesPlayed,
      failure,
    };
  }
}

/** @param {Heard} heard */
export const judgeFirstSound = ({firstByte, firstSound, failure}) => {
  if (failure) {
    return failed("answer_failed", {code: failure});
  }
  if (firstByte < 0) {
    return failed("no_answer", {});
  }
  if (firstSound < 0) {
    return failed("no_playback", {firstByte});
  }
  const figures = {ms: firstSound, firstByte};
  return firstSound > SLOW_FIRST_SOUND ? look("high_latency", figures) : fine(figures);
};

/** @param {Heard} heard */
export const judgePlayback = ({longestGap, underruns, pieces, played}) => {
  const figures = {underruns, longestGap, pieces, seconds: Math.round(played / 2400) / 10};
  if (underruns > 0) {
    return look("underruns", figures);
  }
  return longestGap > LONG_GAP ? look("packet_gaps", figures) : fine(figures);
};

/**
 * Ask for one spoken sentence and play it to its end.
 * @param {object} means
 * @param {import("./test-line.js").TestLine} means.line
 * @param {Pick<import("../sound/player.js").Player, "append" | "finish" | "stats">} means.player
 * @param {(onPlaying: (item: string) => void) => void} means.watchPlaying told which item sounds, or that none does
 * @param {() => number} means.now milliseconds
 * @returns {Promise<Heard>}
 */
export const hearAnswer = async ({line, player, watchPlaying, now}) => {
  const watch = new AnswerWatch(now);
  const before = player.stats;
  let item = "";
  /** @type {(value?: unknown) => void} */
  let ended = () => undefined;
  const playedOut = new Promise((resolve) => {
    ended = resolve;
  });
  watchPlaying((playing) => (playing ? watch.sounded() : ended()));
  line.onEvent = (event) => {
    if (event.type === "response.content_part.added" && event.part && event.part.type === "audio") {
      item = event.item_id;
    } else if (event.type === "response.output_audio.done") {
      player.finish(event.item_id);
    }
  };
  line.onAudio = (pcm) => {
    watch.came();
    player.append(item || "answer", pcm);
  };
  const failure = await finished(line);
  if (item && !failure) {
    player.finish(item);
    await within(playedOut, PLAYING_PATIENCE);
  }
  const {underruns, samplesPlayed} = player.stats;
  return watch.heard({underruns: underruns - before.underruns, samplesPlayed: samplesPlayed - before.samplesPlayed}, failure);
};

/** Put the question and wait for the end of its answer; why there was none, or empty. @param {import("./test-line.js").TestLine} line */
const finished = async (line) => {
  const done = line.next(({type}) => type === "response.done", ANSWER_PATIENCE);
  const content = [{type: "input_text", text: QUESTION}];
  line.send({type: "conversation.item.create", item: {id: randomId("item_"), type: "message", role: "user", content}});
  line.send({type: "response.create", response: {output_modalities: ["audio"]}});
  try {
    const {response} = await done;
    return response && response.status === "failed" ? "failed" : "";
  } catch (error) {
    const {code} = /** @type {any} */ (error);
    return code === "silent" ? "" : code || "internal";
  }
};

/** @param {Promise<unknown>} promise @param {number} patience milliseconds */
const within = async (promise, patience) => {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const over = new Promise((resolve) => {
    timer = setTimeout(resolve, patience);
  });
  await Promise.race([promise, over]);
  clearTimeout(timer);
};
