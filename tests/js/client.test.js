import assert from "node:assert/strict";
import {afterEach, test} from "node:test";

import {ApiClient, ApiError} from "../../static/js/api/client.js";

const real = {fetch: globalThis.fetch, document: globalThis.document};

/** A client whose requests are answered by `answer(url, init)`. */
const clientWith = (answer, cookie = "other=1; __Host-csrftoken=abc%3D") => {
  globalThis.document = {cookie};
  globalThis.fetch = answer;
  return new ApiClient({csrfCookie: "__Host-csrftoken", sessionUrl: "/api/voice/realtime-session", conversationsUrl: "/api/conversations/"});
};

const json = (body, init) => new Response(JSON.stringify(body), init);

afterEach(() => Object.assign(globalThis, real));

test("a session is asked for with the CSRF token from the cookie the page names", async () => {
  let seen;
  const client = clientWith(async (url, init) => {
    seen = {url, init};
    return json({url: "ws://h", api_key: "ek_1"});
  });
  assert.equal((await client.createRealtimeSession({conversation_id: null})).api_key, "ek_1");
  assert.equal(seen.url, "/api/voice/realtime-session");
  assert.equal(seen.init.method, "POST");
  assert.equal(seen.init.headers["X-CSRFToken"], "abc=");
  assert.equal(seen.init.body, '{"conversation_id":null}');
});

test("a refusal carries code, sentence, fields and the time to wait", async () => {
  const client = clientWith(async () =>
    json({code: "throttled", detail: "Wait.", fields: {voice: ["Unknown."]}}, {status: 429, headers: {"Retry-After": "12"}}),
  );
  await assert.rejects(client.createRealtimeSession({}), (error) => {
    assert.ok(error instanceof ApiError);
    assert.deepEqual([error.status, error.code, error.detail, error.retryAfter, error.retryable], [429, "throttled", "Wait.", 12, true]);
    assert.deepEqual(error.fields, {voice: ["Unknown."]});
    return true;
  });
});

test("what only the operator can change is not offered to be tried again", async () => {
  for (const code of ["realtime_disabled", "realtime_not_configured"]) {
    const client = clientWith(async () => json({code, detail: "Ask."}, {status: 503}));
    await assert.rejects(client.createRealtimeSession({}), {status: 503, code, retryable: false});
  }
});

test("an answer that is no JSON is still a refusal with a code", async () => {
  const client = clientWith(async () => new Response("<html>", {status: 502}));
  await assert.rejects(client.latestConversations(), {status: 502, code: "internal", retryable: true});
});

test("no answer at all is the network's fault", async () => {
  const client = clientWith(async () => {
    throw new TypeError("Failed to fetch");
  });
  await assert.rejects(client.latestConversations(), {status: 0, code: "network", retryable: true});
});

test("messages come page by page until there is no next one", async () => {
  const asked = [];
  const client = clientWith(async (url) => {
    asked.push(url);
    return json(asked.length === 1 ? {results: [1, 2], next: "/next"} : {results: [3], next: null});
  });
  const seen = [];
  for await (const page of client.messages("c 1")) {
    seen.push(...page);
  }
  assert.deepEqual(seen, [1, 2, 3]);
  assert.deepEqual(asked, ["/api/conversations/c%201/messages/?page_size=500", "/next"]);
});
