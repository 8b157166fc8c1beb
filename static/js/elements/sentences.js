/** Codes of failures and ends as sentences: what happened, and what to do. Pure. */

import {gettext, gettextNoop} from "../lib/words.js";

/** @type {Record<string, string>} */
const SENTENCES = {
  microphone_denied: gettextNoop("The browser does not let this page use the microphone. Allow it in the address bar, then start again. You can still type."),
  microphone_missing: gettextNoop("No microphone was found. Plug one in, then start again. You can still type."),
  microphone_busy: gettextNoop("The microphone is in use by another program. Close that one, then start again. You can still type."),
  microphone_failed: gettextNoop("The microphone could not be started. Check the browser's sound settings, then try again. You can still type."),
  microphone_lost: gettextNoop("The microphone was disconnected. Plug it in, then start again. You can still type."),
  insecure_context: gettextNoop("Browsers give a microphone only to secure pages. Open this site over https, or on this machine as 127.0.0.1. You can still type."),
  browser_too_old: gettextNoop("This browser is too old to speak here. Update it, or use another one. You can still type."),
  network: gettextNoop("The server could not be reached. Check your connection, then try again."),
  connection_lost: gettextNoop("The connection was lost."),
  turned_away: gettextNoop("The server did not let this session in: it is full or restarting, or something in between keeps connections out. Nothing was heard yet. Wait a minute, then try again."),
  not_authenticated: gettextNoop("You are signed out. Sign in again to go on."),
  csrf_failed: gettextNoop("This page is out of date. Reload it, then try again."),
  signed_out: gettextNoop("You are signed out. Sign in again to go on."),
  account_disabled: gettextNoop("This account was switched off. Ask whoever runs this server."),
  conversation_not_found: gettextNoop("This conversation is gone. It may have been deleted; start a new one."),
  conversation_deleted: gettextNoop("This conversation was deleted. Start a new one to go on."),
  erased: gettextNoop("Your data was erased, so the session ended. Start a new conversation to go on."),
  replaced: gettextNoop("You went on with this conversation somewhere else, so it stopped here."),
  idle: gettextNoop("Nothing was said for a while, so the session ended."),
  session_limit: gettextNoop("This session has lasted as long as one may here, so it ended. Start another one."),
  daily_limit: gettextNoop("Today's talking time is used up. It starts again tomorrow; you can still read."),
  daily_limit_reached: gettextNoop("Today's talking time is used up. It starts again tomorrow; you can still read."),
  limit_reached: gettextNoop("A limit of this server was reached, so the session ended. Try again later."),
  too_many_sessions: gettextNoop("You are already in as many live sessions as this server allows. End one of them first."),
  throttled: gettextNoop("Too many sessions were started in a short time. Wait a minute, then try again."),
  ended_by_owner: gettextNoop("You ended this session from elsewhere."),
  ended_by_admin: gettextNoop("This session was ended by whoever runs this server."),
  draining: gettextNoop("The server is restarting. Go on in a moment."),
  client_lost: gettextNoop("The connection was lost."),
  slow_client: gettextNoop("Your connection was too slow for the sound. Try again, or type."),
  protocol_error: gettextNoop("This page and the server did not understand each other. Reload the page, then try again."),
  ticket_refused: gettextNoop("The session was opened too late. Start it again."),
  realtime_disabled: gettextNoop("Voice and chat sessions are switched off on this server. Your conversations can still be read."),
  realtime_not_configured: gettextNoop("This server has no key for its speech provider yet. Ask whoever runs it."),
  realtime_unavailable: gettextNoop("Sessions cannot be opened on this server at the moment. Try again in a little while."),
  too_many_sockets: gettextNoop("This server has as many live sessions as it can carry. Try again in a moment."),
  server_busy: gettextNoop("More is asked of this server just now than it can answer. Try again in a moment."),
  database_unavailable: gettextNoop("The server cannot reach its database at the moment. Try again shortly."),
  storage_behind: gettextNoop("What is said cannot be saved at the moment. The server keeps it and saves it as soon as it can."),
  storage_caught_up: gettextNoop("Everything that was said is saved now."),
  cache_unavailable: gettextNoop("A part of this server is away at the moment. Try again shortly."),
  engine_busy: gettextNoop("Everyone who can be listened to at once is speaking. Try again in a moment; you can still type."),
  provider_auth: gettextNoop("The speech provider did not accept this server's key. Ask whoever runs it to check it."),
  provider_quota: gettextNoop("This server's credit with the speech provider is used up. Ask whoever runs it."),
  provider_failed: gettextNoop("The speech provider could not be used. Try again in a moment."),
  provider_unreachable: gettextNoop("The speech provider could not be reached. Try again; if it goes on, ask whoever runs this server."),
  provider_unavailable: gettextNoop("The speech provider has not been reachable for a while. Try again in half a minute."),
  provider_lost: gettextNoop("The connection to the assistant broke off in the middle of its answer. Ask again for the rest."),
  provider_silent: gettextNoop("The speech provider stopped answering. Try again in a moment."),
  session_creation_failed: gettextNoop("The session could not be opened. Try again; if it keeps happening, tell whoever runs this server."),
  record_refused: gettextNoop("The server did not agree to go off the record, so it was told nothing and the session was ended. Reload the page, then try again."),
  internal: gettextNoop("Something went wrong on our side. Start the session again."),
  lost: gettextNoop("The session was lost on our side. Start it again."),
};

