// A Gatepost with something to show: an API with three policies, two client apps, and some calls of each kind.

import { startBackend } from "./backend.mjs";
import { serve } from "./gatepost.mjs";
import { freePort } from "./machine.mjs";

const config = (port, backend) => `
gatepost: 1
apis:
  - name: Orders API
    listen: {port: ${port}}
    upstream: {url: "${backend}"}
    policies:
      - policy: client-id-enforcement
      - policy: rate-limiting
        config: {limits: [{requests: 60, per: 1m}], key: "#[authentication.clientId]", expose_headers: true}
      - policy: header-injection
        config: {inbound_headers: [{key: x-team, value: orders}], outbound_headers: [{key: x-served-by, value: gatepost}]}
        only: [{methods: [GET], path: "/.*"}]
  - name: Catalog Search
    version: v3
    listen: {port: ${port}}
    upstream: {url: "${backend}"}
  - name: Payments API
    listen: {port: ${port}}
    upstream: {url: "http://127.0.0.1:1/"}
clients:
  - name: MyTestApp
    credentials: [{client_id: my-test-app, client_secret: a-secret-of-the-tests}]
  - name: Storefront
    credentials: [{client_id: storefront, client_secret: another-secret-of-the-tests}]
contracts:
  - {client: MyTestApp, api: orders-api, version: v1}
`;

/** Starts it, seeds it and calls it; ends with `stop`. */
export async function seededGatepost() {
  const backend = await startBackend();
  const port = await freePort();
  const gatepost = await serve({ config: config(port, backend.url) });
  const call = async (times, path, headers = {}) => {
    for (let n = 0; n < times; n += 1) await (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).arrayBuffer();
  };
  await call(64, "/orders-api/v1/orders/17?expand=lines", { client_id: "my-test-app", client_secret: "a-secret-of-the-tests" });
  await call(7, "/orders-api/v1/orders");
  await call(40, "/catalog-search/v3/search?q=lamp");
  await call(3, "/payments-api/v1/charges");
  await call(2, "/nowhere");
  return {
    ...gatepost,
    stop: async () => {
      await gatepost.stop();
      await backend.stop();
    },
  };
}
