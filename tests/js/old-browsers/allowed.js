/**
 * What some old browser lacks and a file uses all the same, with the reason why that is no harm there. A line that
 * nothing needs any longer is an error of its own.
 */

/** @typedef {{file: string, name: string, reason: string}} Allowed `file` as the end of its path; empty: any */

const LINES_BREAK_AS_EVER = "lines break as they always did";
const BROWSERS_OWN_COLOURS = "what the browser draws itself keeps the browser's own colours";
const SCROLLS_ON = "at the end of the list the page scrolls on";
const UNDERLINED_ALL_THE_SAME = "the line under the words is where the font has it";

/** @type {Allowed[]} */
export const ALLOWED_APIS = [
  {file: "lib/clock.js", name: "timeStyle", reason: "Firefox 76 shows the seconds, too"},
  {file: "lib/tabs.js", name: "BroadcastChannel", reason: "asked for by typeof"},
  {file: "lib/tabs.js", name: "postMessage", reason: "of the BroadcastChannel, if there is one"},
  {file: "voice/sound/wake-lock.js", name: "wakeLock", reason: "made only where the browser has it"},
  {file: "voice/sound/wake-lock.js", name: "request", reason: "of the wake lock"},
  {file: "voice/sound/wake-lock.js", name: "release", reason: "of the wake lock"},
  {file: "elements/title-field.js", name: "enterKeyHint", reason: "the key keeps its usual label"},
];

/** @type {Allowed[]} */
export const ALLOWED_STYLES = [
  {file: "css/base.css", name: ":focus-visible", reason: "the rule is dropped, and every focus has its ring"},
  {file: "", name: "align-content: start", reason: "late for flexible boxes only, and it is set on grids"},
  {file: "components/sidebar.css", name: ":-webkit-search-cancel-button", reason: "only WebKit draws one; the rule is its own"},
  {file: "", name: "text-wrap", reason: LINES_BREAK_AS_EVER},
  {file: "", name: "text-wrap: pretty", reason: LINES_BREAK_AS_EVER},
  {file: "", name: "color-scheme", reason: BROWSERS_OWN_COLOURS},
  {file: "", name: "color-scheme: light", reason: BROWSERS_OWN_COLOURS},
  {file: "", name: "color-scheme: dark", reason: BROWSERS_OWN_COLOURS},
  {file: "", name: "accent-color", reason: BROWSERS_OWN_COLOURS},
  {file: "", name: "overscroll-behavior", reason: SCROLLS_ON},
  {file: "", name: "overscroll-behavior: contain", reason: SCROLLS_ON},
  {file: "", name: "overscroll-behavior: auto", reason: SCROLLS_ON},
  {file: "", name: "align-self: start", reason: "late for flexible boxes only, and it is set in grids"},
  {file: "", name: "@media (forced-colors)", reason: "there colours are not replaced in this way, and the rule is dropped"},
  {file: "", name: "text-decoration-thickness", reason: UNDERLINED_ALL_THE_SAME},
  {file: "", name: "text-underline-offset", reason: UNDERLINED_ALL_THE_SAME},
];
