import { expect, it } from "vitest";
import { ApiError, errorFromAnswer, faultsOf, messageOf } from "./errors";

it("takes code, message and faults from an answer", () => {
  const error = errorFromAnswer(422, {
    error: { code: "invalid", message: "Not saved.", faults: [{ field: "upstream.url", message: "is wrong" }] },
  });
  expect([error.status, error.code, error.message, error.at("upstream.url")]).toEqual([422, "invalid", "Not saved.", "is wrong"]);
  expect(error.at("upstream")).toBeUndefined();
});

it("makes a sentence of an answer that is not ours", () => {
  expect(errorFromAnswer(502, "<html>").message).toContain("502");
  expect(errorFromAnswer(500, null).faults).toEqual([]);
});

it("finds message and faults in whatever was thrown", () => {
  expect(messageOf("text")).toBe("text");
  expect(faultsOf(new Error("x"))).toEqual([]);
  expect(faultsOf(new ApiError(422, "c", "m", [{ field: "a", message: "b" }]))).toHaveLength(1);
});
