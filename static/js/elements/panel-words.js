/** What the voice panel says: hints, quality, what is announced. Pure. */

import {money} from "../lib/figures.js";
import {gettext, gettextNoop, pageLocale} from "../lib/words.js";
import {Hint, Phase, Quality, TurnDetection} from "../voice/vocabulary.js";
import {wordFor} from "./sentences.js";

/**
 * What the panel reads of a session's state.
 * @typedef {object} KnownState
 * @property {boolean} microphone
 * @property {boolean} offRecord
 * @property {boolean} suspended
 * @property {number} attempt
 * @property {string} turnDetection one of TurnDetection
 * @property {string} quality one of Quality
 * @property {{code: string, detail: string, retryable: boolean} | null} end
 */

/** @type {Record<string, string>} */
const HINTS = {
  [Hint.HEARS_ITSELF]: gettextNoop("The assistant seems to hear itself. Use headphones, or turn on echo-safe mode."),
  [Hint.HELD_TOO_SHORT]: gettextNoop("Too short. Hold it while you speak."),
  [Hint.BEGINNING_MISSED]: gettextNoop("The connection was away for too long: the beginning of what you said was not heard. Say it again."),
  [Hint.MICROPHONE_CHANGED]: gettextNoop("Your microphone was unplugged. The system's own one is used now; choose another in the options."),
  [Hint.SPEAKER_CHANGED]: gettextNoop("Your speaker was unplugged. The system's own one is used now; choose another in the options."),
};

/** What to tell about a hint; empty for one this page does not know. @param {string} code one of Hint */
export const hintFor = (code) => (Object.prototype.hasOwnProperty.call(HINTS, code) ? gettext(HINTS[code]) : "");

/** @type {Record<string, string>} */
const QUALITIES = {
  [Quality.UNKNOWN]: gettextNoop("Not measured yet"),
  [Quality.GOOD]: gettextNoop("Good"),
  [Quality.FAIR]: gettextNoop("Fair: answers may come a little later."),
  [Quality.POOR]: gettextNoop("Poor: the sound may break up. Move closer to your router, or type."),
};

/** How well the connection does. @param {string} quality one of Quality */
export const qualityWords = (quality) => gettext(QUALITIES[quality] || QUALITIES[Quality.UNKNOWN]);

/** Worth a sign beside the time; a good connection is not. @param {string} quality */
export const isWorthASign = (quality) => quality === Quality.FAIR || quality === Quality.POOR;

/** The state in words. Where one holds to talk the big button says so; once is enough. @param {string} phase one of Phase */
export const stateWords = (phase) => wordFor(phase === Phase.READY ? Phase.IDLE : phase);

/**
 * What stands behind the time. There is room for one thing, so it is the one that matters most; what was spent stands
 * below the field as well.
 * @param {{state: KnownState, phase: string, muted: boolean, cost: {amount: number, currency: string} | null}} now
 */
export const detailWords = ({state, phase, muted, cost}) => {
  if (phase === Phase.RECONNECTING && state.attempt > 1) {
    return gettext("attempt {number}", {number: state.attempt});
  }
  if (phase !== Phase.ENDED && muted && phase !== Phase.MUTED && state.turnDetection !== TurnDetection.PUSH_TO_TALK) {
    return gettext("muted");
  }
  if (phase !== Phase.ENDED && isWorthASign(state.quality)) {
    return gettext("weak signal");
  }
  return cost ? gettext("about {cost}", {cost: money(cost.amount, cost.currency, pageLocale())}) : "";
};

/**
 * Phases a screen reader tells. Who speaks is heard anyway, and words spoken into the talk would be in its way.
 * @type {Set<string>}
 */
const ANNOUNCED = new Set([Phase.CONNECTING, Phase.LISTENING, Phase.READY, Phase.MUTED, Phase.RECONNECTING]);

/** Says each state once: not again after every turn, only when another one was told in between. */
export class Announcements {
  constructor() {
    this._last = "";
  }

  /** What to announce now that the phase is this one; null when nothing is. @param {string} phase */
  next(phase) {
    if (!ANNOUNCED.has(phase) || phase === this._last) {
      return null;
    }
    this._last = phase;
    return wordFor(phase);
  }
}
