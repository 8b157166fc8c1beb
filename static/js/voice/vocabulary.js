/** The words the voice rooms and the elements share: states, phases, lines, formats. */

/** Where a session stands. */
export const Status = Object.freeze({
  IDLE: "idle",
  CONNECTING: "connecting",
  CONNECTED: "connected",
  RECONNECTING: "reconnecting",
  ENDED: "ended",
});

/** What is going on while a session is connected, for people. */
export const Phase = Object.freeze({
  IDLE: "idle",
  CONNECTING: "connecting",
  LISTENING: "listening",
  MUTED: "muted",
  HEARING: "hearing",
  THINKING: "thinking",
  SPEAKING: "speaking",
  RECONNECTING: "reconnecting",
  ENDED: "ended",
});

/** How far one line of the conversation has come. */
export const LineStatus = Object.freeze({
  PARTIAL: "partial",
  PENDING: "pending",
  FINAL: "final",
  INTERRUPTED: "interrupted",
  FAILED: "failed",
  UNSENT: "unsent",
});

/** What happens on this side of the socket; the reducer is told of it in the same way as of server events. */
export const Local = Object.freeze({
  CONNECTING: "local.connecting",
  ENDED: "local.ended",
  MICROPHONE: "local.microphone",
  MUTED: "local.muted",
  PLAYING: "local.playing",
  ASKED: "local.asked",
  AWAY: "local.away",
  RECORD: "local.record",
});

/** Events a `RealtimeVoiceSession` dispatches. */
export const SessionEvent = Object.freeze({
  STATE: "statechange",
  LINE: "line",
  LINE_REMOVED: "lineremoved",
  SAVED: "saved",
  USAGE: "usage",
  PROBLEM: "problem",
});

/** Requests that go up the page as bubbling DOM events. */
export const Request = Object.freeze({
  SEND: "va-message-send",
  VOICE_START: "va-voice-start",
  VOICE_MUTE: "va-voice-mute",
  VOICE_CLOSE: "va-voice-close",
  VOICE_TRANSCRIPT: "va-voice-transcript",
  RETRY: "va-retry",
  RECORD_SWITCH: "va-record-switch",
});

/** Refusals of a race that was already decided; nobody needs to read them. */
export const BENIGN = new Set([
  "response_cancel_not_active",
  "conversation_already_has_active_response",
  "input_audio_buffer_commit_empty",
  "item_truncate_invalid_item_id",
]);

/** Hertz, both ways on the wire: PCM16 little-endian mono. */
export const SPEECH_RATE = 24000;

/** One upstream frame: 40 ms. */
export const FRAME_SAMPLES = 960;

/** @type {(samples: number) => number} */
export const millisecondsOf = (samples) => Math.floor((samples * 1000) / SPEECH_RATE);

/**
 * One line of the conversation: a turn of one side, partial or final.
 * @typedef {object} Line
 * @property {string} item_id
 * @property {"user" | "assistant"} role
 * @property {"text" | "audio"} modality
 * @property {string} status one of LineStatus
 * @property {string} text what was said and, of an answer, heard
 * @property {string} unheard_text
 * @property {boolean} is_final
 * @property {boolean} off_record said off the record: shown while this page is open and kept nowhere
 * @property {string} message_id empty until it is stored
 * @property {string} spoken_at ISO 8601
 */

/**
 * What the sessions of this page have used so far.
 * @typedef {object} Usage
 * @property {{amount: number, currency: string} | null} cost an estimate; null when not every session has one
 * @property {number} tokens all of them
 * @property {Record<"audio" | "text", {input: number, cached: number, output: number}>} parts `cached` is a part of `input`
 * @property {{seconds: number, tokens: number}} transcription of the person's own words, where it is paid for by itself
 */

/**
 * What went wrong, or why a session ended.
 * @typedef {object} Trouble
 * @property {string} code
 * @property {string} detail a sentence for people when the server sent one, else empty
 * @property {boolean} retryable
 */
