// An OpenID Connect issuer of another maker, npm's oidc-provider, on a port of its own, which can stall and die.

import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const CLIENT = { client_id: "my-test-app", client_secret: "s3cret", id_token_signed_response_alg: "ES256" };
const basic = `Basic ${Buffer.from(`${CLIENT.client_id}:${CLIENT.client_secret}`).toString("base64")}`;

/** A key to sign with, as a private JWK. */
export function signingKey(kid) {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), kid, use: "sig", alg: "ES256" };
}

/** What a resource `<origin>/<form>/<seconds>` asks for: `jwt` or `opaque` tokens that live so long. */
function resourceServer(resource) {
  const [form, seconds] = new URL(resource).pathname.split("/").slice(1);
  return {
    scope: "orders:read orders:write",
    audience: resource,
    accessTokenFormat: form,
    accessTokenTTL: Number(seconds),
    ...(form === "jwt" && { jwt: { sign: { alg: "ES256" } } }),
  };
}

export async function startIssuer() {
  let answer, port, server;
  let isStalled = false;
  const held = [];
  const asked = [];
  const listen = async () => {
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      if (isStalled) held.push(() => answer(request, response));
      else answer(request, response);
    });
    await new Promise((resolve, reject) => server.once("error", reject).listen(port ?? 0, "127.0.0.1", resolve));
    port = server.address().port;
  };
  await listen();
  const issuer = `http://127.0.0.1:${port}`;
  const it = {
    url: issuer,
    authorization: basic,
    /** How often a path was asked for. */
    asked: (path) => asked.filter((line) => line.endsWith(` ${path}`)).length,
    /** Signs with this key from now on, and knows no other. */
    signWith(key) {
      const provider = new Provider(issuer, {
        clients: [{ ...CLIENT, grant_types: ["client_credentials"], redirect_uris: [], response_types: [] }],
        jwks: { keys: [key] },
        features: {
          clientCredentials: { enabled: true },
          devInteractions: { enabled: false },
          introspection: { enabled: true },
          revocation: { enabled: true },
          resourceIndicators: {
            enabled: true,
            getResourceServerInfo: (_, resource) => resourceServer(resource),
            useGrantedResource: () => true,
          },
        },
      });
      answer = provider.callback();
    },
    /** An access token of the client app, `jwt` or `opaque`. */
    async token({ form = "opaque", seconds = 600, scope = "orders:read" } = {}) {
      const resource = `https://api.test/${form}/${seconds}`;
      const body = new URLSearchParams({ grant_type: "client_credentials", resource, scope });
      const got = await fetch(`${issuer}/token`, { method: "POST", headers: { authorization: basic }, body });
      const said = await got.json();
      if (!got.ok) throw new Error(`${got.status} ${JSON.stringify(said)}`);
      return said.access_token;
    },
    async revoke(token) {
      const body = new URLSearchParams({ token });
      const got = await fetch(`${issuer}/token/revocation`, { method: "POST", headers: { authorization: basic }, body });
      if (!got.ok) throw new Error(`${got.status} ${await got.text()}`);
    },
    /** Takes questions and answers none until `release`. */
    stall() {
      isStalled = true;
    },
    release() {
      isStalled = false;
      for (const go of held.splice(0)) go();
    },
    /** How many questions wait for an answer. */
    held: () => held.length,
    die: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
    revive: listen,
  };
  it.signWith(signingKey("first"));
  return it;
}
