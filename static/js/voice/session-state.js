/** What a session knows of itself: server and local events in, a new frozen state out. Pure. */

import {Local, Phase, Quality, Status, TurnDetection} from "./vocabulary.js";

/**
 * @typedef {object} SessionState
 * @property {string} status one of Status
 * @property {boolean} microphone
 * @property {boolean} opening the microphone is being asked for
 * @property {boolean} muted
 * @property {boolean} userSpeaking
 * @property {string} response id of the running response, or empty
 * @property {boolean} awaiting an answer is due and has not begun
 * @property {string} playing the item that sounds, or empty
 * @property {boolean} upstreamAway the server has lost the assistant, and looks for it
 * @property {boolean} away the assistant has been out of reach for so long that people should know
 * @property {boolean} offRecord nothing of what is said is kept
 * @property {number} attempt of replacing a lost socket; 0 while there is one
 * @property {boolean} resumed the socket was replaced, and the session is the same: nothing of it was missed
 * @property {string} turnDetection one of TurnDetection
 * @property {boolean} talking push-to-talk is held
 * @property {boolean} suspended the browser holds sound back until somebody taps
 * @property {string} quality one of Quality
 * @property {string} sessionId
 * @property {string} conversationId
 * @property {{name: string, label: string, is_language_model: boolean} | null} provider
 * @property {string} voiceProblem
 * @property {import("./vocabulary.js").Trouble & {reason: string, retryAfter?: number} | null} end
 */

/** @type {SessionState} */
const INITIAL = Object.freeze({
  status: Status.IDLE,
  microphone: false,
  opening: false,
  muted: false,
  userSpeaking: false,
  response: "",
  awaiting: false,
  playing: "",
  upstreamAway: false,
  away: false,
  offRecord: false,
  attempt: 0,
  resumed: false,
  turnDetection: TurnDetection.SERVER_VAD,
  talking: false,
  suspended: false,
  quality: Quality.UNKNOWN,
  sessionId: "",
  conversationId: "",
  provider: null,
  voiceProblem: "",
  end: null,
});

/** @param {string} conversationId @returns {SessionState} */
export const initialState = (conversationId) => Object.freeze({...INITIAL, conversationId});

/** Nothing of a session is going on any more. */
const STILL = {
  microphone: false,
  opening: false,
  muted: false,
  userSpeaking: false,
  response: "",
  awaiting: false,
  playing: "",
  upstreamAway: false,
  away: false,
  attempt: 0,
  talking: false,
  suspended: false,
  quality: Quality.UNKNOWN,
};

/** Nothing of what the last session was doing; the microphone and what sounds already outlive it. */
const CUT_OFF = {userSpeaking: false, response: "", awaiting: false, upstreamAway: false};

