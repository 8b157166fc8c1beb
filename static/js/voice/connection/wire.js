/** The socket in its `voiceassist.v1` dress: JSON events in text frames, PCM16 in binary ones. */

/**
 * @typedef {object} WireListener
 * @property {() => void} [onOpen] from now on what is sent goes
 * @property {(event: any) => void} onEvent
 * @property {(pcm: ArrayBuffer) => void} onAudio
 * @property {(closed: {code: number, reason: string}) => void} onClosed
 */

/** @typedef {{url: string, model: string, api_key: string}} WireConfig */

const CONNECTING = 0;
const OPEN = 1;

export class Wire {
  /**
   * Opens at once.
   * @param {WireConfig} config
   * @param {WireListener} listener
   * @param {new (url: string, protocols: string[]) => any} [Socket]
   */
  constructor(config, listener, Socket = WebSocket) {
    const joint = config.url.includes("?") ? "&" : "?";
    this._socket = new Socket(`${config.url}${joint}model=${encodeURIComponent(config.model)}`, [
      "voiceassist.v1",
      "realtime",
      `openai-insecure-api-key.${config.api_key}`,
    ]);
    this._socket.binaryType = "arraybuffer";
    this._socket.onopen = () => listener.onOpen && listener.onOpen();
    this._socket.onmessage = (/** @type {MessageEvent} */ {data}) => {
      if (typeof data === "string") {
        const event = parse(data);
        if (event) {
          listener.onEvent(event);
        }
      } else {
        listener.onAudio(data);
      }
    };
    this._socket.onclose = (/** @type {CloseEvent} */ {code, reason}) => listener.onClosed({code, reason});
  }

  get isOpen() {
    return this._socket.readyState === OPEN;
  }

  /** Bytes handed over that the network has not taken yet. @returns {number} */
  get waiting() {
    return this._socket.bufferedAmount || 0;
  }

  /** @param {{type: string, [field: string]: any}} event */
  send(event) {
    if (this.isOpen) {
      this._socket.send(JSON.stringify(event));
    }
  }

  /** @param {ArrayBuffer} pcm */
  sendAudio(pcm) {
    if (this.isOpen) {
      this._socket.send(pcm);
    }
  }

  /** @param {number} [code] 1000 leaves the session; with another one the server waits for its client */
  close(code = 1000) {
    if (this._socket.readyState === CONNECTING) {
      // Browsers complain of a socket that is closed before it is open.
      this._socket.onopen = () => this._socket.close(code);
    } else {
      this._socket.close(code);
    }
  }
}

/** @param {string} text @returns {any} the event, or null for what is none */
const parse = (text) => {
  try {
    const event = JSON.parse(text);
    return event && typeof event.type === "string" ? event : null;
  } catch (error) {
    return null;
  }
};
