/** The fields of the settings page: what a person chose in one of them, and what is stored. */

/** @typedef {HTMLInputElement | HTMLSelectElement} Field */

export class PreferenceForm {
  /** @param {HTMLFormElement} form as the server wrote it: with what is stored */
  constructor(form) {
    this._form = form;
    /** What each field shows for what is stored, by name. @type {Map<string, string>} */
    this._stored = new Map();
    this._fields().forEach((field) => {
      if (isStored(field)) {
        this._stored.set(field.name, written(field));
      }
    });
  }

  /** What was chosen, as the API takes it: null takes a choice back. @param {Field} field */
  choice({name, value, type}) {
    return {[name]: type === "range" ? Number(value) : value.trim() || null};
  }

  /** Remember what was saved. @param {Record<string, string | number | null>} changes */
  keep(changes) {
    Object.entries(changes).forEach(([name, value]) => this._stored.set(name, value === null ? "" : String(value)));
  }

  /** Show again what is stored. @param {string[]} names */
  restore(names) {
    this._fields().forEach((field) => {
      const stored = this._stored.get(field.name);
      if (stored === undefined || !names.includes(field.name)) {
        return;
      }
      if (isRadio(field)) {
        /** @type {HTMLInputElement} */ (field).checked = field.value === stored;
      } else {
        field.value = stored;
      }
    });
  }

  /** @returns {Field[]} */
  _fields() {
    const fields = /** @type {Field[]} */ (Array.from(this._form.elements));
    return fields.filter(({name}) => name);
  }
}

/** @param {Field} field */
const isRadio = (field) => field.type === "radio";

/** Of several buttons the one that the server marked; a browser may show another when it comes back to a page. @param {Field} field */
const isStored = (field) => !isRadio(field) || /** @type {HTMLInputElement} */ (field).defaultChecked;

/** What the server wrote into it. @param {Field} field */
const written = (field) => {
  if ("options" in field) {
    const chosen = Array.from(field.options).find(({defaultSelected}) => defaultSelected) || field.options[0];
    return chosen ? chosen.value : "";
  }
  return isRadio(field) ? field.value : field.defaultValue;
};
