// WebSocket through the gateway between programs of other makers: npm's ws, PyPI's websockets, Chromium.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { startBackend } from "../lib/backend.mjs";
import { openChromium } from "../lib/chromium.mjs";
import { serve } from "../lib/gatepost.mjs";
import { freePort } from "../lib/machine.mjs";
import { python, pythonServer } from "../lib/peers.mjs";
import { until } from "../lib/until.mjs";

const BIG = 16 << 20;
const MAX = { maxPayload: 2 * BIG };

/** The same echo as websocket_server.py, by npm's ws. */
async function wsServer() {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: { threshold: 0 }, ...MAX, handleProtocols: (set) => (set.has("chat") ? "chat" : false) });
  server.on("connection", (socket) =>
    socket.on("message", (data, isBinary) => {
      const code = !isBinary && data.toString().match(/^close (\d+)$/)?.[1];
      if (code) socket.close(Number(code), "as asked");
      else socket.send(data, { binary: isBinary });
    }),
  );
  await once(server, "listening");
  const stop = () => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  };
  return { port: server.address().port, stop };
}

const SERVERS = { "npm's ws": wsServer, "PyPI's websockets": () => pythonServer("websocket_server.py") };

async function open(url, options = {}) {
  const socket = new WebSocket(url, ["chat"], { perMessageDeflate: { threshold: 0 }, ...MAX, ...options });
  await once(socket, "open");
  return socket;
}

async function echo(socket, data) {
  const answer = once(socket, "message");
  socket.send(data);
  const [back, isBinary] = await answer;
  assert.equal(isBinary, typeof data !== "string");
  assert.ok(Buffer.from(data).equals(back), `${back.length} other bytes came back`);
}

for (const [maker, start] of Object.entries(SERVERS)) {
  describe(`WebSocket to ${maker}`, () => {
    let server, gatepost, api, url;
    before(async () => {
      server = await start();
      gatepost = await serve();
      const port = await freePort();
      api = await gatepost.api("POST", "/apis", {
        name: "Sockets",
        listen: { port, base_path: "/sockets" },
        upstream: { url: `http://127.0.0.1:${server.port}` },
      });
      url = `ws://127.0.0.1:${port}/sockets`;
    });
    after(async () => {
      await gatepost?.stop();
      await server?.stop();
    });

    test("messages pass both ways, compressed as both sides agreed", async () => {
      const socket = await open(url);
      assert.equal(socket.protocol, "chat");
      assert.match(socket.extensions, /permessage-deflate/);
      for (const data of ["hello", "", "naïve", Buffer.from([0, 255]), "x".repeat(100_000)]) await echo(socket, data);
      socket.close();
      await once(socket, "close");
    });

    test("16 MB pass both ways, with compression and without", async () => {
      for (const perMessageDeflate of [false, { threshold: 0 }]) {
        const socket = await open(url, { perMessageDeflate });
        await echo(socket, Buffer.alloc(BIG, "no two bytes alike"));
        socket.close();
        await once(socket, "close");
      }
    });

    test("fragments come as one message", async () => {
      const socket = await open(url, { perMessageDeflate: false });
      const answer = once(socket, "message");
      socket.send("frag", { fin: false });
      socket.ping();
      socket.send("men", { fin: false });
      socket.send("ts", { fin: true });
      assert.equal((await answer)[0].toString(), "fragments");
      socket.terminate();
    });

    test("a ping is answered by the other side", async () => {
      const socket = await open(url);
      const pong = once(socket, "pong");
      socket.ping("are you there?");
      assert.equal((await pong)[0].toString(), "are you there?");
      socket.terminate();
    });

    test("close codes pass both ways", async () => {
      const closed = await open(url);
      closed.close(4001, "bye");
      assert.deepEqual(await once(closed, "close").then(([code, why]) => [code, why.toString()]), [4001, "bye"]);
      const asked = await open(url);
      const close = once(asked, "close");
      asked.send("close 4002");
      assert.deepEqual(await close.then(([code, why]) => [code, why.toString()]), [4002, "as asked"]);
    });

    test("a thousand messages keep their order", async () => {
      const socket = await open(url);
      const back = [];
      socket.on("message", (data) => back.push(Number(data)));
      for (let n = 0; n < 1_000; n += 1) socket.send(String(n));
      await until("all to come back", () => back.length === 1_000);
      assert.ok(back.every((value, n) => value === n));
      socket.terminate();
    });

    test("PyPI's websockets is content", () => python("websocket_client.py", url));

    test("Chromium is content", async () => {
      // Only a page of this machine may call this machine.
      const page = await startBackend();
      const hand = await openChromium(page.url);
      try {
        const told = await hand.evaluate(
          `const [url, big] = args;
           const socket = new WebSocket(url, "chat");
           socket.binaryType = "arraybuffer";
           const next = (kind) => new Promise((resolve, reject) => {
             socket.addEventListener(kind, resolve, { once: true });
             socket.addEventListener("error", () => reject(new Error("it failed")), { once: true });
           });
           await next("open");
           const { extensions, protocol } = socket;
           let answer = next("message");
           socket.send("hello");
           const text = (await answer).data;
           answer = next("message");
           socket.send(new Uint8Array(big).fill(7));
           const bytes = new Uint8Array((await answer).data);
           const closed = next("close");
           socket.send("close 4003");
           const { code, reason, wasClean } = await closed;
           return { extensions, protocol, text, size: bytes.length, same: bytes.every((b) => b === 7), code, reason, wasClean };`,
          url,
          BIG,
        );
        assert.match(told.extensions, /permessage-deflate/);
        delete told.extensions;
        assert.deepEqual(told, { protocol: "chat", text: "hello", size: BIG, same: true, code: 4003, reason: "as asked", wasClean: true });
      } finally {
        await hand.close();
        await page.stop();
      }
    });

    test("each is recorded as one call, with what passed", async () => {
      const { calls } = await until("every socket's call", async () => {
        const page = await gatepost.api("GET", "/calls?limit=100");
        return page.calls.length >= 10 && page;
      });
      assert.ok(calls.every((call) => call.status === 101), JSON.stringify(calls.map((call) => call.status)));
      assert.ok(calls.some((call) => call.request_bytes > BIG && call.response_bytes > BIG));
    });

    test("a policy refuses before the upstream is asked", async () => {
      await gatepost.api("POST", `/apis/${api.id}/policies`, { policy: "client-id-enforcement", config: {} });
      const [, answer] = await once(new WebSocket(url).on("error", () => {}), "unexpected-response");
      assert.equal(answer.statusCode, 401);
      answer.destroy();
    });
  });
}
