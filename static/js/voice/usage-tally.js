/** What this page's sessions have used: each reports its own sums, and a new one begins at nothing. Pure. */

/** @typedef {import("./vocabulary.js").Usage} Usage */

/** @type {Usage} */
const NOTHING = Object.freeze({
  cost: null,
  tokens: 0,
  parts: {audio: {input: 0, cached: 0, output: 0}, text: {input: 0, cached: 0, output: 0}},
  transcription: {seconds: 0, tokens: 0},
});

export class UsageTally {
  constructor() {
    /** Sessions that are over. @type {Usage} */
    this._past = NOTHING;
    /** @type {Usage} */
    this._now = NOTHING;
  }

  /** A new session begins. */
  begin() {
    this._past = this.total;
    this._now = NOTHING;
  }

  /** Take a `voiceassist.usage` event, which holds the sums of its session so far. @param {any} event */
  take(event) {
    this._now = usageOf(event);
  }

  /** @returns {Usage} */
  get total() {
    return together(this._past, this._now);
  }
}

/** @type {(value: any) => number} */
const amount = (value) => (typeof value === "number" && Number.isFinite(value) ? value : 0);

/** @param {any} event @returns {Usage} */
const usageOf = ({session_usage, estimated_cost}) => {
  const sums = session_usage || {};
  const input = sums.input_token_details || {};
  const cached = input.cached_tokens_details || {};
  const output = sums.output_token_details || {};
  const transcription = sums.transcription || {};
  const listening = amount(transcription.total_tokens) || amount(transcription.input_tokens) + amount(transcription.output_tokens);
  const part = (/** @type {string} */ name) => ({
    input: amount(input[name]),
    cached: amount(cached[name]),
    output: amount(output[name]),
  });
  const answered = amount(sums.total_tokens) || amount(sums.input_tokens) + amount(sums.output_tokens);
  return {
    cost: estimated_cost ? {amount: amount(estimated_cost.amount), currency: String(estimated_cost.currency || "USD")} : null,
    tokens: answered + listening,
    parts: {audio: part("audio_tokens"), text: part("text_tokens")},
    transcription: {seconds: amount(transcription.seconds), tokens: listening},
  };
};

/** Whether anything was used at all. @param {Usage} usage */
const isSomething = ({cost, tokens, transcription}) => cost !== null || tokens > 0 || transcription.seconds > 0;

/** @param {Usage} one @param {Usage} other @returns {Usage} */
const together = (one, other) => {
  if (!isSomething(one) || !isSomething(other)) {
    return isSomething(one) ? one : other;
  }
  const part = (/** @type {"audio" | "text"} */ name) => ({
    input: one.parts[name].input + other.parts[name].input,
    cached: one.parts[name].cached + other.parts[name].cached,
    output: one.parts[name].output + other.parts[name].output,
  });
  // A sum without one of its parts would be no estimate.
  const priced = one.cost && other.cost && one.cost.currency === other.cost.currency;
  return {
    cost: priced && one.cost && other.cost ? {...one.cost, amount: one.cost.amount + other.cost.amount} : null,
    tokens: one.tokens + other.tokens,
    parts: {audio: part("audio"), text: part("text")},
    transcription: {
      seconds: one.transcription.seconds + other.transcription.seconds,
      tokens: one.transcription.tokens + other.transcription.tokens,
    },
  };
};
