/**
 * The least relay that can be written with `ws`: `node node_relay.mjs UPSTREAM`.
 *
 * PCM in binary frames on the browser's side, base64 in events on the other; whatever else there is passes as it came.
 * Nothing is checked, counted or stored. It prints its port.
 */

import { createRequire } from "node:module";

// The packages of Node's tests are the ones that this project installs.
const require = createRequire(new URL("../../../tests/js/package.json", import.meta.url));
const { WebSocket, WebSocketServer } = require("ws");

const LARGEST = 16 * 1024 * 1024;
const upstreamUrl = process.argv[2];

/** @param {import("ws").WebSocket} browser */
function serveOne(browser) {
  const upstream = new WebSocket(upstreamUrl, { perMessageDeflate: false, maxPayload: LARGEST });
  /** What was said before the model could hear it. @type {string[]} */
  const early = [];
  const toUpstream = (/** @type {string} */ event) => {
    if (upstream.readyState === WebSocket.OPEN) upstream.send(event);
    else early.push(event);
  };

  browser.on("message", (frame, isBinary) => {
    if (isBinary) {
      toUpstream(`{"type":"input_audio_buffer.append","audio":"${frame.toString("base64")}"}`);
    } else {
      toUpstream(frame.toString());
    }
  });
  upstream.on("open", () => {
    for (const event of early.splice(0)) upstream.send(event);
  });
  upstream.on("message", (event) => {
    const told = JSON.parse(event);
    if (told.type === "response.output_audio.delta") browser.send(Buffer.from(told.delta, "base64"));
    else browser.send(event, { binary: false });
  });

  browser.on("close", () => upstream.close());
  upstream.on("close", () => browser.close());
  browser.on("error", () => upstream.terminate());
  upstream.on("error", () => browser.terminate());
}

const server = new WebSocketServer(
  { host: "127.0.0.1", port: 0, perMessageDeflate: false, maxPayload: LARGEST },
  () => console.log(server.address().port),
);
server.on("connection", serveOne);
