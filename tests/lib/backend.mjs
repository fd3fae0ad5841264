// A real backend on a port of its own, which counts what reaches it.

import { createServer } from "node:http";

/** What it answers to everything, byte for byte: what a caller gets through the gateway must be the same. */
export const BODY = JSON.stringify([{ id: 1, title: "A post of the backend's own" }]);

export async function startBackend() {
  let hits = 0;
  const server = createServer((request, response) => {
    hits += 1;
    request.resume();
    response.writeHead(200, { "content-type": "application/json", "x-backend": "yes" });
    response.end(BODY);
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/posts`,
    hits: () => hits,
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}
