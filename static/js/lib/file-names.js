/** Names of files that the browser makes itself. Pure. */

/**
 * "voiceassist-assistant-2026-11-21-14-25-09.wav": who spoke and when, in the reader's own zone, and not a word of what
 * it is about. The names of exports keep to the same.
 * @param {{role: string, spoken_at: string}} line
 */
export const nameOfSound = ({role, spoken_at}) => {
  const at = new Date(spoken_at);
  const figures = [at.getFullYear(), at.getMonth() + 1, at.getDate(), at.getHours(), at.getMinutes(), at.getSeconds()];
  return `voiceassist-${role}-${figures.map((figure) => String(figure).padStart(2, "0")).join("-")}.wav`;
};
