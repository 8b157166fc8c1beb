/** Carries what the person chose, and what is plugged in and out, to the microphone and the speaker of a voice session. */

import {MediaDevicesList} from "../../lib/media-devices.js";

/** @typedef {import("../../lib/device-choices.js").DeviceChoices} DeviceChoices */
/** @typedef {import("../../lib/device-choices.js").Devices} Devices */

export class DeviceKeeper {
  /**
   * @param {DeviceChoices} choices
   * @param {{microphone: import("./microphone.js").Microphone | null, speaker: import("./speaker.js").Speaker}} ends
   * @param {(devices: Devices) => void} onChosen
   */
  constructor(choices, {microphone, speaker}, onChosen) {
    this._choices = choices;
    this._microphone = microphone;
    this._speaker = speaker;
    this._onChosen = onChosen;
    this._list = new MediaDevicesList();
    this._onChoice = () => this._heed();
    this._onList = () => this._look();
    choices.addEventListener("change", this._onChoice);
    this._list.addEventListener("change", this._onList);
    this._heed();
  }

  close() {
    this._choices.removeEventListener("change", this._onChoice);
    this._list.removeEventListener("change", this._onList);
    this._list.close();
  }

  _heed() {
    const chosen = this._choices.current;
    this._speaker.volume = chosen.volume;
    this._speaker.use(chosen.speaker);
    if (this._microphone) {
      this._microphone.wish(wishOf(chosen));
    }
    this._onChosen(chosen);
  }

  _look() {
    this._speaker.look(this._list.speakers.map(({id}) => id));
    if (this._microphone) {
      this._microphone.look(this._list.microphones.map(({id}) => id));
    }
  }
}

/** @param {Devices} devices @returns {import("./microphone-access.js").MicrophoneWish} */
export const wishOf = ({microphone, noiseSuppression}) => ({device: microphone, noiseSuppression});
