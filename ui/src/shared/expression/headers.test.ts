import { expect, test } from "vitest";
import { headersOf } from "./headers";

test("a line is a header, in lower case, its value without blanks around", () => {
  expect(headersOf("X-User:  ann \naccept: a:b")).toEqual([
    ["x-user", "ann"],
    ["accept", "a:b"],
  ]);
});

test("lines without a name say nothing, and a name alone has no value", () => {
  expect(headersOf("\n : x\nx-empty")).toEqual([["x-empty", ""]]);
});
