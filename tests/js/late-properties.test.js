import assert from "node:assert/strict";
import {test} from "node:test";

import {takeEarlyProperties} from "../../static/js/lib/late-properties.js";

class Panel {
  get session() {
    return this._session;
  }

  set session(session) {
    this._session = session;
  }
}

test("what was set before the class was there reaches its setter", () => {
  const element = {session: "early"};
  Object.setPrototypeOf(element, Panel.prototype);
  assert.equal(element._session, undefined, "the setter was not asked");
  takeEarlyProperties(element, ["session", "devices"]);
  assert.equal(element._session, "early");
  element.session = "late";
  assert.equal(element._session, "late");
  assert.equal("devices" in element, false, "what nobody set stays unset");
});
