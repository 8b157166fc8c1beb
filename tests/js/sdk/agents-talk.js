// A person at the stock agents SDK: each line that comes in is something to do, each line that goes out something that
// happened. What is said in between, and whether it was right, is for whoever writes those lines.
import { createInterface } from "node:readline";

import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession } from "@openai/agents-realtime";

const FRAME_SECONDS = 0.04;
const FRAME_BYTES = 24_000 * FRAME_SECONDS * 2;

/** @type {RealtimeSession} */
let session;
let muted = false;

function tell(happened) {
  process.stdout.write(`${JSON.stringify(happened)}\n`);
}

function until(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds - performance.now()));
}

/** An error in words; the SDK hands on errors of the server as they came, and its own as exceptions. */
function inWords(problem) {
  return problem instanceof Error ? String(problem) : JSON.stringify(problem);
}

const does = {
  async connect({ url, key, config }) {
    const agent = new RealtimeAgent({ name: "Assistant", instructions: "Obey whoever sends these instructions." });
    const transport = new OpenAIRealtimeWebSocket({ url, useInsecureApiKey: true });
    session = new RealtimeSession(agent, { transport, config });
    transport.on("*", (frame) => tell({ frame }));
    session.on("error", (problem) => tell({ told: "error", problem: inWords(problem.error) }));
    session.on("audio", ({ data }) => tell({ told: "audio", bytes: data.byteLength }));
    session.on("audio_interrupted", () => tell({ told: "audio_interrupted" }));
    session.on("agent_end", (_context, _agent, output) => tell({ told: "agent_end", output }));
    transport.on("disconnected", () => tell({ told: "disconnected" }));
    await session.connect({ apiKey: key });
  },

  async type({ text, interrupts = false }) {
    if (interrupts) {
      session.once("audio", () => session.interrupt());
    }
    session.sendMessage(text);
  },

  /** At the pace of speech, or all at once. */
  async speak({ pcm, atOnce = false, commit = false }) {
    const sound = Buffer.from(pcm, "base64");
    const began = performance.now();
    for (let start = 0; start < sound.length; start += FRAME_BYTES) {
      const frame = new Uint8Array(sound.subarray(start, start + FRAME_BYTES)).buffer;
      if (!muted) {
        session.sendAudio(frame, { commit: commit && start + FRAME_BYTES >= sound.length });
      }
      if (!atOnce) {
        await until(began + (start / FRAME_BYTES + 1) * FRAME_SECONDS * 1000);
      }
    }
  },

  async answer() {
    session.transport.requestResponse();
  },

  async interrupt() {
    session.interrupt();
  },

  async mute(wanted) {
    if (session.muted === null) {
      muted = wanted.muted; // this transport leaves muting to the application, and says so
    } else {
      session.mute(wanted.muted);
    }
  },

  /** Another agent takes over; the SDK then sends its whole configuration again. */
  async handOver({ voice }) {
    await session.updateAgent(new RealtimeAgent({ name: "Colleague", instructions: "Obey me, too.", voice }));
  },

  async forget({ item }) {
    session.updateHistory((history) => history.filter(({ itemId }) => itemId !== item));
  },

  /** Whatever the SDK's own methods do not send. */
  async send({ event }) {
    session.transport.sendEvent(event);
  },

  async look() {
    return { history: session.history, usage: session.usage };
  },

  async close() {
    session.close();
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { what, ...wanted } = JSON.parse(line);
  try {
    tell({ done: what, ...(await does[what](wanted)) });
  } catch (problem) {
    tell({ done: what, problem: inWords(problem) });
  }
}
process.exit(0);
