/** How high something that opens in the dock may become: as high as the thread above can spare. */

/** So much of the thread stays in sight, in CSS pixels; the dock's sheet says the same. */
const THREAD_PX = 120;
/** With less than this nothing can be read or chosen; then the page scrolls. */
const LEAST_PX = 96;
const ROOM = "--spare-room";

/** Tells an element's style, as `--spare-room`, while that is shown: whatever else comes and goes around it. */
export class SpareRoom {
  /** @param {HTMLElement} element that scrolls when it is higher than its room */
  constructor(element) {
    this._element = element;
    this._frame = 0;
    // A change of size in the middle of telling sizes would be told again: the next frame is early enough.
    this._observer = new ResizeObserver(() => {
      cancelAnimationFrame(this._frame);
      this._frame = requestAnimationFrame(() => this._fit());
    });
  }

  /** From now on. Where there is no thread there is nothing to spare, and the sheet decides. */
  keep() {
    const thread = this._thread;
    const around = this._element.closest(".foot");
    if (thread && around) {
      this._fit();
      this._observer.observe(thread);
      this._observer.observe(around);
    }
  }

  leave() {
    cancelAnimationFrame(this._frame);
    this._observer.disconnect();
    this._element.style.removeProperty(ROOM);
  }

  _fit() {
    const thread = this._thread;
    const page = thread && thread.parentElement;
    if (thread && page) {
      const missing = page.scrollHeight - page.clientHeight;
      const room = this._element.offsetHeight + thread.clientHeight - THREAD_PX - missing;
      this._element.style.setProperty(ROOM, `${Math.max(LEAST_PX, room)}px`);
    }
  }

  get _thread() {
    return /** @type {HTMLElement | null} */ (document.querySelector("[data-scroller]"));
  }
}
