/** Whether the person's microphone may be used, and if not, why. */

import {troubleOf} from "../problem.js";
import {failed, fine, look} from "./outcome.js";

/** @typedef {import("../sound/microphone-access.js").MicrophoneWish} MicrophoneWish */

/**
 * What the browser has been told before: "granted", "denied", "prompt", or empty where it does not say.
 * @param {any} permissions `navigator.permissions`, where there is one
 * @returns {Promise<string>}
 */
export const permissionOf = async (permissions) => {
  try {
    return permissions ? (await permissions.query({name: "microphone"})).state : "";
  } catch (error) {
    return ""; // Firefox and older Safaris answer this for other things only
  }
};

/**
 * Ask for the microphone as a voice session does. The stream is null when there is none.
 * @param {object} means
 * @param {(wish: MicrophoneWish) => Promise<{stream: MediaStream, fellBack: boolean}>} means.open
 * @param {any} means.permissions `navigator.permissions`, where there is one
 * @param {import("../../lib/device-choices.js").Devices} means.devices what was chosen for this browser
 * @param {(code: string) => void} means.ask
 * @returns {Promise<{stream: MediaStream | null, outcome: import("./outcome.js").Outcome}>}
 */
export const checkMicrophone = async ({open, permissions, devices, ask}) => {
  const permission = await permissionOf(permissions);
  if (permission !== "granted" && permission !== "denied") {
    ask("allow_microphone");
  }
  try {
    const {stream, fellBack} = await open({device: devices.microphone, noiseSuppression: devices.noiseSuppression});
    const [track] = stream.getAudioTracks();
    const figures = {device: track.label || ""};
    if (track.muted) {
      return {stream, outcome: look("microphone_muted", figures)};
    }
    return {stream, outcome: fellBack ? look("microphone_replaced", figures) : fine(figures)};
  } catch (error) {
    return {stream: null, outcome: failed(troubleOf(error).code, {permission})};
  }
};
