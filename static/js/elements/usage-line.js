/** What talking here has cost so far: a few words, and the figures behind them for whoever opens them. */

import {copyOf, part} from "../lib/part.js";
import {count, money, seconds} from "../lib/figures.js";
import {gettext, gettextNoop, pageLocale} from "../lib/words.js";

/** @typedef {import("../voice/vocabulary.js").Usage} Usage */

const ESTIMATED = gettextNoop("An estimate from this server's price list, since this page was opened. What the provider bills is what counts.");
const UNPRICED = gettextNoop("Counted since this page was opened. This server's price list does not cover it, so there is no estimate.");

/** @param {Usage} usage */
const inWords = ({cost, tokens}) =>
  cost
    ? gettext("about {amount} so far", {amount: money(cost.amount, cost.currency, pageLocale())})
    : gettext("{count} tokens so far", {count: counted(tokens)});

/** @param {number} tokens */
const counted = (tokens) => count(tokens, pageLocale());

/** Hidden until there is something to show. */
export class UsageLine extends HTMLElement {
  connectedCallback() {
    const figures = part(this, "figures");
    part(this, "figures-button").addEventListener("click", (event) => {
      figures.hidden = !figures.hidden;
      /** @type {HTMLElement} */ (event.currentTarget).setAttribute("aria-expanded", String(!figures.hidden));
    });
  }

  /** @param {Usage} usage */
  show(usage) {
    const rows = [
      [gettext("Sound"), usage.parts.audio],
      [gettext("Text"), usage.parts.text],
    ];
    this.hidden = usage.tokens === 0 && usage.cost === null;
    part(this, "words").textContent = inWords(usage);
    part(this, "explanation").textContent = gettext(usage.cost ? ESTIMATED : UNPRICED);
    part(this, "rows").textContent = "";
    for (const [name, {input, cached, output}] of /** @type {[string, Usage["parts"]["audio"]][]} */ (rows)) {
      const row = copyOf("usage-row");
      part(row, "name").textContent = name;
      part(row, "input").textContent = counted(input);
      part(row, "cached").textContent = counted(cached);
      part(row, "output").textContent = counted(output);
      part(this, "rows").appendChild(row);
    }
    this._showTranscription(usage.transcription);
  }

  /** @param {Usage["transcription"]} transcription */
  _showTranscription(transcription) {
    const amounts = [];
    if (transcription.seconds > 0) {
      amounts.push(seconds(transcription.seconds));
    }
    if (transcription.tokens > 0) {
      amounts.push(gettext("{count} tokens", {count: counted(transcription.tokens)}));
    }
    const line = part(this, "transcription");
    line.hidden = amounts.length === 0;
    line.textContent = gettext("Writing down what you said: {amounts}.", {amounts: amounts.join(gettext(" and "))});
  }
}

customElements.define("usage-line", UsageLine);
