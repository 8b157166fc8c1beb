/** The moments at which a network may be there again: the browser says so, or somebody looks at the page again. */

export class Wakeups {
  /** @param {() => void} act @returns {() => void} stops listening */
  listen(act) {
    if (typeof window === "undefined") {
      return () => {};
    }
    const onVisible = () => document.visibilityState === "visible" && act();
    window.addEventListener("online", act);
    document.addEventListener("visibilitychange", onVisible);
    return () => {
      window.removeEventListener("online", act);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }
}
