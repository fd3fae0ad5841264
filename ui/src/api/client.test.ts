import { expect, it } from "vitest";
import { address } from "./client";

it("leaves out what is empty and escapes the rest", () => {
  expect(address("/calls", { limit: 0, path: "/a b&c", api_id: undefined, status: "", before: null })).toBe(
    "/api/calls?limit=0&path=%2Fa+b%26c",
  );
  expect(address("/apis")).toBe("/api/apis");
});
