// What the tests take from the machine: free ports, temporary folders, programs, and an end for each process they start.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** The program under test; `cargo xtask test` says where cargo built it. */
export const GATEPOST = process.env.GATEPOST_BIN ?? path.join(ROOT, "target/debug/gatepost");

const SHOTS = path.join(ROOT, "tests/screenshots");

/** A port of 127.0.0.1 that nobody listened on a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Whether a port of 127.0.0.1 can be listened on. */
export function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** A folder of the test's own, and its removal. */
export function folder() {
  const dir = mkdtempSync(path.join(tmpdir(), "gatepost-test-"));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Where a screenshot of this name goes. */
export function shotFile(name) {
  mkdirSync(SHOTS, { recursive: true });
  return path.join(SHOTS, `${name}.png`);
}

/** The first of some programs that exists. */
export function program(...names) {
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  const file = names.flatMap((name) => folders.map((dir) => path.join(dir, name))).find(existsSync);
  if (!file) throw new Error(`none of ${names.join(", ")} is on PATH: cargo xtask test installs what is missing`);
  return file;
}

/** Starts a process and keeps what it prints; `end` asks it to stop and gives its exit code. */
export function start(file, args, { env = {}, cwd } = {}) {
  const child = spawn(file, args, { env: { ...process.env, ...env }, cwd, stdio: ["ignore", "pipe", "pipe"] });
  const process_ = { child, stdout: "", stderr: "", exit: null };
  child.stdout.on("data", (data) => (process_.stdout += data));
  child.stderr.on("data", (data) => (process_.stderr += data));
  process_.ended = new Promise((resolve) => {
    child.once("error", (error) => resolve((process_.exit = { error })));
    child.once("exit", (code, signal) => resolve((process_.exit = { code, signal })));
  });
  process_.end = async (signal = "SIGTERM") => {
    if (!process_.exit) child.kill(signal);
    return process_.ended;
  };
  return process_;
}
