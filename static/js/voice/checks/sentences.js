/** What was found, in words: what was measured, and what to do about it. Pure but for the page's language. */

import {honestLabel} from "../../lib/honest-label.js";
import {gettext, gettextNoop, pageLocale} from "../../lib/words.js";
import {Verdict} from "./outcome.js";

/** @typedef {import("./outcome.js").Outcome} Outcome */
/** @typedef {import("./outcome.js").Figures} Figures */

/** @type {Record<string, string>} */
const VERDICTS = {
  [Verdict.WAITING]: gettextNoop("Waiting"),
  [Verdict.CHECKING]: gettextNoop("Checking…"),
  [Verdict.ASKING]: gettextNoop("Your turn"),
  [Verdict.FINE]: gettextNoop("Fine"),
  [Verdict.LOOK]: gettextNoop("Look at this"),
  [Verdict.FAILED]: gettextNoop("Failed"),
  [Verdict.SKIPPED]: gettextNoop("Skipped"),
};

/** @param {string} verdict one of Verdict */
export const wordOf = (verdict) => gettext(VERDICTS[verdict] || "");

/** What the person is asked to do while a check waits for them. @type {Record<string, string>} */
const REQUESTS = {
  allow_microphone: gettextNoop("The browser asks whether this page may use the microphone. Allow it."),
  say_something: gettextNoop("Say something, as loudly as you usually speak."),
  listen_to_tone: gettextNoop("Two notes are playing. Did you hear them?"),
};

/** The sections of the page on what goes wrong. */
const MICROPHONE = "microphone-denied";
const SOCKET = "socket-failed";
const EXPIRED = "configuration-expired";
const SILENT = "no-playback";
const SLOW = "high-latency";

/** @type {Record<string, [string, string?]>} what to do, and the section that says more */
const ADVICE = {
  insecure_context: [gettextNoop("Browsers give a microphone to secure pages only. Open this site over https, or on the server itself as 127.0.0.1."), MICROPHONE],
  browser_too_old: [gettextNoop("This browser lacks what speaking needs: {missing}. Update it, or use another one.")],
  microphone_denied: [gettextNoop("The browser keeps the microphone from this page. Allow it beside the address, then check again."), MICROPHONE],
  microphone_missing: [gettextNoop("No microphone was found. Plug one in or switch it on, then check again."), MICROPHONE],
  microphone_busy: [gettextNoop("Another program holds the microphone. Close that one, then check again."), MICROPHONE],
  microphone_failed: [gettextNoop("The microphone could not be started. Look into the sound settings of this device, then check again."), MICROPHONE],
  microphone_muted: [gettextNoop("The system has muted this microphone. Unmute it there, or by the switch on the device."), MICROPHONE],
  microphone_replaced: [gettextNoop("The microphone you chose is not there, so another one was tested. Choose again under Devices."), MICROPHONE],
  level_none: [gettextNoop("This microphone gives no sound at all. It is switched off or muted, or it is the wrong one: choose another under Devices."), MICROPHONE],
  level_quiet: [gettextNoop("You came in too quietly to be noticed. Come nearer, turn the microphone up, or choose another one under Devices."), MICROPHONE],
  level_loud: [gettextNoop("Your voice is cut off at its loudest. Move away a little, or turn the microphone down.")],
  sound_suspended: [gettextNoop("The browser holds sound back on this page. Allow sound beside the address, then check again."), SILENT],
  narrow_band: [gettextNoop("The sound has the quality of a telephone: a Bluetooth headset hears and speaks at once. Choose the device's own microphone, or a headset with a cable.")],
  no_playback: [gettextNoop("Sound was played and not heard. Turn the volume up, look where the sound goes, or choose another speaker under Devices."), SILENT],
  speaker_replaced: [gettextNoop("The speaker you chose cannot be used, so the system's own played. Choose again under Devices."), SILENT],
  realtime_disabled: [gettextNoop("Voice and chat sessions are switched off on this server. Whoever runs it can switch them on.")],
  realtime_not_configured: [gettextNoop("This server has no key for its speech provider yet. Ask whoever runs it."), SOCKET],
  throttled: [gettextNoop("Too many sessions were asked for in a short time. Check again in {wait} s.")],
  throttled_unknown: [gettextNoop("Too many sessions were asked for in a short time. Wait a minute, then check again.")],
  daily_limit_reached: [gettextNoop("Today's talking time is used up. It starts again tomorrow; check again then.")],
  too_many_sessions: [gettextNoop("You are already in as many live sessions as this server allows. End one of them, then check again.")],
  not_authenticated: [gettextNoop("You are signed out. Sign in again, then check again.")],
  csrf_failed: [gettextNoop("This page is out of date. Reload it, then check again.")],
  network: [gettextNoop("The server did not answer. Look at your connection, then check again."), SOCKET],
  ticket_refused: [gettextNoop("The server did not open a session. Check again; if it goes on, send this report to whoever runs it."), SOCKET],
  clock_off: [gettextNoop("This device's clock is {off} seconds away from the server's. Sessions work all the same; set the clock so that times on the page are right."), EXPIRED],
  ticket_expired: [gettextNoop("The session was opened too late, or with a ticket that was used already. Check again."), EXPIRED],
  socket_failed: [gettextNoop("The page works and the socket for the sound does not open. Something on the way lets no WebSocket through: another network, a VPN or a proxy."), SOCKET],
  socket_ended: [gettextNoop("The server closed the socket ({code}). Check again; if it goes on, send this report to whoever runs it."), SOCKET],
  record_refused: [gettextNoop("The server did not agree to keep nothing of this check, so it was ended. Reload the page, then check again.")],
  slow_opening: [gettextNoop("Opening a session takes long. The first words are kept meanwhile, so none is lost."), SLOW],
  round_trip_lost: [gettextNoop("The socket is open and echoes do not come back. The connection loses data: try another network."), SOCKET],
  high_latency: [gettextNoop("It works, with a wait that is felt in a conversation."), SLOW],
  speech_unavailable: [gettextNoop("This server cannot speak at the moment. You can still type.")],
  answer_failed: [gettextNoop("The assistant could not answer ({code}). Check again in a moment; if it goes on, send this report to whoever runs this server.")],
  no_answer: [gettextNoop("No sound came back for the question. Check again; if it goes on, send this report to whoever runs this server."), SLOW],
  underruns: [gettextNoop("The answer had holes, because its sound came too late. Try a better network, or close what else uses this one."), SLOW],
  packet_gaps: [gettextNoop("The sound came in bursts and was still whole. On a worse day it will have holes: try a better network."), SLOW],
  internal: [gettextNoop("This check could not be made. Reload the page, then check again.")],
};

