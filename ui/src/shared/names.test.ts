import { expect, test } from "vitest";
import { namesIn, placesOf, withNames } from "./names";

test("names are told apart by commas, blanks and lines", () => {
  expect(namesIn(" a.test, b.test\n::1 ")).toEqual(["a.test", "b.test", "::1"]);
});

test("a name stands in a list once", () => {
  expect(withNames(["a.test"], "b.test, a.test b.test")).toEqual(["a.test", "b.test"]);
});

test("a fault names its place in a list", () => {
  expect(placesOf([{ field: "hosts[2]" }, { field: "hosts" }, { field: "listen.hosts[0]" }, { field: "hosts[11]" }], "hosts")).toEqual([
    2, 11,
  ]);
});
