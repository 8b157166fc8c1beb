/** A word to the other tabs of this browser that something changed. Silent where there is no BroadcastChannel. */

export class Tabs {
  /** @param {string} name @param {(message: any) => void} onMessage */
  constructor(name, onMessage) {
    this._channel = typeof BroadcastChannel === "function" ? new BroadcastChannel(name) : null;
    if (this._channel) {
      this._channel.onmessage = ({data}) => onMessage(data);
    }
  }

  /** @param {any} message */
  tell(message) {
    if (this._channel) {
      this._channel.postMessage(message);
    }
  }
}
