// Lists longer than a screen, in Chromium against `gatepost serve`: they come in parts, and the gateway searches.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openChromium } from "../lib/chromium.mjs";
import { serve } from "../lib/gatepost.mjs";
import { freePort } from "../lib/machine.mjs";
import { until } from "../lib/until.mjs";

/** More than two parts of a list. */
const CLIENTS = 450;
const nameOf = (n) => `App ${String(n).padStart(3, "0")}`;

function config(port) {
  const numbers = Array.from({ length: CLIENTS }, (_, n) => n);
  const clients = numbers.map((n) => `  - {name: ${nameOf(n)}, credentials: [{client_id: id-${n}-x, client_secret: secret-of-${n}}]}`);
  const contracts = numbers.slice(1).map((n) => `  - {client: ${nameOf(n)}, api: orders, version: v1}`);
  return [
    "gatepost: 1",
    `apis:\n  - {name: Orders, listen: {port: ${port}}, upstream: {url: "http://127.0.0.1:9"}}`,
    `clients:\n${clients.join("\n")}`,
    `contracts:\n${contracts.join("\n")}`,
  ].join("\n");
}

describe("many client apps", () => {
  let gatepost, hand;
  const asked = [];
  before(async () => {
    gatepost = await serve({ config: config(await freePort()) });
    hand = await openChromium(gatepost.url);
    hand.page.on("request", (request) => asked.push(new URL(request.url())));
    await hand.read("Gateway running");
  });
  after(async () => {
    await hand?.close();
    await gatepost?.stop();
  });
  const lists = (path) => asked.filter(({ pathname }) => pathname === `/api${path}`);

  test("the rail counts them without reading them", async () => {
    await hand.page.locator(".rail-item", { hasText: "Clients" }).getByText(String(CLIENTS)).waitFor();
    assert.deepEqual(lists("/clients").filter(({ searchParams }) => !searchParams.has("limit")), []);
  });
  test("the list reads on as it is scrolled, to its end", async () => {
    await hand.go("/clients");
    const grid = hand.page.getByRole("grid", { name: "Client apps" });
    await grid.getByText(nameOf(0)).waitFor();
    await until("the last one to be in sight", async () => {
      await grid.evaluate((element) => element.scrollTo(0, element.scrollHeight));
      return grid.getByText(nameOf(CLIENTS - 1)).isVisible();
    });
    assert.deepEqual([...new Set(lists("/clients").map(({ searchParams }) => searchParams.get("limit")))], ["200"]);
  });
  test("the gateway finds one by a part of its client ID", async () => {
    await hand.page.getByLabel("Find a client app").fill("id-37-");
    const grid = hand.page.getByRole("grid", { name: "Client apps" });
    await until("one row", async () => (await grid.getByRole("row").count()) === 2);
    await grid.getByText(nameOf(37)).waitFor();
  });
  test("the palette goes to one of them", async () => {
    await hand.page.keyboard.press("Control+k");
    await hand.page.getByRole("combobox", { name: "Search or run" }).fill(nameOf(431));
    await hand.page.getByRole("option", { name: new RegExp(nameOf(431)) }).waitFor();
    await hand.page.keyboard.press("Enter");
    await hand.see("heading", nameOf(431));
  });
  test("contracts are found by name, and the one client app without gets one", async () => {
    const [api] = await gatepost.api("GET", "/apis");
    await hand.go(`/apis/${api.id}?tab=contracts`);
    await hand.see("tab", new RegExp(`Contracts ?${CLIENTS - 1}`));
    await hand.page.getByLabel("Find a contract").fill(nameOf(222));
    const grid = hand.page.getByRole("grid", { name: "Contracts" });
    await until("one row", async () => (await grid.getByRole("row").count()) === 2);
    await grid.getByRole("button", { name: "Revoke" }).click();
    await grid.getByText("Revoked").waitFor();
    await hand.choose("Client app", nameOf(0));
    await hand.click("button", "Give access");
    await hand.read(`${nameOf(0)} may call Orders now.`);
    await hand.page.getByText("Every client app has a contract").first().waitFor({ state: "attached" });
  });
  test("the tester finds whom to call as", async () => {
    await hand.go("/tester");
    await hand.page.getByLabel("Find a client app").fill(nameOf(399));
    await until("the one to be offered", async () => {
      const offered = await hand.page.getByLabel("Call as").locator("option").allTextContents();
      return offered.includes(nameOf(399)) && offered.length === 2;
    });
    await hand.choose("Call as", nameOf(399));
    assert.deepEqual(await hand.faults(), []);
  });
});
