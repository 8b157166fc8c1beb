/** Who answers, as it is shown; where that is no language model, it is said. realtime/pages/wiring.py has the same. */

import {gettext, gettextNoop} from "./words.js";

/** The one name that means something in every language; all others are products'. */
export const NAMED_BY_US = gettextNoop("Built-in responder (no language model)");

/** @param {{label: string, is_language_model: boolean}} provider what the server says of who answers */
export const honestLabel = ({label, is_language_model}) =>
  is_language_model || label.toLowerCase().includes("no language model")
    ? gettext(label)
    : gettext("{label} (no language model)", {label});
