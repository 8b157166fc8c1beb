/** Keeping the focus, and whoever listens to the page, inside one part of it for a while. */

const FOCUSABLE = 'a[href], button, input, select, textarea, summary, [tabindex]:not([tabindex="-1"])';

/**
 * What can be reached by Tab inside `root`, in order.
 * @param {HTMLElement} root
 * @returns {HTMLElement[]}
 */
export const reachable = (root) =>
  /** @type {HTMLElement[]} */ (Array.from(root.querySelectorAll(FOCUSABLE))).filter(
    (element) =>
      !element.matches(":disabled") &&
      element.getClientRects().length > 0 &&
      // What is folded away has a box in some browsers.
      (!element.closest("details:not([open])") || element.matches("summary")),
  );

/** Everything beside `root` and beside what holds it. @param {HTMLElement} root @param {Element[]} except */
const surroundings = (root, except) => {
  /** @type {Element[]} */
  const found = [];
  for (let inner = root; inner.parentElement && inner !== document.body; inner = inner.parentElement) {
    for (const beside of Array.from(inner.parentElement.children)) {
      if (beside !== inner && !except.includes(beside) && !beside.matches("script, template, [aria-hidden]")) {
        found.push(beside);
      }
    }
  }
  return found;
};

/**
 * Until the returned function is called, everything but `root` is out of reach: for a screen reader by `aria-hidden`,
 * for the rest by `inert`, and where a browser does not know that, by bringing the focus back.
 * @param {HTMLElement} root
 * @param {Element[]} [except] what may still be pressed
 * @returns {() => void}
 */
export const isolate = (root, except = []) => {
  const hidden = surroundings(root, except);
  hidden.forEach((element) => {
    element.setAttribute("aria-hidden", "true");
    element.setAttribute("inert", "");
  });
  const onKey = (/** @type {KeyboardEvent} */ event) => event.key === "Tab" && turnAround(root, event);
  const onFocus = (/** @type {FocusEvent} */ event) => {
    if (![root, ...except].some((inside) => inside.contains(/** @type {Node} */ (event.target)))) {
      (reachable(root)[0] || root).focus();
    }
  };
  root.addEventListener("keydown", onKey);
  document.addEventListener("focusin", onFocus);
  return () => {
    root.removeEventListener("keydown", onKey);
    document.removeEventListener("focusin", onFocus);
    hidden.forEach((element) => {
      element.removeAttribute("aria-hidden");
      element.removeAttribute("inert");
    });
  };
};

/** At either end, Tab goes on at the other. @param {HTMLElement} root @param {KeyboardEvent} event */
const turnAround = (root, event) => {
  const order = reachable(root);
  const last = order[order.length - 1];
  const [from, to] = event.shiftKey ? [order[0], last] : [last, order[0]];
  if (order.length === 0) {
    event.preventDefault();
  } else if (document.activeElement === from || !root.contains(document.activeElement)) {
    event.preventDefault();
    to.focus();
  }
};
