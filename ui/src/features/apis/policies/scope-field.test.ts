import { expect, test } from "vitest";
import { withRow } from "./scope-field";

const row = (path: string, ...methods: string[]) => ({ methods, path });

test("an operation comes as a row, and joins the row of its path", () => {
  const one = withRow([], row("/pets/[^/]+", "GET"));
  expect(one).toEqual([row("/pets/[^/]+", "GET")]);
  const both = withRow(one, row("/pets/[^/]+", "DELETE"));
  expect(both).toEqual([row("/pets/[^/]+", "GET", "DELETE")]);
  expect(withRow(both, row("/pets/[^/]+", "GET"))).toEqual(both);
  expect(withRow(both, row("/pets", "GET"))).toHaveLength(2);
});

test("a row for every method takes no single one", () => {
  const every = { path: "/pets" };
  expect(withRow([every], row("/pets", "GET"))).toEqual([every, row("/pets", "GET")]);
});
