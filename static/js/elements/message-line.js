/** One line of the thread: filling the markup of `components/message.html` from a line, and dating it. */

import {timeOfDay} from "../lib/clock.js";
import {copyOf, part, write} from "../lib/part.js";
import {gettext, gettextNoop, pageLocale} from "../lib/words.js";
import {LineStatus} from "../voice/vocabulary.js";

/** @typedef {import("../voice/vocabulary.js").Line} Line */

/** @type {Record<string, string>} */
const PLACEHOLDERS = {
  [LineStatus.PENDING]: gettextNoop("Transcribing…"),
  [LineStatus.FAILED]: gettextNoop("This could not be transcribed."),
};

/** What stands where words will be. @param {Line} line */
const placeholderFor = ({role, status}) => {
  if (status === LineStatus.PARTIAL) {
    return role === "user" ? gettext(PLACEHOLDERS[LineStatus.PENDING]) : "…";
  }
  return PLACEHOLDERS[status] ? gettext(PLACEHOLDERS[status]) : "";
};

/** What became of it. @param {Line} line */
export const fateOf = ({status, unheard_text}) => {
  if (status === LineStatus.INTERRUPTED) {
    return unheard_text ? gettext("interrupted; the rest was not heard") : gettext("interrupted");
  }
  return status === LineStatus.UNSENT ? gettext("not sent") : "";
};

/** Text is what an answer is unless it was spoken: nothing to remark on. @param {Line} line */
const modeOf = (line) => {
  if (line.modality === "audio") {
    return gettext("spoken");
  }
  return line.role === "user" ? gettext("typed") : "";
};

/** @param {Pick<Line, "role">} line */
export const speakerOf = ({role}) => (role === "user" ? gettext("You") : gettext("Assistant"));

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
  write(part(element, "speaker"), speakerOf(line));
  const text = line.text || (line.unheard_text ? "" : placeholderFor(line));
  write(part(element, "heard"), text);
  part(element, "heard").classList.toggle("line__placeholder", !line.text);
  const unheard = part(element, "unheard");
  write(unheard, line.unheard_text);
  unheard.hidden = !line.unheard_text;
  write(part(element, "mode"), modeOf(line));
  write(part(element, "note"), fateOf(line));
  write(part(element, "record"), line.off_record ? gettext("off the record") : "");
  const time = /** @type {HTMLTimeElement} */ (part(element, "time"));
  if (time.dateTime !== line.spoken_at) {
    time.dateTime = line.spoken_at;
    dateLine(element);
  }
};

/** The time of a line in the reader's own zone. @param {HTMLElement} element */
export const dateLine = (element) => {
  const time = /** @type {HTMLTimeElement} */ (part(element, "time"));
  write(time, timeOfDay(new Date(time.dateTime), pageLocale()));
};

/**
 * Offer to hear the line again, or no longer.
 * @param {HTMLElement} element
 * @param {boolean} isReplayable
 */
export const offerReplay = (element, isReplayable) => {
  part(element, "replay").hidden = !isReplayable;
  part(element, "save").hidden = !isReplayable;
};

/**
 * Show whether the line is being played again: its button then stops it.
 * @param {HTMLElement} element
 * @param {boolean} isReplaying
 */
export const showReplaying = (element, isReplaying) => {
  const button = part(element, "replay");
  const label = isReplaying ? gettext("Stop playing") : gettext("Play again");
  button.setAttribute("aria-label", label);
  button.title = label;
  element.classList.toggle("line--replaying", isReplaying);
};

/** @param {HTMLElement} element */
export const momentOf = (element) => new Date(/** @type {HTMLTimeElement} */ (part(element, "time")).dateTime);
