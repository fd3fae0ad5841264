import { expect, it } from "vitest";
import type { Second } from "@/api/types";
import type { Command } from "./commands";
import { matching } from "./palette";
import { analyticsSearch, testerSearch, trafficSearch } from "./search";
import { rateOf } from "./status-bar";
import { tokenIn } from "./token-page";

const command = (label: string, detail?: string) => ({ id: label, label, detail, group: "Do", run: () => undefined }) as unknown as Command;

it("finds commands by part of their words, best first, and none by nonsense", () => {
  const commands = [command("Theme: dark"), command("Add API"), command("Orders API", "v2")];
  expect(matching(commands, "orders")[0]?.label).toBe("Orders API");
  expect(matching(commands, "dark").map((found) => found.label)).toEqual(["Theme: dark"]);
  expect(matching(commands, "zzzzqqq")).toEqual([]);
  expect(matching(commands, " ")).toHaveLength(3);
});

it("drops search values that are wrong", () => {
  expect(testerSearch({ api: "7", client: "x", path: "", method: "GET", other: 1 })).toEqual({ api: 7, method: "GET" });
  expect(trafficSearch({ q: 404, call: 1.5 })).toEqual({ q: "404" });
  expect(analyticsSearch({ range: "1h", api: 3 })).toEqual({ range: "1h", api: 3 });
});

it("takes the token out of the printed address, or as it is", () => {
  expect(tokenIn(" http://127.0.0.1:7070/#token=a%2Bb ")).toBe("a+b");
  expect(tokenIn("abc")).toBe("abc");
});

it("gives the rate over the last whole seconds", () => {
  const seconds = [1_000, 7_000, 8_000, 9_000].map((at_ms) => ({ at_ms, calls: 30 }) as Second);
  expect(rateOf(seconds, 10_000)).toBe(30);
  expect(rateOf([], 10_000)).toBe(0);
});
