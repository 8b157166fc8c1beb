// Who answers, by a name that promises nothing.

import assert from "node:assert/strict";
import {afterEach, test} from "node:test";

import {honestLabel} from "../../static/js/lib/honest-label.js";
import {learn} from "../../static/js/lib/words.js";

afterEach(() => learn({}));

test("a language model is called by its own name", () => {
  assert.equal(honestLabel({label: "OpenAI gpt-realtime", is_language_model: true}), "OpenAI gpt-realtime");
});

test("what is no language model says so, once", () => {
  assert.equal(honestLabel({label: "Parrot", is_language_model: false}), "Parrot (no language model)");
  const built = "Built-in responder (no language model)";
  assert.equal(honestLabel({label: built, is_language_model: false}), built);
});

test("in another language our own name is translated, and a product's is not", () => {
  learn({
    "Built-in responder (no language model)": "Eingebaut (kein Sprachmodell)",
    "{label} (no language model)": "{label} (kein Sprachmodell)",
  });
  const named = (label, is_language_model) => honestLabel({label, is_language_model});
  assert.equal(named("Built-in responder (no language model)", false), "Eingebaut (kein Sprachmodell)");
  assert.equal(named("Parrot", false), "Parrot (kein Sprachmodell)");
  assert.equal(named("OpenAI gpt-realtime", true), "OpenAI gpt-realtime");
});
