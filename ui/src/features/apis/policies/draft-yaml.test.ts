import { describe, expect, it } from "vitest";
import { type Draft, same } from "./draft";
import { faultsInYaml, readYaml, yamlOf } from "./draft-yaml";

const draft: Draft = {
  policy: "rate-limiting",
  config: { limits: [{ requests: 60, per: "1m" }], key: "#[attributes.headers['x-user']]", expose_headers: true },
  only: [{ methods: ["POST"], path: "/orders/.*" }],
  enabled: false,
  shadow: true,
};

describe("yamlOf and readYaml", () => {
  it("are each other's inverse", () => {
    const read = readYaml(yamlOf(draft), "rate-limiting");
    expect(read.faults).toEqual([]);
    expect(read.draft && same(read.draft, draft)).toBe(true);
  });

  it("keep text that looks like a number or a duration as it was", () => {
    const tricky: Draft = {
      policy: "p",
      config: { a: "1e3", b: "true", c: "0x10", d: "12", e: "# no comment", f: "" },
      only: [],
      enabled: true,
      shadow: false,
    };
    expect(readYaml(yamlOf(tricky), "p").draft?.config).toEqual(tricky.config);
  });

  it("accept the item without its dash", () => {
    expect(readYaml("policy: p\nconfig: {a: 1}\n", "p").draft).toEqual({
      policy: "p",
      config: { a: 1 },
      only: [],
      enabled: true,
      shadow: false,
    });
  });
});

describe("readYaml", () => {
  it("points at the line that does not parse", () => {
    const { faults, draft } = readYaml("- policy: p\n  config: {a: [1, 2}\n", "p");
    expect(draft).toBeNull();
    expect(faults[0]?.line).toBe(2);
  });

  it("names every wrong key with its line", () => {
    const { faults } = readYaml("- policy: p\n  config: []\n  enabled: fals\n  shadow: yess\n  colour: red\n", "p");
    expect(faults.map((fault) => fault.line).toSorted()).toEqual([2, 3, 4, 5]);
    expect(faults.find((fault) => fault.line === 3)?.message).toBe("enabled takes true or false");
    expect(faults.find((fault) => fault.line === 4)?.message).toBe("shadow takes true or false");
  });

  it("does not let one policy become another", () => {
    expect(readYaml("- policy: cors\n", "rate-limiting").faults[0]?.message).toContain("must stay rate-limiting");
  });

  it("refuses a bomb of aliases", () => {
    expect(readYaml("- policy: &a p\n  config: {b: *a}\n", "p").faults[0]?.message).toContain("aliases");
  });

  it("says what it wants when the text is something else", () => {
    for (const text of ["", "just words", "- 1\n- 2", "42"]) expect(readYaml(text, "p").faults).toHaveLength(1);
  });
});

describe("faultsInYaml", () => {
  const text = yamlOf(draft);
  it("puts a fault at the line of its value", () => {
    const [fault] = faultsInYaml(text, [{ field: "config.limits[0].per", message: "too short" }]);
    expect(text.split("\n")[(fault?.line ?? 0) - 1]).toContain("per: 1m");
  });

  it("puts the fault of a missing value at its parent", () => {
    const [fault] = faultsInYaml("- policy: p\n  config:\n    a: {b: 1}\n", [{ field: "config.a.c", message: "is required" }]);
    expect(fault?.line).toBe(3);
  });
});
