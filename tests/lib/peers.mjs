// Programs of other makers, in the languages that they come in.

import { writeFileSync } from "node:fs";
import path from "node:path";
import { program, ROOT, start } from "./machine.mjs";
import { until } from "./until.mjs";

const PATIENCE_MS = 60_000;

/** The Python that has grpcio and websockets; `cargo xtask test` installs them and says where. */
const PYTHON = process.env.GATEPOST_PEERS_PYTHON ?? path.join(ROOT, "target/peers/bin/python");

const file = (name) => path.join(ROOT, "tests/peers", name);

/** Starts a server written in Python, which prints its port. */
export async function pythonServer(name, ...args) {
  const server = start(PYTHON, ["-u", file(name), ...args]);
  const port = await until(`${name} to print its port`, () => {
    if (server.exit) throw new Error(`it ended: ${server.stderr}`);
    return server.stdout.match(/^port (\d+)/m)?.[1];
  });
  return { port: Number(port), stop: () => server.end("SIGKILL") };
}

/** Runs a client written in Python to its end; fails with what it says. */
export const python = (name, ...args) => run(PYTHON, [file(name), ...args]);

/** Makes a port speak TLS with a certificate of the machine's own authority; gives the file that vouches for it. */
export async function speakTls(gatepost, port) {
  await gatepost.api("POST", "/local-authority", {});
  await gatepost.api("PUT", `/listeners/127.0.0.1:${port}/tls`, { certificates: ["local_authority"] });
  const authority = path.join(gatepost.dir, "authority.pem");
  writeFileSync(authority, await gatepost.text("GET", "/local-authority/certificate"));
  return authority;
}

/** Makes an authority and a certificate of it for `localhost`; gives their PEM files, in `dir`. */
export async function foreignCertificate(dir) {
  const [authority, authorityKey, certificate, key] = ["ca.pem", "ca.key", "server.pem", "server.key"].map((name) => path.join(dir, name));
  const make = (out, keyOut, subject, ...more) =>
    run("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2", "-subj", `/CN=${subject}`, "-keyout", keyOut, "-out", out, ...more]);
  await make(authority, authorityKey, "An authority of another maker");
  await make(certificate, key, "localhost", "-CA", authority, "-CAkey", authorityKey, "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE");
  return { authority, certificate, key };
}

/** Runs a program to its end and gives what it printed; fails with what it complained of. */
export async function run(name, args) {
  const running = start(name.includes(path.sep) ? name : program(name), args);
  const timer = setTimeout(() => running.end("SIGKILL"), PATIENCE_MS);
  const exit = await running.ended;
  clearTimeout(timer);
  if (exit.code !== 0) throw new Error(`${path.basename(name)} ${args.join(" ")}: ${JSON.stringify(exit)}\n${running.stderr}${running.stdout}`);
  return running.stdout;
}
