/** One line of the thread: filling the markup of `components/message.html` from a line, and dating it. */

import {timeOfDay} from "../lib/clock.js";
import {copyOf, part} from "../lib/part.js";
import {LineStatus} from "../voice/vocabulary.js";

/** @typedef {import("../voice/vocabulary.js").Line} Line */

/** @type {Record<string, string>} */
const PLACEHOLDERS = {
  [LineStatus.PENDING]: "Transcribing…",
  [LineStatus.FAILED]: "This could not be transcribed.",
};

/** What stands where words will be. @param {Line} line */
const placeholderFor = ({role, status}) => {
  if (status === LineStatus.PARTIAL) {
    return role === "user" ? PLACEHOLDERS[LineStatus.PENDING] : "…";
  }
  return PLACEHOLDERS[status] || "";
};

/** @type {Record<string, string>} */
const NOTES = {
  [LineStatus.UNSENT]: "not sent",
};

/** @param {Line} line */
const fateOf = (line) => {
  if (line.status === LineStatus.INTERRUPTED) {
    return line.unheard_text ? "interrupted; the rest was not heard" : "interrupted";
  }
  return NOTES[line.status] || "";
};

/** Text is what an answer is unless it was spoken: nothing to remark on. @param {Line} line */
const modeOf = (line) => {
  if (line.modality === "audio") {
    return "spoken";
  }
  return line.role === "user" ? "typed" : "";
};

/** An empty line. @returns {HTMLElement} */
export const newLine = () => copyOf("message-line");

/**
 * Show `line` in `element`, touching only what changed.
 * @param {HTMLElement} element
 * @param {Line} line
 */
export const fillLine = (element, line) => {
  element.classList.toggle("line--user", line.role === "user");
  element.classList.toggle("line--assistant", line.role === "assistant");
  element.dataset.item = line.item_id;
  element.dataset.message = line.message_id;
  element.dataset.role = line.role;
  element.dataset.status = line.status;
  element.dataset.modality = line.modality;
  element.classList.toggle("line--off-record", line.off_record);
  write(part(element, "speaker"), line.role === "user" ? "You" : "Assistant");
  const text = line.text || (line.unheard_text ? "" : placeholderFor(line));
  write(part(element, "heard"), text);
  part(element, "heard").classList.toggle("line__placeholder", !line.text);
  const unheard = part(element, "unheard");
  write(unheard, line.unheard_text);
  unheard.hidden = !line.unheard_text;
  write(part(element, "mode"), modeOf(line));
  write(part(element, "note"), fateOf(line));
  write(part(element, "record"), line.off_record ? "off the record" : "");
  const time = /** @type {HTMLTimeElement} */ (part(element, "time"));
  if (time.dateTime !== line.spoken_at) {
    time.dateTime = line.spoken_at;
    dateLine(element);
  }
};

/** The time of a line in the reader's own zone. @param {HTMLElement} element */
export const dateLine = (element) => {
  const time = /** @type {HTMLTimeElement} */ (part(element, "time"));
  write(time, timeOfDay(new Date(time.dateTime)));
};

/** @param {HTMLElement} element */
export const momentOf = (element) => new Date(/** @type {HTMLTimeElement} */ (part(element, "time")).dateTime);

/** @param {HTMLElement} element @param {string} text */
const write = (element, text) => {
  if (element.textContent !== text) {
    element.textContent = text;
  }
};