/** After these it is worth saying that nothing was lost. */
const KEEPING = new Set([
  "connection_lost",
  "not_authenticated",
  "signed_out",
  "idle",
  "session_limit",
  "limit_reached",
  "draining",
  "client_lost",
  "slow_client",
  "provider_auth",
  "provider_quota",
  "provider_failed",
  "provider_silent",
  "internal",
  "lost",
]);

/** Here the server says what happened, and this page also what to do. */
const SAYS_MORE = new Set(["conversation_deleted", "erased"]);

const KEPT = gettextNoop("What was said so far is kept.");
const UNKNOWN = gettextNoop("Something went wrong. Try again.");

/**
 * The sentence for a trouble. The server knows more than a code tells, but says it in English: its own sentence is told
 * where the page is English, or where the page has no sentence for the code.
 * @param {{code: string, detail: string}} trouble
 * @param {{offRecord?: boolean}} [now] off the record no sentence promises that what was said is kept
 */
export const sentenceFor = ({code, detail}, {offRecord = false} = {}) => {
  const isKnown = Object.prototype.hasOwnProperty.call(SENTENCES, code);
  const own = isKnown ? SENTENCES[code] : UNKNOWN;
  if (detail && !SAYS_MORE.has(code) && (!isKnown || gettext(own) === own)) {
    return offRecord ? withoutPromise(detail) : detail;
  }
  const promises = !offRecord && (!isKnown || KEEPING.has(code));
  return promises ? `${gettext(own)} ${gettext(KEPT)}` : gettext(own);
};

/** Off the record it is not true that what was said is kept. @param {string} sentence */
const withoutPromise = (sentence) =>
  sentence
    .replace(/; (?:what was said(?: so far)?|the conversation) is kept(?=[;.])/g, "")
    .replace(/ ?(?:What was said(?: so far)?|The conversation) is kept(?:; (\w)|\.)/g, (_all, next) =>
      next ? ` ${next.toUpperCase()}` : "",
    )
    .trim();

/** What the thread is told besides troubles; `gettext` where it is shown. */
export const Notice = Object.freeze({
  AWAY: gettextNoop("Reconnecting to the assistant… What you say or write meanwhile reaches it afterwards."),
  BACK: gettextNoop("The assistant is there again."),
  OFF_RECORD: gettextNoop("From here on off the record: this site keeps none of what is said, and later conversations will not know of it. Whoever answers still hears you."),
  ON_RECORD: gettextNoop("On the record again: what is said from here on is kept."),
  TURN_LOST: gettextNoop("What you were saying was cut off by the switch. Please say it again."),
});

/** @type {Record<string, string>} */
const PHASES = {
  idle: gettextNoop("Ready"),
  connecting: gettextNoop("Connecting…"),
  listening: gettextNoop("Listening"),
  ready: gettextNoop("Hold to talk"),
  muted: gettextNoop("Muted"),
  hearing: gettextNoop("You are speaking"),
  thinking: gettextNoop("Thinking…"),
  speaking: gettextNoop("Speaking"),
  reconnecting: gettextNoop("Reconnecting…"),
  ended: gettextNoop("Ended"),
};

/** What is going on, in a word or two. @param {string} phase one of Phase */
export const wordFor = (phase) => (PHASES[phase] ? gettext(PHASES[phase]) : "");
