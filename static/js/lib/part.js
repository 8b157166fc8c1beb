/** Finding and filling the named parts of an element's markup, which the templates write as `data-part`. */

/**
 * The part called `name` inside `root`. Throws when the template has none.
 * @param {ParentNode} root
 * @param {string} name
 * @returns {HTMLElement}
 */
export const part = (root, name) => {
  const found = root.querySelector(`[data-part="${name}"]`);
  if (!found) {
    throw new Error(`The markup has no part "${name}".`);
  }
  return /** @type {HTMLElement} */ (found);
};

/**
 * A fresh copy of the one element in the page's `<template>` with this id.
 * @param {string} templateId
 * @returns {HTMLElement}
 */
export const copyOf = (templateId) => {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(templateId));
  const content = /** @type {Element} */ (template.content.firstElementChild);
  return /** @type {HTMLElement} */ (document.importNode(content, true));
};

/**
 * Write `text` into an element that holds nothing else; what already stands there is not touched.
 * @param {HTMLElement} element
 * @param {string} text
 */
export const write = (element, text) => {
  if (element.textContent !== text) {
    element.textContent = text;
  }
};
