import { describe, expect, test } from "vitest";
import { apiSchema } from "@/api/fake/api-schema";
import { faultsBelow, isOn, part, presetsOf, readYaml, SECTIONS, withPart, yamlOf } from "./sections";

const presets = presetsOf(apiSchema());
const words = (id: string, value: Record<string, unknown>) => SECTIONS.find((section) => section.id === id)?.words(value, presets);

describe("an upstream in groups", () => {
  test("says in a line what is in force", () => {
    expect(words("health", {})).toBe("off");
    expect(words("health", { health: { path: "/up" } })).toBe("asks /up every 10s");
    expect(words("spread", {})).toBe("round robin");
    expect(words("timeouts", { timeouts: { total: "1m" } })).toBe("connect 5s, response 15s, idle 5m, keep alive 1m, total 1m");
    expect(words("ejection", {})).toBe("after 5 failures in a row, for 10s");
    expect(words("ejection", { ejection: false })).toBe("off");
    expect(words("retries", { retries: { on_status: [503] } })).toBe("1 more, where that is safe, also on 503");
    expect(words("tls", { tls: { verify: false } })).toBe("any certificate is taken");
  });

  test("changing one group leaves the others as they are", () => {
    const upstream = { url: "http://a", timeouts: { connect: "1s" }, balance: "round_robin" };
    expect(withPart(upstream, ["timeouts"], { timeouts: undefined })).toEqual({ url: "http://a", balance: "round_robin" });
    expect(part(upstream, ["url", "health"])).toEqual({ url: "http://a" });
  });

  test("a switch is as the gateway has it unless said otherwise", () => {
    const ejection = SECTIONS.find(({ id }) => id === "ejection")?.toggle;
    if (!ejection) throw new Error("no switch");
    expect([undefined, false, true, { failures: 1 }].map((value) => isOn(value, ejection))).toEqual([true, false, true, true]);
  });

  test("what a schema has as default holds, and what has none is left out", () => {
    expect(presets("EjectionSettings")).toEqual({ failures: 5, duration: "10s", max_percent: 50 });
    expect(presets("CeilingsInput")).toEqual({});
    expect(presets("Nothing")).toEqual({});
  });

  test("faults go to the place they are about", () => {
    const faults = [
      { field: "routes[0].upstream.url", message: "a" },
      { field: "upstream.url", message: "b" },
      { field: "upstreams", message: "c" },
    ];
    expect(faultsBelow(faults, "upstream")).toEqual([{ field: "url", message: "b" }]);
    expect(faultsBelow(faultsBelow(faults, "routes"), "[0].upstream")).toEqual([{ field: "url", message: "a" }]);
  });

  test("YAML reads back as what was written, and says what it cannot take", () => {
    const draft = { upstream: { url: "http://a" }, routes: [{ name: "r", upstream: { url: "http://b" } }] };
    expect(readYaml(yamlOf(draft))).toEqual(draft);
    expect(readYaml("routes: []")).toBe("upstream is missing");
    expect(readYaml("upstream: {}\npolicies: []")).toBe("policies is not known here: upstream and routes are");
    expect(typeof readYaml("upstream: [")).toBe("string");
  });
});
