import assert from "node:assert/strict";
import {mkdtempSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {test} from "node:test";
import {ESLint} from "eslint";
import {missingApis} from "./old-browsers/apis.js";
import {tooNew} from "./old-browsers/styles.js";
import {lacking} from "./old-browsers/targets.js";

const OPTIONS = {allowJs: true, checkJs: true, noEmit: true, lib: ["ESNext", "DOM", "DOM.Iterable"], types: []};

/** What is told of a script, as names. @param {string} script */
const apisOf = (script) => {
  const folder = mkdtempSync(join(tmpdir(), "old-browsers-"));
  try {
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({compilerOptions: OPTIONS, include: ["*.js"]}));
    writeFileSync(join(folder, "script.js"), `${script}\nexport {};\n`);
    return missingApis(join(folder, "tsconfig.json")).map(({name, line}) => `${line} ${name}`);
  } finally {
    rmSync(folder, {recursive: true});
  }
};

/** @param {string} script @param {string} [place] */
const syntaxOf = async (script, place = "static/js/voice/connection/wire.js") => {
  const cwd = join(import.meta.dirname, "..", "..");
  const lint = new ESLint({cwd, overrideConfigFile: join(import.meta.dirname, "eslint.config.js")});
  const [{messages}] = await lint.lintText(script, {filePath: join(cwd, place)});
  return messages.map(({ruleId}) => ruleId || "syntax");
};

/** @param {string} css */
const stylesOf = (css) => tooNew(css).map(({name}) => name);

test("a version is old enough, too late, or not to be relied on", () => {
  const entry = (/** @type {any} */ safari) => {
    const there = {version_added: "1"};
    return {__compat: {support: {chrome: there, edge: there, firefox: there, safari}}};
  };
  assert.deepEqual(lacking(entry({version_added: "14.1"})), []);
  assert.deepEqual(lacking(entry({version_added: "≤13.1"})), []);
  assert.deepEqual(lacking(entry([{version_added: "15"}, {version_added: "9", version_removed: "12"}])), ["safari 14.1"]);
  for (const late of ["14.2", "15", "preview", false, null]) {
    assert.deepEqual(lacking(entry({version_added: late})), ["safari 14.1"], String(late));
  }
  assert.deepEqual(lacking(entry({version_added: "9", prefix: "webkit"})), ["safari 14.1"]);
  assert.deepEqual(lacking(entry({version_added: "9", flags: [{}]})), ["safari 14.1"]);
});

test("members, statics, globals and options that came later are told with their line", () => {
  const script = `document.querySelector("form").requestSubmit();
[1].at(-1);
document.body.replaceChildren();
"a".replaceAll("a", "b");
new Date().toLocaleTimeString("en", {timeStyle: "short"});
Object.hasOwn({}, "a");
structuredClone({});
navigator.wakeLock;
AbortSignal.timeout(4);
new BroadcastChannel("a");
new Intl.ListFormat("en");
Promise.any([]);
window.structuredClone(1);`;
  const names = ["requestSubmit", "at", "replaceChildren", "replaceAll", "timeStyle", "hasOwn", "structuredClone"];
  names.push("wakeLock", "timeout", "BroadcastChannel", "ListFormat", "any", "structuredClone");
  assert.deepEqual(
    apisOf(script).sort(),
    names.map((name, index) => `${index + 1} ${name}`).sort(),
  );
});

test("what all have, what is asked for and what is ours by that name is nobody's complaint", () => {
  const script = `new AbortController().abort();
new AudioContext({latencyHint: "interactive"}).resume();
if (typeof structuredClone === "function" && "wakeLock" in navigator) { document.body.append("x"); }
const log = {at: 1, any: () => 2};
log.at + log.any();
document.body.dataset.role = "user";
[1, [2]].flat().includes(1);`;
  assert.deepEqual(apisOf(script), []);
});

test("syntax after 2020, and what not all of them have of that year's, is an error", async () => {
  assert.deepEqual(await syntaxOf("export const one = (a) => a?.b ?? 1n;\n"), []);
  const late = {
    "class One { field = 1; }": "syntax",
    "let one = null; one ??= 1;": "syntax",
    "class One { #own() {} }": "syntax",
    "await 1;": "syntax",
    "/(?<=a)b/;": "es-x/no-regexp-lookbehind-assertions",
    "/(?<year>\\\\d)/;": "es-x/no-regexp-named-capture-groups",
    "/a/s;": "es-x/no-regexp-s-flag",
    "/\\\\p{L}/u;": "es-x/no-regexp-unicode-property-escapes",
    'export * as all from "./clock.js";': "es-x/no-export-ns-from",
  };
  for (const [script, rule] of Object.entries(late)) {
    assert.deepEqual(await syntaxOf(script.replace(/\\\\/g, "\\")), [rule], script);
  }
});

test("the worklets are a script, in which an import or export is an error", async () => {
  const place = "static/js/voice/worklets.js";
  assert.deepEqual(await syntaxOf("const {a} = (() => ({a: 1}))();\n", place), []);
  assert.deepEqual(await syntaxOf('import {a} from "./a.js";\n', place), ["syntax"]);
  assert.deepEqual(await syntaxOf("export const a = 1;\n", place), ["syntax"]);
});

test("styles that came later are told", () => {
  assert.deepEqual(stylesOf("a { inset: 0; aspect-ratio: 1; }"), ["inset", "aspect-ratio"]);
  assert.deepEqual(stylesOf("a:has(b) { color: red; }"), [":has"]);
  assert.deepEqual(stylesOf("a { & b { color: red; } }"), ["nesting"]);
  assert.deepEqual(stylesOf("a { color: red; b { color: red; } }"), ["unreadable"]);
  assert.deepEqual(stylesOf("a { display: flex; gap: 4px; }"), ["gap without a grid"]);
  assert.deepEqual(stylesOf("a { height: 100dvh; }"), ["dvh"]);
  assert.deepEqual(stylesOf("a { color: color-mix(in srgb, red, blue); }"), ["color-mix()"]);
  assert.deepEqual(stylesOf("@container (width > 1px) { a { color: red; } }")[0], "@container");
  assert.deepEqual(stylesOf("@media (width > 1px) { a { color: red; } }"), ["@media with <"]);
  assert.deepEqual(stylesOf("@layer one { a { color: red; } }"), ["@layer"]);
});

test("styles that all have, that ask first, or that say it the old way too are nobody's complaint", () => {
  assert.deepEqual(stylesOf("@media (prefers-color-scheme: dark) { a { display: grid; gap: 1rem; } }"), []);
  assert.deepEqual(stylesOf("@supports (height: 1dvh) { a { height: 100dvh; } }"), []);
  assert.deepEqual(stylesOf("a { height: 100vh; height: 100dvh; }"), []);
  assert.deepEqual(stylesOf("a { height: 100dvh; height: 100vh; }"), ["dvh"], "the last one that is known wins");
  assert.deepEqual(stylesOf("a { -webkit-user-select: none; user-select: none; }"), []);
  assert.deepEqual(stylesOf("@keyframes turn { from { opacity: 0; } to { opacity: 1; } }"), []);
});
