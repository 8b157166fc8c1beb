/** What cannot be had is not left standing as if it were: the fields show what is stored. */

import assert from "node:assert/strict";
import {test} from "node:test";

import {PreferenceForm} from "../../static/js/pages/preference-form.js";

const radio = (name, value, isChosen) => ({name, type: "radio", value, checked: isChosen, defaultChecked: isChosen});

/** A form as the server wrote it: cedar, at 1.0, in German. */
const form = () => {
  const options = ["", "de", "fr"].map((value) => ({value, defaultSelected: value === "de"}));
  const elements = {
    token: {name: "csrfmiddlewaretoken", type: "hidden", value: "secret", defaultValue: "secret"},
    marin: radio("voice", "marin", false),
    cedar: radio("voice", "cedar", true),
    speed: {name: "speed", type: "range", value: "1.0", defaultValue: "1.0"},
    language: {name: "language", type: "select-one", value: "de", options},
    button: {name: "", type: "submit", value: ""},
  };
  return {elements, fields: new PreferenceForm({elements: Object.values(elements)})};
};

const choose = ({marin, cedar, speed, language}) => {
  [marin.checked, cedar.checked, speed.value, language.value] = [true, false, "1.25", "fr"];
};

const shown = ({marin, cedar, speed, language}) => [marin.checked, cedar.checked, speed.value, language.value];

test("a choice is told as the API takes it", () => {
  const {elements, fields} = form();
  assert.deepEqual(fields.choice(elements.speed), {speed: 1});
  assert.deepEqual(fields.choice(elements.cedar), {voice: "cedar"});
  assert.deepEqual(fields.choice({name: "voice", type: "text", value: "  "}), {voice: null});
});

test("what is named shows again what the server wrote, and nothing else changes", () => {
  const {elements, fields} = form();
  choose(elements);
  fields.restore(["voice"]);
  assert.deepEqual(shown(elements), [false, true, "1.25", "fr"]);
  fields.restore(["speed", "language"]);
  assert.deepEqual(shown(elements), [false, true, "1.0", "de"]);
});

test("what was saved meanwhile counts instead", () => {
  const {elements, fields} = form();
  fields.keep({voice: "marin", speed: 1.1, language: null});
  choose(elements);
  fields.restore(["voice", "speed", "language"]);
  assert.deepEqual(shown(elements), [true, false, "1.1", ""]);
});

test("a browser that comes back with another choice on the page does not pass for the server", () => {
  const {elements} = form();
  choose(elements);
  const fields = new PreferenceForm({elements: Object.values(elements)});
  fields.restore(["voice", "speed", "language"]);
  assert.deepEqual(shown(elements), [false, true, "1.0", "de"]);
});
