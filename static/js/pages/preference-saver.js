/** Saves what is chosen, one request after another, the latest choice of each kind. */

export class PreferenceSaver {
  /**
   * @param {(changes: Record<string, any>) => Promise<any>} save rejects with what kept it from being saved
   * @param {object} listener
   * @param {() => void} listener.onSaving
   * @param {() => void} listener.onSaved
   * @param {(names: string[]) => void} listener.onRefused told when the rest is saved: these cannot be chosen, and are forgotten
   * @param {(error: any) => void} listener.onFailed nothing is forgotten: it can be tried again
   */
  constructor(save, listener) {
    this._save = save;
    this._listener = listener;
    /** @type {Record<string, any>} */
    this._waiting = {};
    /** @type {Set<string>} */
    this._refused = new Set();
    this._isSaving = false;
  }

  /** Whether something chosen is not saved. */
  get isUnsaved() {
    return this._isSaving || Object.keys(this._waiting).length > 0;
  }

  /** @param {Record<string, any>} changes by name; null takes a choice back */
  choose(changes) {
    Object.assign(this._waiting, changes);
    return this.retry();
  }

  /** Try what could not be saved once more. Never rejects: the listener is told. */
  async retry() {
    if (this._isSaving) {
      return;
    }
    this._isSaving = true;
    this._listener.onSaving();
    try {
      await this._saveAll();
    } catch (error) {
      this._isSaving = false;
      this._listener.onFailed(error);
      return;
    }
    this._isSaving = false;
    this._tell();
  }

  _tell() {
    const refused = [...this._refused];
    this._refused.clear();
    if (refused.length > 0) {
      this._listener.onRefused(refused);
    } else {
      this._listener.onSaved();
    }
  }

  async _saveAll() {
    while (Object.keys(this._waiting).length > 0) {
      const changes = this._waiting;
      this._waiting = {};
      try {
        await this._save(changes);
        Object.keys(changes).forEach((name) => this._refused.delete(name));
      } catch (error) {
        const refused = refusedIn(changes, error);
        refused.forEach((name) => this._refused.add(name));
        const rest = Object.entries(changes).filter(([name]) => !refused.includes(name));
        // What was chosen meanwhile is newer.
        this._waiting = {...Object.fromEntries(rest), ...this._waiting};
        if (refused.length === 0) {
          throw error;
        }
      }
    }
  }
}

/**
 * What would be refused again however often it is sent; all of it where the refusal names nothing.
 * @param {Record<string, any>} changes
 * @param {any} error
 */
const refusedIn = (changes, error) => {
  if (!error || error.code !== "invalid") {
    return [];
  }
  const names = Object.keys(changes);
  const named = names.filter((name) => name in (error.fields || {}));
  return named.length > 0 ? named : names;
};
