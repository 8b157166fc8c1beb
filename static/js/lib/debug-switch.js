/** Whether this browser writes connection states and figures to its console. Kept by the browser, never sent anywhere. */

const KEY = "voiceassist.debug";

/** Private windows and strict settings refuse it. @returns {Storage | null} */
const ownStore = () => {
  try {
    return window.localStorage;
  } catch (error) {
    return null;
  }
};

/** @param {Pick<Storage, "getItem"> | null} [store] */
export const isDebugging = (store = ownStore()) => {
  try {
    return store !== null && store.getItem(KEY) === "on";
  } catch (error) {
    return false;
  }
};

/**
 * Whether it is kept, in this browser, from now on.
 * @param {boolean} on
 * @param {Pick<Storage, "setItem" | "removeItem"> | null} [store]
 */
export const switchDebugging = (on, store = ownStore()) => {
  try {
    if (store === null) {
      return false;
    }
    if (on) {
      store.setItem(KEY, "on");
    } else {
      store.removeItem(KEY);
    }
    return true;
  } catch (error) {
    return false;
  }
};
