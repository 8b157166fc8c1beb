/** What was found, as plain text to be sent to somebody: no words of a conversation, no ids that open anything. Pure. */

import {gettext} from "../../lib/words.js";
import {Verdict} from "./outcome.js";
import {adviceIn, measuredIn, wordOf} from "./sentences.js";

/**
 * @param {object} of
 * @param {{name: string, outcome: import("./outcome.js").Outcome}[]} of.found
 * @param {Record<string, string>} of.titles by the name of the check
 * @param {string} of.browser how it calls itself
 * @param {string} of.site address of the site, without a path
 * @param {Date} of.at
 */
export const reportOf = ({found, titles, browser, site, at}) => {
  const head = [
    gettext("VoiceAssist voice test"),
    `${gettext("Time")}: ${at.toISOString().slice(0, 16).replace("T", " ")} UTC`,
    `${gettext("Site")}: ${site}`,
    `${gettext("Browser")}: ${browser}`,
  ];
  return [...head, "", ...found.map((each) => lineOf(each, titles)), ""].join("\n");
};

/** @param {{name: string, outcome: import("./outcome.js").Outcome}} found @param {Record<string, string>} titles */
const lineOf = ({name, outcome}, titles) => {
  const parts = [measuredIn(name, outcome), adviceIn(outcome), figuresIn(outcome)].filter(Boolean);
  return [`[${wordOf(outcome.verdict)}] ${titles[name] || name}`, ...parts].join(parts.length ? "\n    " : "");
};

/** For whoever reads it with the sources at hand. @param {import("./outcome.js").Outcome} outcome */
const figuresIn = ({verdict, code, figures}) => {
  if (verdict === Verdict.WAITING || verdict === Verdict.SKIPPED) {
    return "";
  }
  const told = Object.entries(figures).map(([name, value]) => `${name}=${value}`);
  return (code ? [`code=${code}`, ...told] : told).join(" ");
};
