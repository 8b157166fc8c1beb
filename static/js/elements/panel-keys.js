/** The keys of voice mode: Space mutes or is held to talk, Escape ends. Never stolen from who has a use for them. */

/** What does something of its own with Space. */
const USES_SPACE =
  "input, textarea, select, button, a, summary, [contenteditable], [role=button], [role=switch], [role=tab], [role=menuitem], dialog";

/** What does something of its own with Escape. A button does not: whoever is on one can still end by it. */
const USES_ESCAPE = "input, textarea, select, [contenteditable], dialog, [role=dialog], [role=menu]";

/**
 * @typedef {object} KeyActions
 * @property {() => void} space pressed, once however long it is held
 * @property {() => void} spaceReleased
 * @property {() => void} escape
 */

/** @param {KeyboardEvent} event @param {string} users */
const isForOthers = (event, users) =>
  event.target instanceof Element && event.target !== document.body && event.target.closest(users) !== null;

/** @param {KeyboardEvent} event */
const hasModifier = (event) => event.ctrlKey || event.altKey || event.metaKey || event.shiftKey;

/** Listens to the whole page while it is on. */
export class PanelKeys {
  /** @param {KeyActions} actions */
  constructor(actions) {
    this._actions = actions;
    this._onDown = (/** @type {KeyboardEvent} */ event) => this._down(event);
    this._onUp = (/** @type {KeyboardEvent} */ event) => event.key === " " && this._actions.spaceReleased();
  }

  listen() {
    document.addEventListener("keydown", this._onDown);
    document.addEventListener("keyup", this._onUp);
  }

  rest() {
    document.removeEventListener("keydown", this._onDown);
    document.removeEventListener("keyup", this._onUp);
  }

  /** @param {KeyboardEvent} event */
  _down(event) {
    // What composes characters has a use for every key.
    if (event.defaultPrevented || event.isComposing || hasModifier(event)) {
      return;
    }
    if (event.key === " " && !isForOthers(event, USES_SPACE)) {
      // It would scroll the page.
      event.preventDefault();
      if (!event.repeat) {
        this._actions.space();
      }
    } else if (event.key === "Escape" && !event.repeat && !isForOthers(event, USES_ESCAPE)) {
      this._actions.escape();
    }
  }
}
