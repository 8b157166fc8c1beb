/** Codes of failures and ends as sentences: what happened, and what to do. Pure. */

/** @type {Record<string, string>} */
const SENTENCES = {
  microphone_denied: "The browser does not let this page use the microphone. Allow it in the address bar, then start again. You can still type.",
  microphone_missing: "No microphone was found. Plug one in, then start again. You can still type.",
  microphone_busy: "The microphone is in use by another program. Close that one, then start again. You can still type.",
  microphone_failed: "The microphone could not be started. Check the browser's sound settings, then try again. You can still type.",
  microphone_lost: "The microphone was disconnected. Plug it in, then start again. You can still type.",
  insecure_context: "Browsers give a microphone only to secure pages. Open this site over https, or on this machine as 127.0.0.1. You can still type.",
  browser_too_old: "This browser is too old to speak here. Update it, or use another one. You can still type.",
  network: "The server could not be reached. Check your connection, then try again.",
  connection_lost: "The connection was lost. What was said so far is kept.",
  not_authenticated: "You are signed out. Sign in again to go on; the conversation is kept.",
  csrf_failed: "This page is out of date. Reload it, then try again.",
  signed_out: "You are signed out. Sign in again to go on; the conversation is kept.",
  account_disabled: "This account was switched off. Ask whoever runs this server.",
  conversation_not_found: "This conversation is gone. It may have been deleted; start a new one.",
  conversation_deleted: "This conversation was deleted, so the session ended.",
  erased: "Your data was erased, so the session ended.",
  replaced: "You went on with this conversation somewhere else, so it stopped here.",
  idle: "Nothing was said for a while, so the session ended. What was said is kept.",
  daily_limit: "Today's talking time is used up. It starts again tomorrow; you can still read.",
  daily_limit_reached: "Today's talking time is used up. It starts again tomorrow; you can still read.",
  limit_reached: "A limit of this server was reached, so the session ended. What was said is kept; try again later.",
  too_many_sessions: "You are already in as many live sessions as this server allows. End one of them first.",
  throttled: "Too many sessions were started in a short time. Wait a minute, then try again.",
  ended_by_owner: "You ended this session from elsewhere.",
  ended_by_admin: "This session was ended by whoever runs this server.",
  draining: "The server is restarting. What was said is kept; go on in a moment.",
  client_lost: "The connection was lost. What was said so far is kept.",
  slow_client: "Your connection was too slow for the sound. What was said is kept; try again, or type.",
  protocol_error: "This page and the server did not understand each other. Reload the page, then try again.",
  ticket_refused: "The session was opened too late. Start it again.",
  realtime_disabled: "Voice and chat sessions are switched off on this server. Your conversations can still be read.",
  realtime_not_configured: "This server has no key for its speech provider yet. Ask whoever runs it.",
  realtime_unavailable: "Sessions cannot be opened on this server at the moment. Try again in a little while.",
  engine_busy: "Everyone who can be listened to at once is speaking. Try again in a moment; you can still type.",
  provider_auth: "The speech provider did not accept this server's key. Ask whoever runs it to check it. What was said is kept.",
  provider_quota: "This server's credit with the speech provider is used up. Ask whoever runs it. What was said is kept.",
  provider_failed: "The speech provider could not be used. What was said so far is kept; try again in a moment.",
  provider_lost: "The connection to the assistant broke off in the middle of its answer. Ask again for the rest.",
  provider_silent: "The speech provider stopped answering. What was said so far is kept; try again in a moment.",
  session_creation_failed: "The session could not be opened. Try again; if it keeps happening, tell whoever runs this server.",
  record_refused: "The server did not agree to go off the record, so it was told nothing and the session was ended. Reload the page, then try again.",
  internal: "Something went wrong on our side. What was said so far is kept; start the session again.",
  lost: "The session was lost on our side. What was said so far is kept; start it again.",
};

const UNKNOWN = "Something went wrong. What was said so far is kept; try again.";

/**
 * The sentence for a trouble: the server's own where it sent one, because it knows more.
 * @param {import("../voice/vocabulary.js").Trouble} trouble
 * @param {{offRecord?: boolean}} [now]
 */
export const sentenceFor = ({code, detail}, {offRecord = false} = {}) => {
  const sentence = detail || (Object.prototype.hasOwnProperty.call(SENTENCES, code) ? SENTENCES[code] : UNKNOWN);
  return offRecord ? withoutPromise(sentence) : sentence;
};

/** Off the record it is not true that what was said is kept. @param {string} sentence */
const withoutPromise = (sentence) =>
  sentence
    .replace(/; (?:what was said(?: so far)?|the conversation) is kept(?=[;.])/g, "")
    .replace(/ ?(?:What was said(?: so far)?|The conversation) is kept(?:; (\w)|\.)/g, (_all, next) =>
      next ? ` ${next.toUpperCase()}` : "",
    )
    .trim();

/** What the thread is told besides troubles. */
export const Notice = Object.freeze({
  AWAY: "Reconnecting to the assistant… What you say or write meanwhile reaches it afterwards.",
  BACK: "The assistant is there again.",
  OFF_RECORD: "From here on off the record: this site keeps none of what is said, and later conversations will not know of it. Whoever answers still hears you.",
  ON_RECORD: "On the record again: what is said from here on is kept.",
  TURN_LOST: "What you were saying was cut off by the switch. Please say it again.",
});

/** @type {Record<string, string>} */
const PHASES = {
  idle: "Ready",
  connecting: "Connecting…",
  listening: "Listening",
  muted: "Muted",
  hearing: "You are speaking",
  thinking: "Thinking…",
  speaking: "Speaking",
  reconnecting: "Reconnecting…",
  ended: "Ended",
};

/** What is going on, in a word or two. @param {string} phase one of Phase */
export const wordFor = (phase) => PHASES[phase] || "";
