// LDAP authentication against OpenLDAP's slapd.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { serve } from "../lib/gatepost.mjs";
import { folder, freePort } from "../lib/machine.mjs";
import { foreignCertificate } from "../lib/peers.mjs";
import { ACCOUNT, PEOPLE, prepareSlapd } from "../lib/slapd.mjs";
import { until } from "../lib/until.mjs";

const CHALLENGE = 'Basic realm="mule-realm", charset="UTF-8"';

/** An upstream that answers with the headers that reached it. */
async function startEcho() {
  const server = createServer((request, response) => response.end(JSON.stringify(request.headers)));
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}

describe("LDAP authentication", () => {
  let gatepost, echo, home, directory, slapd, authority;
  /** Port and policy's address by name. */
  const apis = {};

  /** An API with the policy, where `config` differs from the rest. */
  async function api(name, config = {}) {
    const port = await freePort();
    const { id } = await gatepost.api("POST", "/apis", { name, listen: { port, base_path: "/" }, upstream: { url: echo.url } });
    const whole = {
      ldap_server_url: `ldap://127.0.0.1:${directory.plain}`,
      ldap_server_user_dn: ACCOUNT.dn,
      ldap_server_user_password: ACCOUNT.password,
      ldap_search_base: PEOPLE,
      cache_time_to_live: "0ms",
      ...config,
    };
    await gatepost.api("POST", `/apis/${id}/policies`, { policy: "ldap-authentication", config: whole });
    const seen = { inbound_headers: [{ key: "x-user", value: "#[authentication.principal]" }, { key: "x-entry", value: "#[authentication.properties.dn]" }] };
    await gatepost.api("POST", `/apis/${id}/policies`, { policy: "header-injection", config: seen });
    apis[name] = { id, port };
  }

  function send(name, user, password) {
    const pair = Buffer.from(`${user}:${password}`).toString("base64");
    const headers = user === undefined ? {} : { authorization: `Basic ${pair}` };
    return fetch(`http://127.0.0.1:${apis[name].port}/`, { headers });
  }

  /** Calls, and gives status, headers, what the upstream saw, and what the policy noted. */
  async function call(...by) {
    const [name] = by;
    const answer = await send(...by);
    const body = await answer.json();
    const request_id = answer.headers.get("x-request-id");
    const detail = await until("the call to be kept", async () => {
      const { calls } = await gatepost.api("GET", `/calls?limit=20&api_id=${apis[name].id}`);
      const found = calls.find((kept) => kept.request_id === request_id);
      return found && gatepost.api("GET", `/calls/${found.id}`);
    });
    const { note } = detail.trail.find((step) => step.policy === "ldap-authentication");
    return { status: answer.status, challenge: answer.headers.get("www-authenticate"), body, note, detail };
  }

  before(async () => {
    home = folder();
    gatepost = await serve();
    echo = await startEcho();
    const tls = await foreignCertificate(home.dir);
    authority = readFileSync(tls.authority, "utf8");
    directory = await prepareSlapd(home.dir, tls);
    slapd = await directory.start();
    await api("Plain");
    await api("Subtree", { ldap_search_in_subtree: true });
    await api("Impatient", { timeout: "300ms" });
    await api("Remembering", { cache_time_to_live: "10m" });
    await api("Forwarding", { forward_authorization: true });
    const secure = `ldaps://localhost:${directory.secure}`;
    await api("Secure", { ldap_server_url: secure, trusted_authorities: authority });
    await api("Unknown authority", { ldap_server_url: secure });
    const later = { ldap_server_url: `ldap://localhost:${directory.plain}`, start_tls: true };
    await api("Start TLS", { ...later, trusted_authorities: authority });
    await api("Start TLS of an unknown authority", later);
    await api("Wrong account", { ldap_server_user_password: "wrong" });
    await api("Wrong base", { ldap_search_base: "ou=nowhere,dc=example,dc=com" });
  });
  after(async () => {
    await gatepost?.stop();
    await slapd?.end("SIGKILL");
    echo?.stop();
    home?.remove();
  });

  test("the right password passes, with the entry's name and without the password", async () => {
    const { status, body, note } = await call("Plain", "ann", "ann's: password");
    assert.equal(status, 200);
    assert.deepEqual([body["x-user"], body["x-entry"], body.authorization], ["ann", `uid=ann,${PEOPLE}`, undefined]);
    assert.equal(note, `uid=ann,${PEOPLE}, taken by the server`);
    const forwarded = await call("Forwarding", "ann", "ann's: password");
    assert.match(forwarded.body.authorization, /^Basic /);
  });

  test("a call without a name or a password is challenged", async () => {
    for (const [pair, expected] of [[[], "no user name and password"], [["ann", ""], "no password for ann"], [["", "x"], "no user name"]]) {
      const { status, challenge, note } = await call("Plain", ...pair);
      assert.deepEqual([status, challenge, note], [401, CHALLENGE, expected]);
    }
  });

  test("a wrong password and an unknown name get the same answer", async () => {
    const wrong = await call("Plain", "ann", "ann's password");
    const unknown = await call("Plain", "anne", "ann's: password");
    const none = await call("Plain", "nobody", "x");
    for (const { status, challenge, body } of [wrong, unknown, none]) {
      assert.deepEqual([status, challenge, body.error], [401, CHALLENGE, "A user name and a password are needed"]);
    }
    assert.deepEqual([wrong.note, unknown.note], ["wrong password for ann", "unknown user anne"]);
  });

  test("no name changes what is asked", async () => {
    for (const name of ["*", "a*", "*)(uid=*", "ann)(objectClass=*", "*)(|(uid=ann", "\\2a", "{0}", "ann,ou=people", "\\61nn"]) {
      const { status, note } = await call("Subtree", name, "ann's: password");
      assert.deepEqual([status, note], [401, `unknown user ${name}`]);
    }
    const odd = await call("Plain", "a*(b)\\c", "odd");
    assert.equal(odd.status, 200, odd.note);
  });

  test("who is found twice is nobody", async () => {
    const { status, note } = await call("Plain", "twin", "same");
    assert.deepEqual([status, note], [401, "more than one entry for twin"]);
  });

  test("one level is searched, or all", async () => {
    assert.equal((await call("Plain", "deep", "far away")).note, "unknown user deep");
    assert.equal((await call("Subtree", "deep", "far away")).status, 200);
  });

  test("speaks TLS from the beginning or after asking, with whom it trusts alone", async () => {
    for (const name of ["Secure", "Start TLS"]) {
      assert.equal((await call(name, "ann", "ann's: password")).status, 200, name);
      assert.equal((await call(name, "ann", "wrong")).note, "wrong password for ann");
    }
    for (const name of ["Unknown authority", "Start TLS of an unknown authority"]) {
      const { status, note } = await call(name, "ann", "ann's: password");
      assert.equal(status, 503, name);
      assert.match(note, /certificate/i);
    }
  });

  test("what the server does not let the gateway do is a 503 with its words", async () => {
    const account = await call("Wrong account", "ann", "ann's: password");
    assert.deepEqual([account.status, account.note], [503, "the service account is refused: result 49"]);
    const base = await call("Wrong base", "ann", "ann's: password");
    assert.deepEqual([base.status, base.note], [503, "the search failed: result 32"]);
  });

  test("many at once share a few connections", async () => {
    const passwords = Array.from({ length: 80 }, (_, n) => (n % 2 ? "ann's: password" : "wrong"));
    const answers = await Promise.all(passwords.map((password) => send("Plain", "ann", password)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      passwords.map((password) => (password === "wrong" ? 401 : 200)),
    );
  });

  test("a server that does not answer is a 503 when its time is over", async () => {
    const silent = createTcpServer(() => {});
    await new Promise((resolve) => silent.listen(0, "127.0.0.1", resolve));
    await api("Silent", { ldap_server_url: `ldap://127.0.0.1:${silent.address().port}`, timeout: "200ms" });
    const { status, note } = await call("Silent", "ann", "x");
    assert.deepEqual([status, note], [503, "no answer within 200 ms"]);
    silent.close();
    assert.equal((await call("Impatient", "ann", "ann's: password")).status, 200);
    slapd.child.kill("SIGSTOP");
    try {
      assert.deepEqual([(await call("Impatient", "ann", "ann's: password")).note], ["no answer within 300 ms"]);
    } finally {
      slapd.child.kill("SIGCONT");
    }
    await until("the server to be asked again", async () => (await call("Impatient", "ann", "ann's: password")).status === 200);
  });

  test("a stopped server is a 503 at once, and says why in the trail", async () => {
    const known = await call("Remembering", "ann", "ann's: password");
    assert.deepEqual([known.status, known.note], [200, `uid=ann,${PEOPLE}, taken by the server`]);
    assert.equal((await call("Plain", "ann", "ann's: password")).status, 200);
    await slapd.end("SIGTERM");
    const { status, body, note, detail } = await call("Plain", "ann", "ann's: password");
    assert.deepEqual([status, body.error], [503, "User names and passwords cannot be checked now"]);
    assert.match(note, /^the server cannot be reached: /);
    assert.ok(!JSON.stringify(detail).includes("ann's: password") && !JSON.stringify(detail).includes(ACCOUNT.password));
    // Who was taken a short while ago still is, with the same password alone.
    const remembered = await call("Remembering", "ann", "ann's: password");
    assert.deepEqual([remembered.status, remembered.note], [200, `uid=ann,${PEOPLE}, taken a short while ago`]);
    assert.equal((await call("Remembering", "ann", "guess")).status, 503);
    slapd = await directory.start();
    assert.equal((await call("Plain", "ann", "ann's: password")).status, 200);
  });
});
