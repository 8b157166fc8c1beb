/** Turn detection as a person wishes it, in the words of the Realtime API. Pure. */

import {TurnDetection} from "./vocabulary.js";

/** How loud speech has to be to count as speech, from 0 to 1. @type {Record<string, number>} */
const THRESHOLDS = {low: 0.7, normal: 0.5, high: 0.3};

const SERVER_VAD = {type: "server_vad", prefix_padding_ms: 300, silence_duration_ms: 500};
const ANSWERS = {create_response: true, interrupt_response: true};

/**
 * Which kind a session has, by the `voice_config` that it was issued with; empty when that does not say.
 * @param {any} voiceConfig
 * @returns {string} one of TurnDetection
 */
export const kindOf = (voiceConfig) => {
  if (!voiceConfig || voiceConfig.turn_detection === undefined) {
    return "";
  }
  if (voiceConfig.turn_detection === null) {
    return TurnDetection.PUSH_TO_TALK;
  }
  return voiceConfig.turn_detection.type === TurnDetection.SEMANTIC_VAD ? TurnDetection.SEMANTIC_VAD : TurnDetection.SERVER_VAD;
};

/**
 * The whole object, always: of one that is sent in part some servers lose the rest.
 * @param {string} kind one of TurnDetection
 * @param {string} sensitivity low, normal or high
 */
const detection = (kind, sensitivity) => {
  if (kind === TurnDetection.PUSH_TO_TALK) {
    return null;
  }
  return kind === TurnDetection.SEMANTIC_VAD
    ? {type: "semantic_vad", ...ANSWERS}
    : {...SERVER_VAD, threshold: THRESHOLDS[sensitivity] || THRESHOLDS.normal, ...ANSWERS};
};

/** The `session.update` for it. @param {string} kind one of TurnDetection @param {string} sensitivity */
export const detectionUpdate = (kind, sensitivity) => ({
  type: "session.update",
  session: {type: "realtime", audio: {input: {turn_detection: detection(kind, sensitivity)}}},
});
