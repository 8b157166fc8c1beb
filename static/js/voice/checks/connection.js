/** Whether the socket opens, and how long a word takes there and back. */

import {failed, fine, look} from "./outcome.js";
import {TestLine} from "./test-line.js";

/** Milliseconds. */
const OPENING_PATIENCE = 10000;
const PONG_PATIENCE = 3000;
const SLOW_OPENING = 2500;
const SLOW_ROUND_TRIP = 300;
const PINGS = 5;

/** @param {number[]} numbers at least one */
export const median = (numbers) => {
  const sorted = [...numbers].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** The way to the server was never found: nothing came back. */
const NOT_OPENED = new Set(["connection_lost", "silent", "network"]);

/**
 * Open the socket and wait until whoever answers is there.
 * @param {object} means
 * @param {(listener: import("../connection/wire.js").WireListener) => import("../connection/wire.js").Wire} means.openWire
 * @param {() => number} means.now milliseconds
 * @returns {Promise<{line: TestLine | null, session: any, outcome: import("./outcome.js").Outcome}>}
 */
export const openLine = async ({openWire, now}) => {
  const began = now();
  const line = new TestLine(openWire);
  try {
    const created = line.next(({type}) => type === "session.created", OPENING_PATIENCE);
    const told = line.next(({type}) => type === "voiceassist.session", OPENING_PATIENCE);
    told.catch(() => undefined); // `created` tells of the same end
    await created;
    const ms = Math.round(now() - began);
    const session = await told;
    if (session.save !== false) {
      line.close();
      return {line: null, session: null, outcome: failed("record_refused", {ms})};
    }
    return {line, session, outcome: ms > SLOW_OPENING ? look("slow_opening", {ms}) : fine({ms})};
  } catch (error) {
    line.close();
    return {line: null, session: null, outcome: judgeEnd(/** @type {any} */ (error))};
  }
};

/**
 * Why a socket that was wanted did not stay.
 * @param {{code?: string, detail?: string}} end
 */
export const judgeEnd = ({code = "internal", detail = ""}) =>
  NOT_OPENED.has(code) ? failed("socket_failed", {code}) : failed(code === "ticket_refused" ? "ticket_expired" : "socket_ended", {code}, detail);

/**
 * Ask five times for an echo.
 * @param {object} means
 * @param {TestLine} means.line
 * @param {() => number} means.now milliseconds
 */
export const measureRoundTrip = async ({line, now}) => {
  const times = [];
  for (let at = 0; at < PINGS; at += 1) {
    const began = now();
    const id = `check-${at}`;
    const pong = line.next((event) => event.type === "voiceassist.pong" && event.id === id, PONG_PATIENCE);
    line.send({type: "voiceassist.ping", id});
    try {
      await pong;
    } catch (error) {
      return judgeSilence(/** @type {any} */ (error), at);
    }
    times.push(now() - began);
  }
  return judgeRoundTrip(median(times), Math.max(...times));
};

/** @param {{code?: string, detail?: string}} end @param {number} answered how many were before it */
const judgeSilence = (end, answered) =>
  end.code === "silent" ? failed("round_trip_lost", {answered, pings: PINGS}) : judgeEnd(end);

/** @param {number} middle milliseconds @param {number} longest milliseconds */
export const judgeRoundTrip = (middle, longest) => {
  const figures = {ms: Math.round(middle), longest: Math.round(longest)};
  return middle > SLOW_ROUND_TRIP ? look("high_latency", figures) : fine(figures);
};
