/** How loud both sides were over the last seconds, bar by bar. Pure; nothing is allocated while it runs. */

/** Speech is quiet in numbers: this lifts it to what the eye expects. */
const LIFT = 1.15;

/** What is shown of less than this is silence: a room is never quite still. */
const SILENCE = 0.06;

/** The height of a bar, 0 to 1, for a loudness of 0 to 1. @param {number} level */
export const heightOf = (level) => {
  const lifted = Math.min(1, Math.sqrt(Math.max(0, level)) * LIFT);
  return lifted < SILENCE ? 0 : lifted;
};

/** A ring of bars, the oldest of which makes room for the newest. */
export class LevelHistory {
  /** @param {number} capacity bars that are remembered */
  constructor(capacity) {
    this._assistant = new Float32Array(capacity);
    this._user = new Float32Array(capacity);
    this._newest = 0;
    this._silentBars = capacity;
  }

  get capacity() {
    return this._user.length;
  }

  /** How many bars of silence came since the last sound. */
  get silentBars() {
    return this._silentBars;
  }

  clear() {
    this._assistant.fill(0);
    this._user.fill(0);
    this._silentBars = this.capacity;
  }

  /** One more bar. @param {number} assistant loudness, 0 to 1 @param {number} user loudness, 0 to 1 */
  add(assistant, user) {
    this._newest = (this._newest + 1) % this.capacity;
    this._assistant[this._newest] = heightOf(assistant);
    this._user[this._newest] = heightOf(user);
    const isSilent = this._assistant[this._newest] === 0 && this._user[this._newest] === 0;
    this._silentBars = isSilent ? Math.min(this.capacity, this._silentBars + 1) : 0;
  }

  /** Height of the assistant's bar of this age, 0 to 1. @param {number} age in bars, 0 the newest */
  assistant(age) {
    return this._assistant[this._indexOf(age)];
  }

  /** Height of the person's bar of this age, 0 to 1. @param {number} age in bars, 0 the newest */
  user(age) {
    return this._user[this._indexOf(age)];
  }

  /** @param {number} age */
  _indexOf(age) {
    return (this._newest - age + this.capacity) % this.capacity;
  }
}
