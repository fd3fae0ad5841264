// Access tokens of an issuer of another maker: discovery, keys and their rotation, introspection, revoked, expired and
// forged tokens, an issuer that stalls or is gone, and a caller who knows nothing but the API's address.

import assert from "node:assert/strict";
import { createHmac, createPublicKey, sign } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { startBackend } from "../lib/backend.mjs";
import { serve } from "../lib/gatepost.mjs";
import { signingKey, startIssuer } from "../lib/issuer.mjs";
import { freePort } from "../lib/machine.mjs";
import { until } from "../lib/until.mjs";

const WELL_KNOWN = "/.well-known/oauth-protected-resource";
const TIMEOUT_MS = 2_000;

/** Every API, by its policy. */
const apis = (issuer, port) => {
  const introspection = (more) => ({
    policy: "oauth2-token-introspection",
    config: {
      introspection_url: `${issuer.url}/token/introspection`,
      authorization_value: issuer.authorization,
      authentication_timeout: `${TIMEOUT_MS}ms`,
      ...more,
    },
  });
  const oidc = (validate) => ({
    policy: "openidconnect-access-token-enforcement",
    config: {
      issuer: issuer.url,
      validate,
      authorization_value: issuer.authorization,
      signing_method: "es",
      supported_types: "at+jwt",
      discovery_refresh_floor: "1s",
      skip_client_id_validation: false,
      authentication_timeout: `${TIMEOUT_MS}ms`,
    },
  });
  const jwt = {
    policy: "jwt-validation",
    config: {
      signing_method: "es",
      jwt_key_origin: "jwks",
      jwks_url: `${issuer.url}/jwks`,
      jwks_refresh_floor: "1s",
      supported_issuers: issuer.url,
      supported_types: "at+jwt",
      mandatory_exp_claim: true,
    },
  };
  const metadata = {
    policy: "oauth-protected-resource-metadata",
    config: { resource: `http://127.0.0.1:${port}/signed`, authorization_servers: [issuer.url], scopes_supported: ["orders:read"] },
  };
  return {
    asked: [introspection({ validated_token_ttl: "0s", scopes: "orders:read" })],
    remembered: [introspection({ expose_headers: true })],
    writing: [introspection({ scopes: "orders:write" })],
    discovered: [oidc("introspection")],
    keys: [oidc("jwt")],
    either: [oidc("auto")],
    signed: [jwt, metadata],
    told: [introspection({ enable_protected_resource_metadata: true })],
    open: [],
  };
};

