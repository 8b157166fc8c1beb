/** The voice test page: composes the check, the place to talk, the devices and the debug switch. */

import {ApiClient} from "../api/client.js";
import "../elements/check-list.js";
import "../elements/device-settings.js";
import "../elements/message-thread.js";
import {DeviceChoices} from "../lib/device-choices.js";
import {DebugChoice} from "./debug-choice.js";
import {TalkingPlace} from "./talking-place.js";
import {TroubleSections} from "./trouble-sections.js";
import {VoiceTestPage} from "./voice-test-page.js";

const config = JSON.parse(/** @type {HTMLElement} */ (document.getElementById("page-config")).textContent || "{}");
const api = new ApiClient(config);
const devices = new DeviceChoices();

const settings = /** @type {import("../elements/device-settings.js").DeviceSettings} */ (document.querySelector("device-settings"));
settings.devices = devices;
const onAllowed = () => settings.refresh();

// Of the two that take sound and microphone, the one that begins ends the other.
/** @type {TalkingPlace | null} */
const place = config.enabled ? new TalkingPlace(document, {config, api, devices, onAllowed, onBegin: () => test.stop()}) : null;
const troubles = new TroubleSections(document);
const onFailed = (/** @type {string} */ section) => troubles.open(section);
const test = new VoiceTestPage(document, {config, api, devices, onAllowed, onFailed, onBegin: () => place && place.end()});
troubles.begin();
test.begin();
if (place) {
  place.begin();
}
new DebugChoice(document, {onSwitch: (on) => place && place.debug(on)}).begin();
