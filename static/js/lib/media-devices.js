/** The microphones and speakers of this machine, and whether the browser lets one choose among the latter. */

/** @typedef {{id: string, label: string}} Device `label` is empty until the microphone was allowed once */

/** Dispatches `change` whenever one was plugged in or out, or got its name; `close` when it is not needed any more. */
export class MediaDevicesList extends EventTarget {
  /** @param {MediaDevices | undefined} [source] the browser's own; undefined where pages are not given any */
  constructor(source = typeof navigator === "undefined" ? undefined : navigator.mediaDevices) {
    super();
    this._source = source && "enumerateDevices" in source ? source : undefined;
    /** @type {Device[]} */
    this._microphones = [];
    /** @type {Device[]} */
    this._speakers = [];
    this._onChange = () => this.refresh();
    if (this._source) {
      this._source.addEventListener("devicechange", this._onChange);
    }
  }

  /** Without the system's own choice, which is everybody's first. @returns {Device[]} */
  get microphones() {
    return this._microphones;
  }

  /** @returns {Device[]} */
  get speakers() {
    return this._speakers;
  }

  /** Whether the browser tells the names; it does once the microphone was allowed. */
  get hasLabels() {
    return this._microphones.some(({label}) => label !== "");
  }

  /** Ask the browser again. Never rejects: where it refuses, the lists stay as they are. */
  async refresh() {
    if (!this._source) {
      return;
    }
    try {
      const devices = await this._source.enumerateDevices();
      this._microphones = listOf(devices, "audioinput");
      this._speakers = listOf(devices, "audiooutput");
    } catch (error) {
      return;
    }
    this.dispatchEvent(new CustomEvent("change"));
  }

  close() {
    if (this._source) {
      this._source.removeEventListener("devicechange", this._onChange);
    }
  }
}

/** Chromium lists the system's own choice once more under these names. */
const ALIASES = new Set(["", "default", "communications"]);

/** @param {MediaDeviceInfo[]} devices @param {string} kind @returns {Device[]} */
const listOf = (devices, kind) =>
  devices
    .filter((device) => device.kind === kind && !ALIASES.has(device.deviceId))
    .map(({deviceId, label}) => ({id: deviceId, label}));

/** Whether sound can be sent to another speaker than the system's own. */
export const canChooseSpeaker = () => contextChooses() || elementsChoose();

/** Chrome from 110 on. */
const contextChooses = () => typeof AudioContext !== "undefined" && "setSinkId" in AudioContext.prototype;

/** Chrome from 49 on, Firefox from 116 on. */
const elementsChoose = () => typeof HTMLMediaElement !== "undefined" && "setSinkId" in HTMLMediaElement.prototype;
