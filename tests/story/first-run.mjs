// The walk through the story that an empty Gatepost offers, with the built-in sample API, offline.

import { isFree } from "../lib/machine.mjs";
import { until } from "../lib/until.mjs";

/** Where a new API listens unless its user says otherwise; the tour uses it. */
const DEFAULT_PORT = 8081;

/** Takes every step of the tour, to the overview that follows it. */
export async function takeTheTour(hand) {
  await until(`port ${DEFAULT_PORT} to be free, which the tour's API needs`, () => isFree(DEFAULT_PORT));
  await hand.read("Protect an API in five minutes");
  await hand.read("0 of 6 done");
  await hand.click("button", "Start");
  await hand.read("1 of 6 done");
  await hand.click("button", "Add Posts API");
  await hand.read(`http://127.0.0.1:${DEFAULT_PORT}/posts/v1, in force`);
  await hand.click("button", "Put it on");
  await hand.read("client-id-enforcement, in force");
  await hand.click("button", "Issue ID and secret");
  await hand.read("4 of 6 done");
  await hand.click("button", "Call without the secret");
  await hand.read("401");
  await hand.click("button", "Call as MyTestApp");
  await hand.read("One was refused with 401, one passed");
  await hand.click("button", "I see them");
  await hand.read("6 of 6 done");
  await hand.click("button", "Limit it, and send 6 calls");
  await hand.read("The sixth call within a minute gets 429");
}

/** What the tour called: one refused for its missing client ID, one passed, five more passed and one over the limit. */
export const MADE = { calls: 8, passed: 6, refused: 2 };

/** Ends the tour; the overview shows what was called. */
export async function finishTheTour(hand) {
  await hand.click("button", "Finish");
  await hand.see("heading", "APIs by traffic");
}
