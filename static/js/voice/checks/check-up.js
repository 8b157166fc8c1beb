/** The whole check: first this device, then the server; in the end everything is let go of. */

import {DeviceChecks} from "./device-checks.js";
import {Examination} from "./examination.js";
import {ServerChecks} from "./server-checks.js";

/** @typedef {import("./device-checks.js").DeviceMeans & import("./server-checks.js").ServerMeans} Means what it touches */

export class CheckUp {
  /** Call inside the person's gesture: the browser lets no other sound begin. @param {Means} means */
  constructor(means) {
    this._device = new DeviceChecks(means);
    this._server = new ServerChecks(means, this._device);
    this.examination = new Examination([...this._device.checks, ...this._server.checks]);
  }

  /** Make all checks. False when it was stopped. */
  async run() {
    try {
      return await this.examination.run();
    } finally {
      this._release();
    }
  }

  stop() {
    this.examination.stop();
    this._release();
  }

  _release() {
    this._server.release();
    this._device.release();
  }
}