/** @type {Record<string, (state: SessionState, event: any) => Partial<SessionState>>} */
const CHANGES = {
  // Whoever holds the button, or is asked for the microphone, while another session is opened goes on doing so.
  [Local.CONNECTING]: ({talking, opening}) => ({...STILL, talking, opening, status: Status.CONNECTING, end: null}),
  [Local.ENDED]: (_state, {end}) => ({...STILL, status: end ? Status.ENDED : Status.IDLE, end}),
  [Local.MICROPHONE]: (state, {on, muted = false}) => ({
    microphone: on,
    opening: false,
    muted,
    userSpeaking: false,
    talking: on && state.talking,
    quality: on ? state.quality : Quality.UNKNOWN,
  }),
  [Local.OPENING]: () => ({opening: true}),
  [Local.MUTED]: (_state, {muted}) => ({muted}),
  [Local.PLAYING]: (_state, {item}) => ({playing: item}),
  [Local.ASKED]: () => ({awaiting: true}),
  [Local.AWAY]: (state) => ({away: state.status === Status.RECONNECTING}),
  [Local.RECORD]: (_state, {offRecord}) => ({offRecord}),
  [Local.LOST]: (_state, {attempt}) => ({status: Status.RECONNECTING, attempt, end: null, quality: Quality.UNKNOWN}),
  [Local.FORSAKEN]: () => CUT_OFF,
  [Local.TALKING]: (_state, {talking}) => ({talking}),
  [Local.TURN_DETECTION]: (_state, {turnDetection}) => ({turnDetection}),
  [Local.SUSPENDED]: (_state, {suspended}) => ({suspended}),
  [Local.QUALITY]: (_state, {quality}) => ({quality}),
  "session.created": () => ({status: Status.CONNECTED, attempt: 0, resumed: false, away: false, upstreamAway: false}),
  "voiceassist.resumed": ({upstreamAway, away}) => ({
    status: upstreamAway ? Status.RECONNECTING : Status.CONNECTED,
    attempt: 0,
    resumed: true,
    away: away && upstreamAway,
  }),
  "voiceassist.session": (state, event) => ({
    sessionId: event.session_id || state.sessionId,
    conversationId: event.conversation_id || state.conversationId,
    provider: event.provider || state.provider,
    voiceProblem: event.voice_problem || "",
    offRecord: state.offRecord || event.save === false,
  }),
  // What was said is said again to the next upstream, so whoever waits for an answer still does.
  "voiceassist.reconnecting": () => ({status: Status.RECONNECTING, response: "", upstreamAway: true}),
  "voiceassist.reconnected": () => ({status: Status.CONNECTED, away: false, upstreamAway: false, userSpeaking: false}),
  "voiceassist.ended": (_state, event) => ({
    end: {
      reason: event.reason || "internal",
      code: event.code || event.reason || "internal",
      detail: event.detail || "",
      retryable: event.retryable !== false,
      ...(event.retry_after > 0 ? {retryAfter: event.retry_after} : {}),
    },
  }),
  "input_audio_buffer.speech_started": () => ({userSpeaking: true}),
  "input_audio_buffer.speech_stopped": () => ({userSpeaking: false}),
  "input_audio_buffer.committed": () => ({userSpeaking: false, awaiting: true}),
  // Noise: nothing was said, so nothing is answered.
  "conversation.item.input_audio_transcription.completed": (_state, event) =>
    (event.transcript || "").trim() ? {} : {awaiting: false},
  "input_audio_buffer.cleared": () => ({userSpeaking: false}),
  "response.created": (_state, event) => ({response: idOf(event.response) || "response", awaiting: false}),
  // A late `done` must not end a newer response.
  "response.done": (state, event) =>
    !state.response || state.response === "response" || state.response === idOf(event.response)
      ? {response: "", awaiting: false}
      : {},
  error: () => ({awaiting: false}),
};

/** @type {(thing: any) => string} */
const idOf = (thing) => (thing && typeof thing.id === "string" ? thing.id : "");

/**
 * The state after `event`; the same object when nothing changed.
 * @param {SessionState} state
 * @param {{type: string}} event
 * @returns {SessionState}
 */
export const reduce = (state, event) => {
  const change = Object.prototype.hasOwnProperty.call(CHANGES, event.type) ? CHANGES[event.type](state, event) : {};
  const next = /** @type {SessionState} */ ({...state, ...change});
  const same = Object.keys(next).every((key) => Reflect.get(next, key) === Reflect.get(state, key));
  return same ? state : Object.freeze(next);
};

/**
 * What to tell the person that is going on. A short absence of the assistant is not worth a word.
 * @param {SessionState} state
 */
export const phaseOf = (state) => {
  const briefly = state.status === Status.RECONNECTING && !state.away;
  if (state.status !== Status.CONNECTED && !briefly) {
    return /** @type {string} */ (state.status);
  }
  if (state.userSpeaking || state.talking) {
    return Phase.HEARING;
  }
  if (state.playing) {
    return Phase.SPEAKING;
  }
  if (state.awaiting || state.response) {
    return Phase.THINKING;
  }
  if (state.opening) {
    return Phase.CONNECTING;
  }
  if (state.muted) {
    return Phase.MUTED;
  }
  const waitsForButton = state.microphone && state.turnDetection === TurnDetection.PUSH_TO_TALK;
  return waitsForButton ? Phase.READY : Phase.LISTENING;
};
