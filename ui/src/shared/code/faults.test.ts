import { Text } from "@codemirror/state";
import { expect, it } from "vitest";
import { diagnosticsOf } from "./faults";

const text = Text.of(["limits:", "  - requests: x", ""]);

it("marks a line from its first letter to its end", () => {
  expect(diagnosticsOf([{ line: 2, message: "not a number" }], text)).toEqual([
    { from: 10, to: 23, severity: "error", message: "not a number" },
  ]);
});

it("begins at the column when there is one", () => {
  expect(diagnosticsOf([{ line: 2, column: 15, message: "" }], text)[0]?.from).toBe(22);
});

it("keeps a fault behind the end of the text inside it", () => {
  expect(diagnosticsOf([{ line: 99, column: 99, message: "" }], text)[0]).toMatchObject({ from: 24, to: 24 });
});
