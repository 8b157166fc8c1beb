/** Keeps the screen on while somebody speaks: phones that lock take the microphone away. */

export class WakeLock {
  /** @param {Navigator} [browser] @param {Document} [page] */
  constructor(browser = navigator, page = document) {
    this._browser = browser;
    this._page = page;
    this._held = false;
    /** @type {WakeLockSentinel | null} */
    this._lock = null;
    // The browser takes it back whenever the page is out of sight.
    this._onVisible = () => this._ask();
  }

  hold() {
    if (!this._held && "wakeLock" in this._browser) {
      this._held = true;
      this._page.addEventListener("visibilitychange", this._onVisible);
      this._ask();
    }
  }

  release() {
    this._held = false;
    this._page.removeEventListener("visibilitychange", this._onVisible);
    this._let(this._lock);
    this._lock = null;
  }

  async _ask() {
    if (this._page.visibilityState !== "visible") {
      return;
    }
    try {
      const lock = await this._browser.wakeLock.request("screen");
      this._let(this._lock);
      this._lock = this._held ? lock : null;
      if (!this._held) {
        this._let(lock);
      }
    } catch (error) {
      // Refused when the battery is low; the conversation goes on until the screen locks.
      return;
    }
  }

  /** @param {WakeLockSentinel | null} lock */
  _let(lock) {
    if (lock) {
      lock.release().catch(() => undefined);
    }
  }
}
