/** The guided check: started by one button, shown row by row, told as a report. */

import {TONE_ANSWER} from "../elements/check-list.js";
import {copyText} from "../lib/clipboard.js";
import {part} from "../lib/part.js";
import {gettext} from "../lib/words.js";
import {CheckUp} from "../voice/checks/check-up.js";
import {summaryOf} from "../voice/checks/examination.js";
import {Verdict, WAITING, holds} from "../voice/checks/outcome.js";
import {reportOf} from "../voice/checks/report.js";
import {adviceIn, measuredIn, sectionOf, verdictOn, wordOf} from "../voice/checks/sentences.js";

/** @typedef {import("../voice/checks/outcome.js").Outcome} Outcome */

/**
 * @typedef {object} VoiceTestMeans
 * @property {{worklets: string, ticketSeconds: number}} config
 * @property {import("../api/client.js").ApiClient} api
 * @property {import("../lib/device-choices.js").DeviceChoices} devices
 * @property {() => void} onBegin called before sound and microphone are taken
 * @property {() => void} onAllowed called when the microphone may be used, and the browser names its devices
 * @property {(section: string) => void} onFailed called with the id of the part of the page that says more, or empty
 */

export class VoiceTestPage {
  /** @param {Document} root @param {VoiceTestMeans} means */
  constructor(root, means) {
    this._root = root;
    this._means = means;
    this._list = /** @type {import("../elements/check-list.js").CheckList} */ (root.querySelector("check-list"));
    this._button = part(root, "check");
    this._status = part(root, "check-status");
    this._copy = part(root, "copy-report");
    this._report = /** @type {HTMLTextAreaElement} */ (part(root, "report"));
    /** @type {CheckUp | null} */
    this._checkUp = null;
  }

  begin() {
    this._button.removeAttribute("disabled");
    this._button.addEventListener("click", () => (this._checkUp ? this.stop() : this._start()));
    this._copy.addEventListener("click", () => this._copyReport());
    window.addEventListener("pagehide", () => this.stop());
  }

  /** Let go of sound and microphone; what was not checked by now is not. */
  stop() {
    if (this._checkUp) {
      this._checkUp.stop();
      this._finish(false);
    }
  }

  async _start() {
    this._means.onBegin();
    const checkUp = new CheckUp(this._meansOfCheck());
    this._checkUp = checkUp;
    const {examination} = checkUp;
    examination.found.forEach(({name}) => this._show(name, WAITING));
    examination.addEventListener("check", (event) => this._onCheck(/** @type {CustomEvent} */ (event).detail));
    this._name(gettext("Stop"), "stop");
    this._copy.setAttribute("disabled", "");
    const isWhole = await checkUp.run();
    if (this._checkUp === checkUp) {
      this._finish(isWhole);
    }
  }

  /** @param {boolean} isWhole */
  _finish(isWhole) {
    const {found} = /** @type {CheckUp} */ (this._checkUp).examination;
    this._checkUp = null;
    found.filter(({outcome}) => !isDone(outcome)).forEach(({name}) => this._show(name, WAITING));
    this._list.meter("level", 0);
    this._name(gettext("Check again"), "retry");
    const summary = summaryOf(found);
    this._tell(isWhole ? verdictOn(summary) : gettext("Stopped."), isWhole ? summary.worst : "");
    this._report.value = reportOf({
      found: found.map(({name, outcome}) => ({name, outcome: isDone(outcome) ? outcome : WAITING})),
      titles: this._list.titles,
      browser: navigator.userAgent,
      site: window.location.origin,
      at: new Date(),
    });
    this._copy.removeAttribute("disabled");
    if (this._list.contains(this._root.activeElement)) {
      this._button.focus();
    }
  }

  /** @returns {import("../voice/checks/check-up.js").Means} */
  _meansOfCheck() {
    const {api, config, devices} = this._means;
    return {
      scope: window,
      createSession: () => api.createRealtimeSession({conversation_id: null, save: false, output: "audio", turn_detection: "server_vad"}),
      dropSession: ({conversation_id}) => api.deleteConversation(conversation_id),
      worklets: config.worklets,
      ticketSeconds: config.ticketSeconds,
      devices,
      showLevel: (position) => this._list.meter("level", position),
      answer: () => this._toneAnswer(),
    };
  }

  /** @returns {Promise<string>} */
  _toneAnswer() {
    // Who works with the keyboard is led to the answer; who reads elsewhere on the page is left there.
    if (this._root.activeElement === this._button || this._root.activeElement === this._root.body) {
      this._list.focusOn("tone");
    }
    return new Promise((resolve) => {
      this._list.addEventListener(TONE_ANSWER, (event) => resolve(/** @type {CustomEvent} */ (event).detail.heard), {once: true});
    });
  }

  /** @param {{name: string, outcome: Outcome}} check */
  _onCheck({name, outcome}) {
    this._show(name, outcome);
    if (outcome.verdict === Verdict.FAILED) {
      this._means.onFailed(sectionOf(outcome));
    }
    if (name === "microphone" && holds(outcome)) {
      this._means.onAllowed();
    }
    if (outcome.verdict === Verdict.CHECKING) {
      this._tell(gettext("Checking: {title}", {title: this._list.titles[name]}), "");
    } else if (outcome.verdict === Verdict.ASKING) {
      this._tell(measuredIn(name, outcome), "");
    }
  }

  /** @param {string} name @param {Outcome} outcome */
  _show(name, outcome) {
    this._list.show(name, {
      verdict: outcome.verdict,
      word: wordOf(outcome.verdict),
      measured: measuredIn(name, outcome),
      advice: adviceIn(outcome),
      section: sectionOf(outcome),
    });
  }

  /** @param {string} sentence @param {string} verdict of the whole, or empty */
  _tell(sentence, verdict) {
    this._status.textContent = sentence;
    this._status.dataset.verdict = verdict;
  }

  /** @param {string} label of the button @param {string} icon */
  _name(label, icon) {
    part(this._button, "label").textContent = label;
    part(this._button, "icon").setAttribute("href", `#icon-${icon}`);
  }

  async _copyReport() {
    const isCopied = await copyText(this._report.value, this._report);
    part(this._root, "copied").textContent = isCopied
      ? gettext("Copied. Paste it wherever you ask for help.")
      : gettext("The browser does not copy for this page. The report is selected: copy it with Ctrl+C, or by a long press.");
  }
}

/** @param {Outcome} outcome */
const isDone = ({verdict}) => verdict !== Verdict.CHECKING && verdict !== Verdict.ASKING;
