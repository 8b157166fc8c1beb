/** Tables of what is done for which event: what the elements of a page ask for, and what a session tells. */

/**
 * From now on each type of event of `target` is answered by its entry, which is given the event's detail.
 * @param {EventTarget} target
 * @param {Record<string, (detail: any) => unknown>} acts
 */
export const heed = (target, acts) => {
  for (const [type, act] of Object.entries(acts)) {
    target.addEventListener(type, (event) => act(/** @type {CustomEvent} */ (event).detail || {}));
  }
};
