/**
 * Whether the syntax of the shipped scripts is known to the oldest browsers the page is for. What they use of the
 * platform is looked up in old-browsers/apis.js; style is nobody's business here.
 */

import esx from "eslint-plugin-es-x";

/** Parts of ECMAScript 2018 to 2020 that one of them lacks; the parser refuses everything after 2020 by itself. */
const LATE_SYNTAX = [
  "no-export-ns-from",
  "no-regexp-lookbehind-assertions",
  "no-regexp-named-capture-groups",
  "no-regexp-s-flag",
  "no-regexp-unicode-property-escapes",
];

// Paths are those of the whole project: ESLint is started at its top.
export default [
  {
    files: ["static/js/**/*.js"],
    languageOptions: {ecmaVersion: 2020, sourceType: "module", globals: {}},
    linterOptions: {noInlineConfig: true},
    plugins: {"es-x": esx},
    rules: Object.fromEntries(LATE_SYNTAX.map((name) => [`es-x/${name}`, "error"])),
  },
  // The worklets as pages get them, made of the modules beside this address: one script, without imports.
  {files: ["static/js/voice/worklets.js"], languageOptions: {sourceType: "script"}},
];
