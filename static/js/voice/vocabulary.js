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
  /** Push-to-talk: nobody is heard until the button is held. */
  READY: "ready",
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
  /** The microphone is being asked for; `MICROPHONE` tells how that ended. */
  OPENING: "local.opening",
  MICROPHONE: "local.microphone",
  MUTED: "local.muted",
  PLAYING: "local.playing",
  ASKED: "local.asked",
  AWAY: "local.away",
  RECORD: "local.record",
  /** The socket was lost and is being replaced: `{attempt}`, from 1. */
  LOST: "local.lost",
  /** The session will not be gone on with: what was on its way in it does not come. */
  FORSAKEN: "local.forsaken",
  /** Push-to-talk: `{talking}`. */
  TALKING: "local.talking",
  /** `{turnDetection}` */
  TURN_DETECTION: "local.turn_detection",
  /** The browser holds the sound back until somebody taps: `{suspended}`. */
  SUSPENDED: "local.suspended",
  /** `{quality}`, one of Quality */
  QUALITY: "local.quality",
});

/** How well the connection does. */
export const Quality = Object.freeze({UNKNOWN: "", GOOD: "good", FAIR: "fair", POOR: "poor"});

/** Who decides that a turn is over. */
export const TurnDetection = Object.freeze({
  SERVER_VAD: "server_vad",
  SEMANTIC_VAD: "semantic_vad",
  PUSH_TO_TALK: "push_to_talk",
});

/** What a person may want to be told while they speak; `code` of a SessionEvent.HINT. */
export const Hint = Object.freeze({
  /** The assistant interrupted itself twice: headphones or echo-safe mode would help. */
  HEARS_ITSELF: "hears_itself",
  /** Push-to-talk was held for less than 100 ms; nothing was sent. */
  HELD_TOO_SHORT: "held_too_short",
  /** There was no session for so long that the beginning of what was said meanwhile is not kept. */
  BEGINNING_MISSED: "beginning_missed",
  /** The chosen microphone or speaker is not there any more; the system's own is used. */
  MICROPHONE_CHANGED: "microphone_changed",
  SPEAKER_CHANGED: "speaker_changed",
});

/** Events a `RealtimeVoiceSession` dispatches. */
export const SessionEvent = Object.freeze({
  STATE: "statechange",
  LINE: "line",
  LINE_REMOVED: "lineremoved",
  SAVED: "saved",
  USAGE: "usage",
  PROBLEM: "problem",
  /** `{code}`, one of Hint */
  HINT: "hint",
  /** `{item_id}`: its sound can be played again from now on. `{item_id: ""}`: look at all of them again. */
  REPLAYABLE: "replayable",
});

/** Requests that go up the page as bubbling DOM events. */
export const Request = Object.freeze({
  SEND: "va-message-send",
  /** Somebody reaches for the voice button. */
  VOICE_INTENT: "va-voice-intent",
  VOICE_START: "va-voice-start",
  VOICE_MUTE: "va-voice-mute",
  VOICE_CLOSE: "va-voice-close",
  VOICE_TRANSCRIPT: "va-voice-transcript",
  RETRY: "va-retry",
  RECORD_SWITCH: "va-record-switch",
  /** Push-to-talk: `{talking}`. */
  VOICE_TALK: "va-voice-talk",
  /** `{turnDetection}`, one of TurnDetection */
  VOICE_TURN_DETECTION: "va-voice-turn-detection",
  /** Stop the answer that sounds. */
  VOICE_INTERRUPT: "va-voice-interrupt",
  /** Let a voice be heard, or stop it: `{voice}`; empty: the server's own. */
  VOICE_PREVIEW: "va-voice-preview",
  /** A tap that lets suspended sound go on. */
  VOICE_RESUME: "va-voice-resume",
  /** `{rating}`: "good", "bad" or null. */
  RATE: "va-rate",
  /** Play a line's sound again, or stop it; save it as a file: `{item_id}`. */
  REPLAY: "va-replay",
  SAVE_AUDIO: "va-save-audio",
  /** Of a conversation: `{id, title}`. The list: `{query}`, empty for all; or more of what it shows. */
  CONVERSATION_RENAME: "va-conversation-rename",
  CONVERSATION_DELETE: "va-conversation-delete",
  CONVERSATION_SEARCH: "va-conversation-search",
  CONVERSATION_MORE: "va-conversation-more",
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
