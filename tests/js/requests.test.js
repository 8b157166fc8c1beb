import assert from "node:assert/strict";
import {test} from "node:test";

import {addressOf} from "../../static/js/lib/addresses.js";
import {isCharged} from "../../static/js/lib/charges.js";
import {heed} from "../../static/js/lib/requests.js";

/** As the browser's: Node's has a detail, too. */
const asked = (type, detail) => new CustomEvent(type, {detail});

test("each event is answered by its entry, with its detail or an empty one", () => {
  const page = new EventTarget();
  const heard = [];
  heed(page, {"va-rate": ({rating}) => heard.push(rating), "va-retry": (detail) => heard.push(detail)});
  page.dispatchEvent(asked("va-rate", {rating: "good"}));
  page.dispatchEvent(asked("va-retry"));
  page.dispatchEvent(asked("va-other", {rating: "bad"}));
  assert.deepEqual(heard, ["good", {}]);
});

test("an id takes the place of the zeros as it is, whatever is in it", () => {
  assert.equal(addressOf("/chat/00000000-0000-0000-0000-000000000000/x", "a b"), "/chat/a%20b/x");
  assert.equal(addressOf("/chat/00000000-0000-0000-0000-000000000000", "$&"), "/chat/%24%26");
});

test("nobody is charged by the engine of the house, or by one that is not known", () => {
  assert.equal(isCharged({name: "embedded"}), false);
  assert.equal(isCharged({name: "openai"}), true);
  assert.equal(isCharged(null), false);
});
