/** The switch that lets this browser write states and figures to its console. */

import {isDebugging, switchDebugging} from "../lib/debug-switch.js";
import {part} from "../lib/part.js";
import {gettext} from "../lib/words.js";

export class DebugChoice {
  /** @param {Document} root @param {{onSwitch: (on: boolean) => void}} listener */
  constructor(root, {onSwitch}) {
    this._onSwitch = onSwitch;
    this._switch = /** @type {HTMLInputElement} */ (part(root, "debug"));
    this._told = part(root, "debug-told");
  }

  begin() {
    this._switch.checked = isDebugging();
    this._switch.disabled = false;
    this._switch.addEventListener("change", () => this._heed(this._switch.checked));
  }

  /** @param {boolean} on */
  _heed(on) {
    const isKept = switchDebugging(on);
    this._switch.checked = on && isKept;
    this._onSwitch(on && isKept);
    this._told.textContent = sentence(on, isKept);
  }
}

/** @param {boolean} on @param {boolean} isKept */
const sentence = (on, isKept) => {
  if (!isKept) {
    return gettext("This browser stores nothing for this site, so the switch stays off. Leave the private window, or allow site data.");
  }
  return on
    ? gettext("On. Open the console of the browser (F12) and start voice mode, here or in a conversation.")
    : gettext("Off. Nothing is written any more.");
};
