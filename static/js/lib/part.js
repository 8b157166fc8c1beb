/** Finding the named parts of an element's markup, which the templates write as `data-part`. */

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
