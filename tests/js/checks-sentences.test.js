import assert from "node:assert/strict";
import {readFileSync, readdirSync} from "node:fs";
import {afterEach, test} from "node:test";

import {copyText} from "../../static/js/lib/clipboard.js";
import {WAITING, failed, fine, look, skipped, underWay} from "../../static/js/voice/checks/outcome.js";
import {reportOf} from "../../static/js/voice/checks/report.js";
import {adviceIn, measuredIn, sectionOf, verdictOn, wordOf} from "../../static/js/voice/checks/sentences.js";

const CHECKS = new URL("../../static/js/voice/checks/", import.meta.url);
const TROUBLE = new URL("../../templates/components/voice_test_trouble.html", import.meta.url);
const sources = readdirSync(CHECKS).map((name) => readFileSync(new URL(name, CHECKS), "utf8"));
const codes = new Set(sources.flatMap((source) => Array.from(source.matchAll(/(?:look|failed)\(\s*"([a-z_]+)"/g), ([, code]) => code)));
const fallback = adviceIn(failed("internal"));

test("every code that a check can end with has its own advice", () => {
  assert.ok(codes.size > 20, [...codes].join(" "));
  for (const code of codes) {
    assert.notEqual(adviceIn(failed(code)), fallback, code);
  }
});

test("every section that an advice leads to is on the page, and each of the five is led to", () => {
  const page = readFileSync(TROUBLE, "utf8");
  const sections = new Set(["microphone_denied", "socket_failed", "ticket_expired", "no_playback", "high_latency"].map((code) => sectionOf(failed(code))));
  assert.equal(sections.size, 5);
  for (const code of [...codes, "realtime_not_configured", "microphone_missing", "microphone_busy", "microphone_failed", "network"]) {
    const section = sectionOf(failed(code));
    assert.ok(section === "" || page.includes(`id="${section}"`), section);
  }
});

test("figures stand in the sentences, and none is left open", () => {
  assert.equal(measuredIn("roundtrip", fine({ms: 12, longest: 1500})), "12 ms there and back, 1,500 ms at most.");
  assert.equal(measuredIn("level", fine({loudest: -17, peak: -12})), "\u221212 dB at the loudest.");
  assert.match(adviceIn(failed("throttled", {status: 429, wait: 12})), /Check again in 12 s/);
  assert.doesNotMatch(adviceIn(failed("throttled", {status: 429})), /\{/);
  assert.match(adviceIn(failed("browser_too_old", {missing: "AudioWorklet"})), /AudioWorklet/);
  assert.match(adviceIn(look("clock_off", {seconds: 300, off: 90})), /90 seconds/);
});

test("that plain http is fine is explained, where it is", () => {
  assert.equal(measuredIn("secure", fine({scheme: "https", local: false})), "Opened over https.");
  assert.equal(measuredIn("secure", fine({scheme: "http", local: false})), "Opened over http.");
  assert.match(measuredIn("secure", fine({scheme: "http", local: true})), /^Opened over http from this machine itself, /);
});

test("the server's own sentence comes first, and advice only where something is to be done", () => {
  assert.match(adviceIn(failed("ticket_refused", {}, "Number 7 in the log.")), /^Number 7 in the log\. /);
  assert.equal(adviceIn(fine({ms: 1})), "");
  assert.equal(adviceIn(WAITING), "");
  assert.match(adviceIn(skipped()), /has to work first/);
  assert.match(measuredIn("level", underWay("say_something")), /Say something/);
  assert.equal(measuredIn("level", failed("level_none", {loudest: -120})), "");
});

test("a responder that is no language model is not taken for one", () => {
  assert.equal(measuredIn("who", fine({label: "Parrot", is_language_model: false})), "Parrot (no language model)");
  assert.equal(measuredIn("who", fine({label: "A model", is_language_model: true})), "A model");
});

test("the whole is told by its worst part", () => {
  const all = {fine: 13, look: 0, failed: 0, skipped: 0, worst: "fine"};
  assert.equal(verdictOn(all), "All 13 checks are fine. You can talk.");
  assert.match(verdictOn({...all, fine: 12, look: 1, worst: "look"}), /^It works\. 1 of/);
  assert.match(verdictOn({...all, fine: 10, failed: 1, skipped: 2, worst: "failed"}), /^1 failed, 2 could not be made, 10 are fine/);
  assert.match(verdictOn({...all, fine: 12, failed: 1, worst: "failed"}), /^1 failed, 12 are fine/);
});

test("the report holds each check, its figures and the browser", () => {
  const report = reportOf({
    found: [
      {name: "secure", outcome: fine({scheme: "https"})},
      {name: "tone", outcome: failed("no_playback", {times: 2})},
      {name: "ticket", outcome: WAITING},
    ],
    titles: {secure: "Secure page", tone: "Two notes"},
    browser: "Some/1.0",
    site: "https://voice.example",
    at: new Date(Date.UTC(2026, 10, 21, 9, 5)),
  });
  const lines = report.split("\n");
  assert.deepEqual(lines.slice(0, 4), ["VoiceAssist voice test", "Time: 2026-11-21 09:05 UTC", "Site: https://voice.example", "Browser: Some/1.0"]);
  assert.ok(lines.includes("[Fine] Secure page"));
  assert.ok(lines.includes("    scheme=https"));
  assert.ok(lines.includes("[Failed] Two notes"));
  assert.ok(lines.includes("    code=no_playback times=2"));
  assert.ok(lines.includes(`[${wordOf("waiting")}] ticket`));
});

const real = globalThis.document;
afterEach(() => {
  globalThis.document = real;
});

const field = () => ({
  value: "",
  did: [],
  focus() {
    this.did.push("focus");
  },
  select() {
    this.did.push("select");
  },
});

test("text goes to the clipboard where there is one", async () => {
  const copied = [];
  const clipboard = {writeText: async (text) => copied.push(text)};
  const shown = field();
  assert.equal(await copyText("report", shown, {clipboard}), true);
  assert.deepEqual([copied, shown.did], [["report"], []]);
});

test("without a clipboard, or where it is refused, the text stands selected and the older way is tried", async () => {
  const refusing = {writeText: async () => Promise.reject(new Error("NotAllowedError"))};
  for (const [browser, works] of [
    [{}, true],
    [{clipboard: refusing}, false],
  ]) {
    globalThis.document = {execCommand: () => works};
    const shown = field();
    assert.equal(await copyText("report", shown, browser), works);
    assert.deepEqual([shown.value, shown.did], ["report", ["focus", "select"]]);
  }
});
