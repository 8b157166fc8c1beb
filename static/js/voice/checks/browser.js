/** Whether this browser and this page can do what speaking needs. Pure: the browser is handed in. */

import {failed, fine} from "./outcome.js";

/** What browsers give to secure pages alone; its absence elsewhere says nothing of the browser. */
const OF_SECURE_PAGES = new Set(["getUserMedia", "AudioWorklet"]);

/** @type {Record<string, (scope: any) => unknown>} what is needed, and how it is seen to be there */
const NEEDED = {
  WebSocket: ({WebSocket}) => WebSocket,
  "Web Audio": ({AudioContext, webkitAudioContext}) => AudioContext || webkitAudioContext,
  AudioWorklet: ({AudioWorkletNode}) => AudioWorkletNode,
  getUserMedia: ({navigator}) => navigator && navigator.mediaDevices && navigator.mediaDevices.getUserMedia,
  "random numbers": ({crypto}) => crypto && crypto.getRandomValues,
  fetch: ({fetch}) => fetch,
  "custom elements": ({customElements}) => customElements,
};

/**
 * What speaking needs and this browser has not.
 * @param {any} scope the window
 * @returns {string[]}
 */
export const missingParts = (scope) =>
  Object.keys(NEEDED).filter((name) => !NEEDED[name](scope) && (scope.isSecureContext || !OF_SECURE_PAGES.has(name)));

/** @param {any} scope the window */
export const judgeBrowser = (scope) => {
  const missing = missingParts(scope);
  const all = Object.keys(NEEDED).length;
  return missing.length ? failed("browser_too_old", {missing: missing.join(", ")}) : fine({parts: all});
};

/** Of this machine itself: nobody is on the way, so browsers ask for no https. */
const OWN_HOST = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/;

/** @param {any} scope the window */
export const judgeSecurity = ({isSecureContext, location: {protocol, hostname}}) => {
  const scheme = protocol.replace(":", "");
  return isSecureContext ? fine({scheme, local: OWN_HOST.test(hostname)}) : failed("insecure_context", {scheme});
};
