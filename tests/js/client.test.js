import assert from "node:assert/strict";
import {afterEach, test} from "node:test";

import {ApiClient, ApiError} from "../../static/js/api/client.js";

const real = {fetch: globalThis.fetch, document: globalThis.document};

/** A client whose requests are answered by `answer(url, init)`. */
const clientWith = (answer, cookie = "other=1; __Host-csrftoken=abc%3D") => {
  globalThis.document = {cookie};
  globalThis.fetch = answer;
  return new ApiClient({
    csrfCookie: "__Host-csrftoken",
    sessionUrl: "/api/voice/realtime-session",
    sessionsUrl: "/api/voice/sessions/",
    conversationsUrl: "/api/conversations/",
    preferencesUrl: "/api/me/preferences",
    optionsUrl: "/api/voice/options",
  });
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

/** A client that notes what it is asked and answers each request with the next answer. */
const noting = (...answers) => {
  const asked = [];
  const client = clientWith(async (url, init) => {
    asked.push({url, method: init.method || "GET", headers: init.headers, body: init.body});
    return answers.shift();
  });
  return {client, asked};
};

test("the list is asked for with the tag it had, and what has not changed is told again", async () => {
  const page = {results: [{id: "c1", title: "Knee"}], next: null};
  const {client, asked} = noting(
    json(page, {headers: {ETag: '"one"'}}),
    new Response(null, {status: 304}),
    json({results: [], next: null}, {headers: {ETag: '"two"'}}),
    new Response(null, {status: 304}),
  );
  assert.deepEqual(await client.latestConversations(), page);
  assert.deepEqual(await client.latestConversations(), page);
  assert.deepEqual((await client.latestConversations()).results, []);
  assert.deepEqual((await client.latestConversations()).results, []);
  assert.deepEqual(
    asked.map(({headers}) => headers["If-None-Match"]),
    [undefined, '"one"', '"one"', '"two"'],
  );
});

test("a search names its words, and no more of them than the server takes", async () => {
  const {client, asked} = noting(json({results: [], next: "/next"}), json({results: [], next: null}), json({results: [], next: null}));
  const {next} = await client.searchConversations("knee & back");
  await client.moreConversations(next);
  await client.searchConversations("x".repeat(300));
  assert.equal(asked[0].url, "/api/conversations/?page_size=100&q=knee%20%26%20back");
  assert.equal(asked[1].url, "/next");
  assert.ok(asked[2].url.endsWith(`&q=${"x".repeat(200)}`));
});

test("renaming, deleting and rating say who asks", async () => {
  const {client, asked} = noting(json({title: "Back"}), new Response(null, {status: 204}), json({rating: "good"}));
  await client.renameConversation("c 1", "Back");
  await client.deleteConversation("c 1");
  await client.rateSession("rtc_1", "good");
  assert.deepEqual(
    asked.map(({method, url, body}) => [method, url, body]),
    [
      ["PATCH", "/api/conversations/c%201/", '{"title":"Back"}'],
      ["DELETE", "/api/conversations/c%201/", undefined],
      ["PATCH", "/api/voice/sessions/rtc_1", '{"rating":"good"}'],
    ],
  );
  assert.ok(asked.every(({headers}) => headers["X-CSRFToken"] === "abc="));
});

test("preferences are read and changed in one place", async () => {
  const {client, asked} = noting(json({speed: 1}), json({speed: 1.2}), json({voices: []}));
  assert.deepEqual(await client.preferences(), {speed: 1});
  assert.deepEqual(await client.savePreferences({speed: 1.2}), {speed: 1.2});
  await client.options();
  assert.deepEqual(asked.map(({method, url}) => `${method} ${url}`), [
    "GET /api/me/preferences",
    "PATCH /api/me/preferences",
    "GET /api/voice/options",
  ]);
});
