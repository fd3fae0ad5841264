import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it } from "vitest";
import type { Config, Fault } from "@/api/types";
import { SchemaForm } from "./schema-form";
import { validator } from "./validator";

const duration = { type: ["string", "integer"], format: "duration" };
const schema = {
  type: "object",
  properties: {
    limits: { type: "array", items: { $ref: "#/$defs/Limit" } },
    key: { description: "Counts per this", anyOf: [{ type: "string", format: "expression" }, { type: "null" }] },
    origin: { type: "string", format: "expression", default: "#[x]" },
    expose_headers: { type: "boolean", default: true },
    level: { type: "string", enum: ["info", "warn"], default: "info" },
    password: { type: "string", format: "password" },
    size: { type: "integer", default: 10 },
    sides: { type: "array", uniqueItems: true, minItems: 1, default: ["in"], items: { type: "string", enum: ["in", "out"] } },
    headers: { type: "object", additionalProperties: { type: "string" } },
  },
  $defs: { Limit: { type: "object", properties: { requests: { type: "integer" }, per: duration }, required: ["requests", "per"] } },
};

let latest: Config = {};
function Live({ start, faults = [] }: { start: Config; faults?: Fault[] }) {
  const [value, setValue] = useState(start);
  latest = value;
  return <SchemaForm schema={schema} value={value} onChange={setValue} faults={faults} />;
}

const shown = (start: Config = {}, faults: Fault[] = []) => {
  render(<Live start={start} faults={faults} />);
  return userEvent.setup();
};

describe("SchemaForm", () => {
  it("writes nothing that was not set: defaults are only shown", async () => {
    const user = shown();
    expect(screen.getByRole("switch", { name: "Expose headers" }).getAttribute("aria-checked")).toBe("true");
    expect(screen.getByRole<HTMLSelectElement>("combobox", { name: /Level/ }).selectedOptions[0]?.text).toBe("info");
    expect(screen.getByRole<HTMLInputElement>("textbox", { name: /Size/ }).placeholder).toBe("10");
    await user.type(screen.getByRole("textbox", { name: /Key/ }), "x");
    expect(latest).toEqual({ key: "x" });
  });

  it("takes an emptied field out of the configuration", async () => {
    const user = shown({ key: "x", size: 5 });
    await user.clear(screen.getByRole("textbox", { name: /Key/ }));
    await user.clear(screen.getByRole("textbox", { name: /Size/ }));
    expect(latest).toEqual({});
  });

  it("tells a blank field from one that keeps its default", async () => {
    const user = shown();
    const origin = screen.getByRole<HTMLInputElement>("textbox", { name: /Origin/ });
    expect(origin.value).toBe("#[x]");
    await user.clear(origin);
    expect(latest).toEqual({ origin: "" });
    await user.type(origin, "#[[x]");
    expect(latest).toEqual({});
  });

  it("adds, fills and removes the rows of a list", async () => {
    const user = shown({ limits: [{ requests: 60, per: "1m" }] });
    await user.click(screen.getByRole("button", { name: "Add limit" }));
    const requests = screen.getAllByRole("textbox", { name: "Requests" });
    expect(requests).toHaveLength(2);
    await user.type(requests[1] as HTMLElement, "5");
    await user.click(screen.getByRole("button", { name: "Remove number 1" }));
    expect(latest).toEqual({ limits: [{ requests: 5 }] });
  });

  it("writes durations with their unit, and keeps the unit while the number is empty", async () => {
    const user = shown({ limits: [{ requests: 1, per: "1m" }] });
    const per = screen.getByRole("textbox", { name: "Per" });
    await user.selectOptions(screen.getByRole("combobox", { name: "Unit of per" }), "hours");
    expect(latest).toEqual({ limits: [{ requests: 1, per: "1h" }] });
    await user.clear(per);
    expect(latest).toEqual({ limits: [{ requests: 1 }] });
    await user.type(per, "24");
    expect(latest).toEqual({ limits: [{ requests: 1, per: "24h" }] });
  });

  it("gives back switches, choices and numbers as such", async () => {
    const user = shown();
    await user.click(screen.getByRole("switch", { name: "Expose headers" }));
    await user.selectOptions(screen.getByRole("combobox", { name: /Level/ }), "warn");
    await user.type(screen.getByRole("textbox", { name: /Size/ }), "12");
    expect(latest).toEqual({ expose_headers: false, level: "warn", size: 12 });
  });

  it("shows which of several choices hold while none was made, and adds to them", async () => {
    const user = shown();
    const pressed = () => screen.getAllByRole("button", { pressed: true }).map((chip) => chip.textContent);
    expect(pressed()).toEqual(["in"]);
    await user.click(screen.getByRole("button", { name: "out" }));
    expect(latest).toEqual({ sides: ["in", "out"] });
    expect(pressed()).toEqual(["in", "out"]);
  });

  it("hides a password", () => {
    shown({ password: "secret" });
    expect(screen.getByLabelText<HTMLInputElement>(/Password/).type).toBe("password");
  });

  it("shows no word for a kept secret, and replaces it by what is typed", async () => {
    const user = shown({ password: "$kept:0123456789abcdef" });
    const field = screen.getByLabelText<HTMLInputElement>(/Password/);
    expect([field.value, field.placeholder]).toEqual(["", "Kept, and not shown. Type to replace it"]);
    await user.type(field, "n");
    expect(latest).toEqual({ password: "n" });
  });

  it("shows a fault at its field, and tells it to screen readers", () => {
    shown({ limits: [{ requests: 0, per: "1m" }] }, [{ field: "limits[0].requests", message: "must be 1 or more" }]);
    const alert = screen.getByRole("alert");
    expect(alert.textContent).toBe("must be 1 or more");
    expect(screen.getByRole("textbox", { name: "Requests" }).getAttribute("aria-describedby")).toBe(alert.id);
  });

  it("adds a pair to a map, and removes it", async () => {
    const user = shown();
    await user.click(screen.getByRole("button", { name: /Add to headers/ }));
    expect(Object.keys(latest.headers as object)).toHaveLength(1);
    const remove = within(document.body).getByRole("button", { name: /^Remove/ });
    await user.click(remove);
    expect(latest.headers).toEqual({});
  });
});

describe("validator", () => {
  it("resolves a reference in the root, and ignores keys that hold undefined", () => {
    const root = { $defs: { N: { type: "integer" as const } } };
    const part = { type: "object" as const, properties: { n: { $ref: "#/$defs/N" } }, additionalProperties: false };
    expect(validator.isValid(part, { n: 1, gone: undefined }, root)).toBe(true);
    expect(validator.isValid(part, { n: "x" }, root)).toBe(false);
  });

  it("puts errors at their places", () => {
    const { errorSchema } = validator.validateFormData(
      { a: [{ b: 1 }] },
      { properties: { a: { items: { properties: { b: { type: "string" } } } } } },
    );
    expect(JSON.stringify(errorSchema)).toContain('"b":{"__errors"');
  });
});
