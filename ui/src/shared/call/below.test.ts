import { expect, it } from "vitest";
import { below } from "./below";

it("takes the base path off whole segments only", () => {
  expect(below("/posts/v1", "/posts/v1/1?x=2")).toBe("/1?x=2");
  expect(below("/posts/v1", "/posts/v1")).toBe("");
  expect(below("/posts", "/postscript")).toBe("/postscript");
  expect(below("/", "/a")).toBe("/a");
});
