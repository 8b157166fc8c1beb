import assert from "node:assert/strict";
import {test} from "node:test";

import {Problem, troubleOf} from "../../static/js/voice/problem.js";

test("a problem is told with its code, its sentence and whether trying again can help", () => {
  const problem = new Problem("insecure_context", {retryable: false});
  assert.deepEqual(troubleOf(problem), {code: "insecure_context", detail: "", retryable: false});
  assert.deepEqual(troubleOf(new Problem("network", {detail: "No network."})), {
    code: "network",
    detail: "No network.",
    retryable: true,
  });
});

test("an error of the browser's own is an internal one, whatever number it carries", () => {
  const foreign = new DOMException("words for developers", "InvalidStateError");
  assert.equal(typeof foreign.code, "number");
  for (const error of [foreign, new TypeError("x is not a function"), undefined]) {
    assert.deepEqual(troubleOf(error), {code: "internal", detail: "", retryable: true});
  }
});
