// The story by click: put a proxy before a backend, protect it, let one client in, and see 401, 200 and 429.

import assert from "node:assert/strict";

export const API = "Posts API";
export const CLIENT = "MyTestApp";
/** Calls a minute that the story allows. */
export const LIMIT = 5;

/** Adds an API from the list of APIs, on a port of the story's own. */
export async function addApi(hand, { url, port }) {
  await hand.go("/apis");
  await hand.click("button", "Add API");
  await hand.fill("Name", API);
  await hand.fill("Upstream URL", url);
  await hand.click("button", /^More/);
  await hand.fill("Port", String(port));
  await hand.read(`http://127.0.0.1:${port}/posts-api/v1`);
  await hand.click("button", "Add API", { within: ["dialog", "Add API"] });
  await hand.see("heading", API);
}

/** Chooses a policy in the catalogue, so that its form opens. Begins on the API's screen. */
async function choosePolicy(hand, name) {
  await hand.click("tab", /^Policies/);
  await hand.click("button", "Add policy");
  await hand.fill("Search policies", name);
  await hand.click("button", "Choose", { within: ["dialog", "Add policy"] });
  await hand.see("complementary", `Add ${name}`);
}

async function addPolicy(hand, name) {
  await hand.click("button", "Add", { within: ["complementary", `Add ${name}`] });
  await hand.see("complementary", `Edit ${name}`);
}

/** Requires a client ID, and limits the calls. */
export async function protect(hand) {
  await choosePolicy(hand, "client-id-enforcement");
  await addPolicy(hand, "client-id-enforcement");
  await choosePolicy(hand, "rate-limiting");
  await hand.fill(/^Requests/i, String(LIMIT));
  await hand.fill(/^Per\b/i, "1");
  await hand.choose(/^Unit of per/i, "minutes");
  await hand.fill("Key", "");
  await addPolicy(hand, "rate-limiting");
}

/** Creates a client app and lets it call the API; gives the ID and secret that were issued. */
export async function letAClientIn(hand) {
  await hand.go("/clients");
  await hand.click("button", /^New client/);
  await hand.fill("Name", CLIENT);
  await hand.click("button", "Create");
  await hand.see("dialog", `${CLIENT} is created`);
  const issued = await hand.evaluate(
    "return [...document.querySelectorAll('[role=dialog] dd')].map((shown) => shown.innerText.split(/\\s/)[0].replace(/Copy$/, ''))",
  );
  assert.equal(issued.length, 2, "an ID and a secret are shown");
  assert.match(issued[0], /^[0-9a-f]{32}$/);
  assert.ok(issued[1].length >= 32, "the secret is long");
  await hand.click("button", "Give it access to an API");
  await hand.click("button", "Give access");
  await hand.click("menuitem", `${API} v1`);
  await hand.read("Approved");
  return { client_id: issued[0], client_secret: issued[1] };
}

/** Sends from the tester: refused without credentials, let in with them, refused again beyond the limit. */
export async function callUntilRefused(hand, body) {
  await hand.go("/tester");
  await hand.choose("API", `${API} v1`);
  await hand.choose("Call as", "No credentials");
  await hand.click("button", "Send");
  await hand.read("401 Unauthorized");
  await hand.read("Refused by client-id-enforcement");
  await hand.click("tab", /^Headers/, { within: ["tablist", "Answer"] });
  await hand.read(/www-authenticate Client-ID-Enforcement/i);

  await hand.choose("Call as", CLIENT);
  await hand.click("button", "Send");
  await hand.read("200 OK");
  await hand.click("button", "Raw");
  await hand.read(body);

  await hand.click("button", "Send many");
  await hand.fill("Calls", String(LIMIT));
  await hand.click("button", `Send ${LIMIT} times`);
  await hand.read(`${LIMIT} calls`);
  await hand.see("img", `${LIMIT - 1} × 200, 1 × 429`);

  await hand.click("button", "Send");
  await hand.read("429 Too Many Requests");
  await hand.read("Refused by rate-limiting");
  await hand.read(/Calls pass again in \d+ s/);
}

/** What the story's calls come to: one without credentials, the limit's worth let through, two beyond it. */
export const MADE = { calls: LIMIT + 3, passed: LIMIT, refused: 3 };

/** Every call is in the list, and a refused one says which policy refused it. */
export async function seeTheTraffic(hand) {
  await hand.go("/traffic");
  await hand.read(`${MADE.calls} calls`);
  await hand.fill("Filter calls", "status:429");
  await hand.press("Enter");
  await hand.read("2 calls");
  await hand.click("row", /429/);
  await hand.read("Trail");
  await hand.read(/rate-limiting Refused/);
  await hand.press("Escape");
}

/** The charts show exactly the calls that were made. */
export async function seeTheFigures(hand) {
  await hand.go("/analytics");
  await hand.read(new RegExp(`Calls, [^A-Z]* a second ${MADE.calls}\\b`, "i"));
  await hand.read(new RegExp(`Violations ${((MADE.refused / MADE.calls) * 100).toFixed(1).replace(/\.0$/, "")}`));
  await hand.read(/client-id-enforcement 1\b/);
  await hand.read(/rate-limiting 2\b/);
}