describe("Access tokens", () => {
  let issuer, backend, gatepost, origin, port;
  before(async () => {
    [issuer, backend, port] = [await startIssuer(), await startBackend(), await freePort()];
    origin = `http://127.0.0.1:${port}`;
    const all = Object.entries(apis(issuer, port));
    const config = {
      gatepost: 1,
      apis: all.map(([name, policies]) => ({ name, listen: { port, base_path: `/${name}` }, upstream: { url: backend.url }, policies })),
      clients: [{ name: "MyTestApp", credentials: [{ client_id: "my-test-app", client_secret: "s3cret" }] }],
      contracts: all.map(([name]) => ({ client: "MyTestApp", api: name, version: "v1" })),
    };
    gatepost = await serve({ config: JSON.stringify(config) });
  });
  after(async () => {
    issuer?.release();
    await gatepost?.stop();
    await issuer?.die();
    await backend?.stop();
  });

  const call = (name, token, options = {}) =>
    fetch(`${origin}/${name}`, { ...options, headers: token ? { authorization: `Bearer ${token}` } : {} });
  const status = async (name, token) => (await call(name, token)).status;

  test("an opaque token passes by introspection, asked directly and discovered", async () => {
    const token = await issuer.token();
    for (const name of ["asked", "remembered", "discovered", "either"]) assert.equal(await status(name, token), 200, name);
    assert.equal(await status("keys", token), 401);
    assert.equal(await status("asked", "never-issued"), 401);
  });

  test("a token without the scope is refused with the scope that it needs", async () => {
    const answer = await call("writing", await issuer.token());
    assert.equal(answer.status, 403);
    assert.match(answer.headers.get("www-authenticate"), /error="insufficient_scope".*scope="orders:write"/);
    assert.equal(await status("writing", await issuer.token({ scope: "orders:read orders:write" })), 200);
  });

  test("a signed token passes by the issuer's keys", async () => {
    const token = await issuer.token({ form: "jwt" });
    for (const name of ["keys", "either", "signed"]) assert.equal(await status(name, token), 200, name);
    // This issuer does not let signed tokens be asked about.
    assert.equal(await status("asked", token), 401);
  });

  test("an answer is remembered, so that the issuer is asked once", async () => {
    const token = await issuer.token();
    const before = issuer.asked("/token/introspection");
    for (let n = 0; n < 20; n += 1) assert.equal(await status("remembered", token), 200);
    assert.equal(issuer.asked("/token/introspection") - before, 1);
  });

  test("a revoked token passes no longer", async () => {
    const token = await issuer.token();
    assert.equal(await status("asked", token), 200);
    await issuer.revoke(token);
    const answer = await call("asked", token);
    assert.equal(answer.status, 401);
    assert.match(answer.headers.get("www-authenticate"), /error="invalid_token"/);
  });

  test("a token that is remembered passes until its end and not longer", async () => {
    const token = await issuer.token({ seconds: 2 });
    assert.equal(await status("remembered", token), 200);
    await until("the token to be over", async () => (await status("remembered", token)) === 401);
  });

  test("forged tokens are refused (RFC 8725)", async () => {
    const good = await issuer.token({ form: "jwt" });
    const [head, claims, signature] = good.split(".");
    const parse = (part) => JSON.parse(Buffer.from(part, "base64url"));
    const encode = (json) => Buffer.from(JSON.stringify(json)).toString("base64url");
    const own = signingKey(parse(head).kid);
    const signed = (header, body) => {
      const input = `${encode(header)}.${encode(body)}`;
      const key = { key: own, format: "jwk", dsaEncoding: "ieee-p1363" };
      return `${input}.${sign("sha256", Buffer.from(input), key).toString("base64url")}`;
    };
    const published = (await (await fetch(`${issuer.url}/jwks`)).json()).keys[0];
    const pem = createPublicKey({ key: published, format: "jwk" }).export({ type: "spki", format: "pem" });
    const confused = `${encode({ ...parse(head), alg: "HS256" })}.${claims}`;
    const { d: _, ...ownPublic } = own;
    const forged = {
      "no algorithm": `${encode({ ...parse(head), alg: "none" })}.${claims}.`,
      "the public key as a secret": `${confused}.${createHmac("sha256", pem).update(confused).digest("base64url")}`,
      "another's key under the right name": signed(parse(head), parse(claims)),
      "a key that the token brings along": signed({ ...parse(head), jwk: ownPublic }, parse(claims)),
      "a key that the token points to": signed({ ...parse(head), jku: `${issuer.url}/other` }, parse(claims)),
      "other claims under a good signature": `${head}.${encode({ ...parse(claims), sub: "root" })}.${signature}`,
      "another algorithm": `${encode({ ...parse(head), alg: "ES384" })}.${claims}.${signature}`,
      "a signature of zeroes": `${head}.${claims}.${Buffer.alloc(64).toString("base64url")}`,
      "no signature": `${head}.${claims}.`,
    };
    for (const [what, token] of Object.entries(forged)) {
      for (const name of ["keys", "either", "signed"]) assert.equal(await status(name, token), 401, `${what}, ${name}`);
    }
    assert.equal(issuer.asked("/other"), 0);
    assert.equal(await status("keys", good), 200);
  });

  test("a key that is rotated in works within the floor, and unknown ones cause no flood", async () => {
    const old = await issuer.token({ form: "jwt" });
    const before = issuer.asked("/jwks");
    issuer.signWith(signingKey("second"));
    const token = await issuer.token({ form: "jwt" });
    for (const name of ["keys", "signed"]) {
      await until(`${name} to know the new key`, async () => (await status(name, token)) === 200);
      assert.equal(await status(name, old), 401, "the old key is gone");
    }
    const head = Buffer.from(JSON.stringify({ alg: "ES256", typ: "at+jwt", kid: "nobody's" })).toString("base64url");
    const began = Date.now();
    for (let n = 0; n < 200; n += 1) assert.equal(await status("keys", `${head}.e30.AAAA`), 401);
    const floors = Math.ceil((Date.now() - began) / 1_000);
    assert.ok(issuer.asked("/jwks") - before <= 20 + 2 * floors, `${issuer.asked("/jwks") - before} fetches`);
  });

  test("many that wait for one answer cause one question, also when the first one leaves", async () => {
    const token = await issuer.token();
    const before = issuer.asked("/token/introspection");
    issuer.stall();
    const leaving = new AbortController();
    const first = call("remembered", token, { signal: leaving.signal }).catch((error) => error.name);
    await until("the first question", () => issuer.held() === 1);
    const others = Array.from({ length: 20 }, () => status("remembered", token));
    assert.equal(await status("open"), 200, "others are not held up");
    leaving.abort();
    assert.equal(await first, "AbortError");
    await until("the next one to ask", () => issuer.held() === 2);
    issuer.release();
    assert.deepEqual(new Set(await Promise.all(others)), new Set([200]));
    assert.equal(issuer.asked("/token/introspection") - before, 2);
  });

  test("an issuer that stalls gives 503 in time, and known tokens still pass", async () => {
    const [known, token, signed] = [await issuer.token(), await issuer.token(), await issuer.token({ form: "jwt" })];
    assert.equal(await status("remembered", known), 200);
    await until("the key to be known", async () => (await status("keys", signed)) === 200);
    issuer.stall();
    const answer = await call("remembered", token);
    assert.deepEqual([answer.status, (await answer.json()).error], [503, "Tokens cannot be checked now"]);
    assert.equal(await status("remembered", known), 200);
    assert.equal(await status("keys", signed), 200);
    issuer.release();
    await until("it to be asked again", async () => (await status("remembered", token)) === 200);
  });

  test("an issuer that stalls gets no more than 32 questions of one policy at once", async () => {
    issuer.stall();
    const made = Array.from({ length: 100 }, (_, n) => status("remembered", `made-up-${n}`));
    await until("all that may be asked", () => issuer.held() === 32);
    assert.deepEqual(new Set(await Promise.all(made)), new Set([503]));
    issuer.release();
    await until("it to be asked again", async () => (await status("remembered", "made-up-0")) === 401);
  });

  test("an issuer that is gone gives 503, and signed and known tokens still pass", async () => {
    const [known, token, signed] = [await issuer.token(), await issuer.token(), await issuer.token({ form: "jwt" })];
    assert.equal(await status("remembered", known), 200);
    for (const name of ["keys", "either", "signed"]) {
      await until(`${name} to know the key`, async () => (await status(name, signed)) === 200);
    }
    await issuer.die();
    assert.equal(await status("remembered", token), 503);
    assert.equal(await status("discovered", token), 503);
    assert.equal(await status("remembered", known), 200);
    for (const name of ["keys", "either", "signed"]) assert.equal(await status(name, signed), 200, name);
    await issuer.revive();
    for (const name of ["remembered", "discovered"]) {
      await until(`${name} to ask again`, async () => (await status(name, token)) === 200);
    }
  });

  test("the metadata is where RFC 9728 derives its address, and nothing else of the API is", async () => {
    const [derived, below] = [`${origin}${WELL_KNOWN}/signed`, `${origin}/signed${WELL_KNOWN}`];
    assert.deepEqual(await (await fetch(derived)).json(), await (await fetch(below)).json());
    const hits = backend.hits();
    for (const other of [`${WELL_KNOWN}/signed/other`, `${WELL_KNOWN}/open`, "/.well-known/other/signed", WELL_KNOWN]) {
      assert.equal((await fetch(`${origin}${other}`)).status, 404, other);
    }
    assert.equal(backend.hits(), hits);
  });

  for (const name of ["signed", "told"]) {
    test(`a caller who knows only the address of ${name} finds where to get a token`, async () => {
      const challenged = await call(name);
      const address = challenged.headers.get("www-authenticate").match(/^Bearer .*resource_metadata="([^"]+)"/)[1];
      assert.equal(address, `${origin}/${name}${WELL_KNOWN}`);
      const metadata = await (await fetch(address)).json();
      assert.equal(metadata.resource, `${origin}/${name}`);
      const [server] = metadata.authorization_servers;
      const discovered = await (await fetch(`${server}/.well-known/openid-configuration`)).json();
      assert.equal(discovered.token_endpoint, `${issuer.url}/token`);
      assert.equal(await status(name, await issuer.token({ form: name === "signed" ? "jwt" : "opaque" })), 200);
      const posted = await fetch(address, { method: "POST" });
      assert.deepEqual([posted.status, posted.headers.get("allow")], [405, "GET"]);
    });
  }
});
