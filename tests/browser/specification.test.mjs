// An API's own specification by click, in Chromium against `gatepost serve`: brought, listed, used for a policy's scope,
// enforced, taken away.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { startBackend } from "../lib/backend.mjs";
import { openChromium } from "../lib/chromium.mjs";
import { serve } from "../lib/gatepost.mjs";
import { folder, freePort } from "../lib/machine.mjs";
import { until } from "../lib/until.mjs";

const SPEC = `openapi: 3.0.3
info: {title: The pets, version: "2.1"}
paths:
  /pets/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
    get: {summary: One pet, operationId: show_pet, responses: {200: {description: One}}}
    delete: {summary: A pet leaves, deprecated: true, responses: {204: {description: Gone}}}
  /pets:
    get: {summary: All pets, responses: {200: {description: All}}}
`;

describe("an API's specification", () => {
  let backend, gatepost, hand, files, api, base;
  before(async () => {
    backend = await startBackend();
    gatepost = await serve();
    files = folder();
    const port = await freePort();
    base = `http://127.0.0.1:${port}/shop/pets`;
    api = await gatepost.api("POST", "/apis", {
      name: "Pet shop",
      listen: { port, base_path: "/shop" },
      upstream: { url: backend.url },
    });
    hand = await openChromium(gatepost.url);
    await hand.go(`/apis/${api.id}?tab=specification`);
  });
  after(async () => {
    await hand?.close();
    await gatepost?.stop();
    await backend?.stop();
    files?.remove();
  });

  const upload = async (text) => {
    const file = path.join(files.dir, "pets.yaml");
    await writeFile(file, text);
    await hand.page.getByLabel("OpenAPI file").setInputFiles(file);
    await until("the text to be there", async () => (await hand.page.getByLabel("OpenAPI document").inputValue()) === text);
  };

  test("a faulty one is refused with the place and line of each fault", async () => {
    await hand.read("This API has no specification yet");
    await hand.click("button", "Add a specification");
    await upload(SPEC.replace("name: id", "name: other"));
    await hand.click("button", "Add", { within: ["dialog", "Add a specification"] });
    await hand.read("does not describe the path's parameter `id` (line 6)");
    await hand.read("describes `other`, which is not in the path");
    assert.deepEqual(await hand.faults(), []);
    await hand.shot("specification-faulty");
  });

  test("a sound one is uploaded, listed by operation and given back as it was", async () => {
    await upload(SPEC);
    await hand.click("button", "Add", { within: ["dialog", "Add a specification"] });
    await hand.read("Pet shop is described now: 3 operations.");
    await hand.read(/The pets 2\.1 OpenAPI 3\.0\.3, YAML/);
    await hand.read(/GET \/pets\/\{id\} One pet DELETE \/pets\/\{id\} A pet leaves deprecated GET \/pets All pets/);
    await hand.fill("Find an operation", "leaves");
    await until("one row", async () => !(await hand.text()).includes("All pets"));
    await hand.fill("Find an operation", "");
    const [download] = await Promise.all([hand.page.waitForEvent("download"), hand.click("button", "Download")]);
    assert.equal(await readFile(await download.path(), "utf8"), SPEC);
    assert.equal(download.suggestedFilename(), "pet-shop-v1.yaml");
    assert.deepEqual(await hand.faults(), []);
    for (const theme of ["dark", "light"]) {
      await hand.theme(theme);
      await hand.shot(`specification-${theme}`);
    }
  });

  test("its operations are picked as the scope of a policy, which then enforces it", async () => {
    const calls = async () => [(await fetch(`${base}/7`)).status, (await fetch(`${base}/x`)).status, (await fetch(`${base}x`)).status];
    const passes = (await calls())[0];
    await gatepost.api("POST", `/apis/${api.id}/policies`, { policy: "schema-validation" });
    const [applied] = await gatepost.api("GET", `/apis/${api.id}/policies`);
    await hand.go(`/apis/${api.id}?tab=policies&policy=${applied.id}`);
    assert.deepEqual(await calls(), [passes, 400, 400]);
    const picker = "Add an operation of the specification";
    await hand.choose(picker, "GET /pets/{id}");
    await hand.choose(picker, "DELETE /pets/{id}");
    assert.equal(await hand.page.getByLabel("Path of row 1").inputValue(), "/pets/[^/]+");
    assert.equal(await hand.page.getByLabel("Path of row 2").count(), 0, "the same path is one row");
    assert.deepEqual(await hand.faults(), []);
    for (const theme of ["dark", "light"]) {
      await hand.theme(theme);
      await hand.shot(`specification-scope-${theme}`);
    }
    await hand.press("Control+Enter");
    await until("the scope to be in force", async () => {
      const [saved] = await gatepost.api("GET", `/apis/${api.id}/policies`);
      return saved.only.length === 1 && saved.only[0].methods.join() === "GET,DELETE";
    });
    assert.deepEqual(await calls(), [passes, 400, passes], "outside the scope everything passes");
  });

  test("it stays while a policy needs it, and goes when none does", async () => {
    await hand.go(`/apis/${api.id}?tab=specification`);
    await hand.click("button", "Remove");
    await hand.click("button", "Remove the specification");
    await hand.read("schema-validation could not be enforced any more");
    await hand.click("button", "Cancel");
    const [applied] = await gatepost.api("GET", `/apis/${api.id}/policies`);
    await gatepost.api("DELETE", `/apis/${api.id}/policies/${applied.id}`);
    await hand.click("button", "Remove");
    await hand.click("button", "Remove the specification");
    await hand.read("This API has no specification yet");
  });
});
