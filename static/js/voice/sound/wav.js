/** Speech as a file that every player opens. Pure. */

import {SPEECH_RATE} from "../vocabulary.js";

const HEADER_BYTES = 44;

/**
 * A WAV file of PCM16 mono.
 * @param {ArrayBuffer[]} parts little-endian samples, one after another
 * @param {number} [rate] in hertz
 * @returns {ArrayBuffer}
 */
export const wavOf = (parts, rate = SPEECH_RATE) => {
  const size = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const file = new ArrayBuffer(HEADER_BYTES + size);
  writeHeader(new DataView(file), size, rate);
  let at = HEADER_BYTES;
  for (const part of parts) {
    new Uint8Array(file, at).set(new Uint8Array(part));
    at += part.byteLength;
  }
  return file;
};

/** @param {DataView} view @param {number} size of the samples in bytes @param {number} rate */
const writeHeader = (view, size, rate) => {
  writeText(view, 0, "RIFF");
  view.setUint32(4, HEADER_BYTES - 8 + size, true);
  writeText(view, 8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  // Uncompressed, one channel.
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  writeText(view, 36, "data");
  view.setUint32(40, size, true);
};

/** @param {DataView} view @param {number} at @param {string} text */
const writeText = (view, at, text) => {
  for (let i = 0; i < text.length; i += 1) {
    view.setUint8(at + i, text.charCodeAt(i));
  }
};
