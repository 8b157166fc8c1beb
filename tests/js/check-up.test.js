import assert from "node:assert/strict";
import {test} from "node:test";

import {DeviceChoices} from "../../static/js/lib/device-choices.js";
import {CheckUp} from "../../static/js/voice/checks/check-up.js";

/** A check on a device without sound, whose server does what `more` says. */
const checkUpOf = (more = {}) => {
  const dropped = [];
  const checkUp = new CheckUp({
    scope: {
      isSecureContext: false,
      location: {protocol: "http:"},
      WebSocket: () => undefined,
      AudioContext: () => undefined,
      crypto: {getRandomValues: () => undefined},
      fetch: () => undefined,
      customElements: {},
      performance,
      navigator: {},
    },
    worklets: "/worklets.js",
    devices: new DeviceChoices(null),
    showLevel: () => undefined,
    answer: async () => "yes",
    createSession: async () => ({conversation_id: "c", expires_at: Date.now() / 1000 + 300}),
    dropSession: async ({conversation_id}) => dropped.push(conversation_id),
    ticketSeconds: 300,
    ...more,
  });
  return {checkUp, dropped, verdicts: () => Object.fromEntries(checkUp.examination.found.map(({name, outcome}) => [name, outcome.verdict]))};
};

/** A server that opens a session, keeps nothing and answers every ping. */
const wireThatIsThere = () => {
  const wire = {closed: 0};
  wire.open = (_config, listener) => {
    queueMicrotask(() => {
      listener.onEvent({type: "session.created"});
      listener.onEvent({type: "voiceassist.session", save: false, provider: {label: "A", is_language_model: true}, voice_problem: ""});
    });
    return {
      send: ({id}) => queueMicrotask(() => listener.onEvent({type: "voiceassist.pong", id})),
      close: () => {
        wire.closed += 1;
      },
    };
  };
  return wire;
};

test("on a page without a microphone the server is looked at all the same, and let go of in the end", async () => {
  const wire = wireThatIsThere();
  const {checkUp, dropped, verdicts} = checkUpOf({openWire: wire.open});
  assert.equal(await checkUp.run(), true);
  assert.deepEqual(verdicts(), {
    secure: "failed",
    browser: "fine",
    microphone: "skipped",
    level: "skipped",
    rate: "skipped",
    tone: "skipped",
    ticket: "fine",
    expiry: "fine",
    socket: "fine",
    roundtrip: "fine",
    who: "fine",
    answer: "skipped",
    playback: "skipped",
  });
  assert.deepEqual([dropped, wire.closed], [["c"], 1]);
});

test("a refused ticket leaves nothing to let go of, and nothing behind it is tried", async () => {
  const {checkUp, dropped, verdicts} = checkUpOf({createSession: async () => Promise.reject(Object.assign(new Error(), {code: "realtime_disabled"}))});
  await checkUp.run();
  assert.deepEqual([verdicts().ticket, verdicts().socket, verdicts().who], ["failed", "skipped", "skipped"]);
  assert.deepEqual(dropped, []);
});

test("a session that is given after the check was stopped is let go of at once", async () => {
  let give = () => undefined;
  const {checkUp, dropped} = checkUpOf({
    createSession: () =>
      new Promise((resolve) => {
        give = resolve;
      }),
  });
  const over = checkUp.run();
  await new Promise((resolve) => setImmediate(resolve));
  checkUp.stop();
  assert.equal(await over, false);
  give({conversation_id: "late"});
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(dropped, ["late"]);
});
