/** Properties that were set on an element before its class was there: elements are loaded on first use. */

/**
 * Hand what was set early to the setters of the class. Call in `connectedCallback`, first of all.
 * @param {HTMLElement} element
 * @param {string[]} names
 */
export const takeEarlyProperties = (element, names) => {
  for (const name of names) {
    if (Object.prototype.hasOwnProperty.call(element, name)) {
      const value = Reflect.get(element, name);
      Reflect.deleteProperty(element, name);
      Reflect.set(element, name, value);
    }
  }
};
