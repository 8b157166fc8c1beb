/** The sections on what goes wrong: closed until one of them is wanted. */

export class TroubleSections {
  /** @param {Document} root */
  constructor(root) {
    this._root = root;
  }

  begin() {
    window.addEventListener("hashchange", () => this._openLinked());
    // The same link a second time changes no address.
    this._root.addEventListener("click", ({target}) => this._openFor(/** @type {Element} */ (target).closest("a")));
    this._openLinked();
  }

  /** Open what says more on a failed check, so that it can be read on. @param {string} id of the section, or empty */
  open(id) {
    const section = id ? this._root.getElementById(id) : null;
    if (section instanceof HTMLDetailsElement) {
      section.open = true;
    }
    return section;
  }

  _openLinked() {
    this._lead(window.location.hash.slice(1));
  }

  /** @param {HTMLAnchorElement | null} link */
  _openFor(link) {
    if (link && link.hash && link.hash === window.location.hash) {
      this._lead(link.hash.slice(1));
    }
  }

  /** Whoever works with the keyboard is led there too. @param {string} id */
  _lead(id) {
    const section = this.open(id);
    const summary = section instanceof HTMLDetailsElement ? section.querySelector("summary") : null;
    if (section && summary) {
      section.scrollIntoView();
      summary.focus({preventScroll: true});
    }
  }
}
