import { expect, it } from "vitest";
import { configFaults, faultAt, fieldOf, partsOf } from "./faults";

it("writes and reads the gateway's field paths", () => {
  expect(fieldOf(["limits", 0, "per"])).toBe("limits[0].per");
  expect(partsOf("config.limits[0].per")).toEqual(["config", "limits", 0, "per"]);
  expect(partsOf("only[2]")).toEqual(["only", 2]);
});

it("finds the fault of one place only", () => {
  const faults = [{ field: "limits[0].per", message: "too short" }];
  expect(faultAt(faults, ["limits", 0, "per"])).toBe("too short");
  expect(faultAt(faults, ["limits", 0])).toBeUndefined();
});

it("tells the faults of the configuration from the others", () => {
  const { inside, outside } = configFaults([
    { field: "config.key", message: "a" },
    { field: "config", message: "b" },
    { field: "only[0].path", message: "c" },
    { field: "configuration", message: "d" },
  ]);
  expect(inside.map((fault) => fault.field)).toEqual(["key", ""]);
  expect(outside.map((fault) => fault.message)).toEqual(["c", "d"]);
});
