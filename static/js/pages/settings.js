/** The settings page: composes its elements and the API. */

import {ApiClient} from "../api/client.js";
import "../elements/device-settings.js";
import "../elements/voice-preview.js";
import {DeviceChoices} from "../lib/device-choices.js";
import {SettingsPage} from "./settings-page.js";

const config = JSON.parse(/** @type {HTMLElement} */ (document.getElementById("page-config")).textContent || "{}");
const devices = new DeviceChoices();

document.querySelectorAll("device-settings").forEach((element) => {
  /** @type {import("../elements/device-settings.js").DeviceSettings} */ (element).devices = devices;
});
new SettingsPage(document, config, new ApiClient(config), devices).begin();
