/** The face of the voice panel: writes what a session knows into the panel's markup. Decides nothing, asks for nothing. */

import {duration} from "../lib/clock.js";
import {part} from "../lib/part.js";
import {gettext} from "../lib/words.js";
import {Phase, TurnDetection} from "../voice/vocabulary.js";
import {detailWords, isWorthASign, qualityWords, stateWords} from "./panel-words.js";
import {sentenceFor} from "./sentences.js";

/**
 * @typedef {object} PanelState
 * @property {import("./panel-words.js").KnownState} state of the session
 * @property {string} phase one of Phase; ended also where nothing has begun
 * @property {boolean} muted
 * @property {boolean} wasLive it was connected since the panel was opened
 * @property {boolean} echoSafe nothing is heard while the assistant speaks
 * @property {{amount: number, currency: string} | null} cost
 */

export class PanelFace {
  /** @param {HTMLElement} panel */
  constructor(panel) {
    this._panel = panel;
  }

  /** @param {PanelState} now */
  show(now) {
    const {state, phase, wasLive} = now;
    const ended = phase === Phase.ENDED;
    this._panel.setAttribute("phase", phase);
    this._panel.setAttribute("turn-taking", state.turnDetection);
    this._write("state", ended && !wasLive ? gettext("Not started") : stateWords(phase));
    this._hide("record", !state.offRecord);
    this._hide("resume", !state.suspended || ended);
    this._hide("live", ended);
    this._showDetail(now);
    this._showQuality(ended ? "" : state.quality);
    this._showControls(now, ended);
    this._showEnd(now, ended);
  }

  /** @param {number} elapsed milliseconds */
  tellTime(elapsed) {
    this._write("time", duration(elapsed));
  }

  /** What stands behind the time. @param {PanelState} now */
  _showDetail(now) {
    this._write("detail", detailWords(now));
  }

  /** @param {string} quality one of Quality */
  _showQuality(quality) {
    const sign = part(this._panel, "quality");
    const words = isWorthASign(quality) ? gettext("Connection: {quality}", {quality: qualityWords(quality)}) : "";
    sign.hidden = words === "";
    sign.title = words;
    sign.dataset.quality = quality;
    this._write("quality-words", words);
  }

  /** @param {PanelState} now @param {boolean} ended */
  _showControls({state, phase, muted, echoSafe}, ended) {
    const isHeld = state.turnDetection === TurnDetection.PUSH_TO_TALK;
    const mute = this._button("mute");
    mute.setAttribute("aria-pressed", String(muted));
    mute.disabled = !state.microphone;
    // Whom nobody hears unasked needs not be muted.
    mute.hidden = isHeld;
    this._hide("talk-bar", !isHeld || ended);
    this._button("talk").disabled = !state.microphone;
    const stop = this._button("stop");
    // Where the voice cannot interrupt, there is room for the button all the time: nothing moves when it appears.
    stop.hidden = ended || !(isHeld || echoSafe || muted);
    stop.disabled = phase !== Phase.SPEAKING;
    const end = this._button("end");
    const name = ended ? gettext("Close") : gettext("End voice mode");
    end.setAttribute("aria-label", name);
    end.title = `${name} (Esc)`;
  }

  /** @param {PanelState} now @param {boolean} ended */
  _showEnd({state, wasLive}, ended) {
    const end = ended ? state.end : null;
    this._hide("reason", !end);
    this._write("reason", end ? sentenceFor(end, state) : "");
    this._hide("again", !(end && end.retryable));
    this._hide("rating", !(end && wasLive));
  }

  /** @param {string} name */
  _button(name) {
    return /** @type {HTMLButtonElement} */ (part(this._panel, name));
  }

  /** @param {string} name @param {boolean} hidden */
  _hide(name, hidden) {
    part(this._panel, name).hidden = hidden;
  }

  /** @param {string} name @param {string} text */
  _write(name, text) {
    const element = part(this._panel, name);
    if (element.textContent !== text) {
      element.textContent = text;
    }
  }
}
