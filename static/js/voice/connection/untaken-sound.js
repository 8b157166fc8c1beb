/** What of frames that nobody took is to be said again: the sound, and whether a turn of it was closed. Pure. */

/**
 * @param {import("./sent-frames.js").Frame[]} frames
 * @returns {{sound: ArrayBuffer[], isTurn: boolean}}
 */
export const untakenSound = (frames) => {
  /** @type {ArrayBuffer[]} */
  const closed = [];
  /** @type {ArrayBuffer[]} */
  let open = [];
  for (const frame of frames) {
    if (frame instanceof ArrayBuffer) {
      open.push(frame);
    } else if (frame.type === "input_audio_buffer.commit") {
      closed.push(...open);
      open = [];
    } else if (frame.type === "input_audio_buffer.clear") {
      open = [];
    }
  }
  return {sound: [...closed, ...open], isTurn: closed.length > 0};
};
