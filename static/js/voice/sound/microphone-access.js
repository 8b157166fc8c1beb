/** Asks the browser for the microphone that was chosen, and for another one where that is gone. */

import {Problem} from "../problem.js";

/** @type {Record<string, string>} */
const CODE_OF_ERROR = {
  NotAllowedError: "microphone_denied",
  SecurityError: "microphone_denied",
  NotFoundError: "microphone_missing",
  OverconstrainedError: "microphone_missing",
  NotReadableError: "microphone_busy",
  AbortError: "microphone_busy",
};

/** Another device may do where one of these says why the chosen one does not. */
const ELSEWHERE = new Set(["microphone_missing", "microphone_busy", "microphone_failed"]);

/**
 * @typedef {object} MicrophoneWish
 * @property {string} device id; empty: the system's own choice
 * @property {boolean} noiseSuppression
 */

/**
 * @param {MicrophoneWish} wish
 * @returns {MediaTrackConstraints}
 */
export const constraintsOf = ({device, noiseSuppression}) => ({
  echoCancellation: true,
  noiseSuppression,
  // The browser's gain control shouts the first words and fades through the rest of them, which costs recognisers the
  // end of a sentence. Whoever listens levels by itself.
  autoGainControl: false,
  channelCount: 1,
  ...(device ? {deviceId: {exact: device}} : {}),
});

/**
 * Rejects with a Problem. `fellBack`: the wished device is not to be had, this is the system's own choice.
 * @param {MicrophoneWish} wish
 * @returns {Promise<{stream: MediaStream, fellBack: boolean}>}
 */
export const openMicrophone = async (wish) => {
  try {
    return {stream: await ask(wish), fellBack: false};
  } catch (error) {
    if (!wish.device || !ELSEWHERE.has(/** @type {Problem} */ (error).code)) {
      throw error;
    }
    return {stream: await ask({...wish, device: ""}), fellBack: true};
  }
};

/** @param {MicrophoneWish} wish @returns {Promise<MediaStream>} */
const ask = async (wish) => {
  if (!window.isSecureContext) {
    throw new Problem("insecure_context", {retryable: false});
  }
  if (!navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) {
    throw new Problem("browser_too_old", {retryable: false});
  }
  try {
    return await navigator.mediaDevices.getUserMedia({audio: constraintsOf(wish)});
  } catch (error) {
    throw new Problem(CODE_OF_ERROR[/** @type {DOMException} */ (error).name] || "microphone_failed");
  }
};

/** Give a microphone back: whoever looks at the browser sees that nobody listens. @param {MediaStream | null} stream */
export const letGo = (stream) => {
  if (stream) {
    stream.getTracks().forEach((track) => {
      track.onended = null;
      track.stop();
    });
  }
};