/** What was measured, where all is well or nearly. @type {Record<string, (figures: any) => string>} */
const MEASURED = {
  secure: ({scheme, local}) =>
    scheme === "http" && local
      ? gettext("Opened over http from this machine itself, where nobody is on the way to listen.")
      : gettext("Opened over {scheme}.", {scheme}),
  browser: ({parts}) => (parts ? gettext("All {parts} parts are there.", {parts}) : ""),
  microphone: ({device}) => (device ? gettext("Uses {device}.", {device}) : ""),
  level: ({peak}) => gettext("{decibels} dB at the loudest.", {decibels: figure(peak)}),
  rate: ({context, microphone}) =>
    microphone
      ? gettext("Sound at {context} kHz, microphone at {microphone} kHz.", {context: kilo(context), microphone: kilo(microphone)})
      : gettext("Sound at {context} kHz.", {context: kilo(context)}),
  tone: () => gettext("You heard it."),
  ticket: ({ms}) => gettext("Given in {ms} ms.", {ms: figure(ms)}),
  expiry: ({seconds}) => gettext("Good for {seconds} seconds, for one session.", {seconds: figure(seconds)}),
  socket: ({ms}) => gettext("Ready after {ms} ms.", {ms: figure(ms)}),
  roundtrip: ({ms, longest}) => gettext("{ms} ms there and back, {longest} ms at most.", {ms: figure(ms), longest: figure(longest)}),
  who: honestLabel,
  answer: ({ms}) => gettext("Heard {ms} ms after the question.", {ms: figure(ms)}),
  playback: ({seconds, underruns, longestGap}) =>
    gettext("{seconds} s of speech, holes: {underruns}, longest gap: {gap} ms.", {
      seconds: figure(seconds),
      underruns: figure(underruns),
      gap: figure(longestGap),
    }),
};

/** With a real minus sign, which is as wide as a figure. @param {number} number */
const figure = (number) => number.toLocaleString(pageLocale()).replace("-", "\u2212");

/** @param {number} hertz */
const kilo = (hertz) => figure(hertz / 1000);

/** A figure that is not there is not told. @param {string} name of the check @param {Outcome} outcome */
export const measuredIn = (name, {verdict, code, figures}) => {
  if (verdict === Verdict.ASKING) {
    return gettext(REQUESTS[code] || "");
  }
  const isTold = verdict === Verdict.FINE || (verdict === Verdict.LOOK && Object.keys(figures).length > 0);
  return isTold && MEASURED[name] ? MEASURED[name](figures) : "";
};

/**
 * What to do; empty where nothing is to be done. Of an unknown refusal the server's own sentence is told.
 * @param {Outcome} outcome
 */
export const adviceIn = ({verdict, code, figures, detail}) => {
  if (verdict === Verdict.SKIPPED) {
    return gettext("Something before it has to work first.");
  }
  if (verdict !== Verdict.LOOK && verdict !== Verdict.FAILED) {
    return "";
  }
  const known = code === "throttled" && !("wait" in figures) ? "throttled_unknown" : code;
  const [sentence] = ADVICE[known] || ADVICE.internal;
  const advice = gettext(sentence, /** @type {Record<string, string | number>} */ (figures));
  return detail ? `${detail} ${advice}` : advice;
};

/** The id of the section that says more, or empty. @param {Outcome} outcome */
export const sectionOf = ({code}) => (ADVICE[code] && ADVICE[code][1]) || "";

/** What the whole round came to. @param {ReturnType<typeof import("./examination.js").summaryOf>} summary */
export const verdictOn = ({worst, fine, look, failed, skipped}) => {
  if (worst === Verdict.FINE) {
    return gettext("All {fine} checks are fine. You can talk.", {fine});
  }
  if (worst === Verdict.LOOK) {
    return gettext("It works. {look} of the checks found something to look at.", {look});
  }
  return skipped
    ? gettext("{failed} failed, {skipped} could not be made, {fine} are fine. What to do stands beside each.", {failed, skipped, fine})
    : gettext("{failed} failed, {fine} are fine. What to do stands beside each.", {failed, fine});
};
