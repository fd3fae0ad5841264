// A `gatepost serve` with ports and a data folder of its own.

import { writeFileSync } from "node:fs";
import path from "node:path";
import { folder, freePort, GATEPOST, start } from "./machine.mjs";
import { until } from "./until.mjs";

/** Starts it and waits for the line with the console's address. `config` is the text of a gatepost.yaml. */
export async function serve({ config } = {}) {
  const { dir, remove } = folder();
  const port = await freePort();
  const args = ["serve", "--data-dir", path.join(dir, "data"), "--admin", `127.0.0.1:${port}`];
  if (config) {
    writeFileSync(path.join(dir, "gatepost.yaml"), config);
    args.push("--config", path.join(dir, "gatepost.yaml"));
  }
  const process = start(GATEPOST, args);
  const console_ = await until(
    "gatepost serve to print the console's address",
    () => {
      if (process.exit) throw new Error(`it ended: ${JSON.stringify(process.exit)} ${process.stderr}`);
      return process.stdout.match(/^Console\s+(http:\S+)/m)?.[1];
    },
    20_000,
  ).catch(async (error) => {
    await process.end("SIGKILL");
    remove();
    throw error;
  });
  const { origin, hash } = new URL(console_);
  const token = hash.replace("#token=", "");
  return {
    url: console_,
    origin,
    dir,
    process,
    /** Calls the management API and gives its JSON; fails on every status but 2xx. */
    async api(method, at, body) {
      const text = await this.text(method, at, body);
      return text ? JSON.parse(text) : null;
    },
    /** The same for what is no JSON. */
    async text(method, at, body) {
      const answer = await fetch(`${origin}/api${at}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) },
        body: body && JSON.stringify(body),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${at}: ${answer.status} ${text}`);
      return text;
    },
    async stop() {
      const exit = await process.end();
      remove();
      return exit;
    },
  };
}
