import { describe, expect, it } from "vitest";
import { addedOnTop, move } from "./rows";

describe("move", () => {
  it("stays inside the list", () => {
    expect(move("ArrowDown", 9, 10, 5)).toBe(9);
    expect(move("ArrowUp", 0, 10, 5)).toBe(0);
    expect(move("PageDown", 7, 10, 5)).toBe(9);
    expect(move("PageUp", 3, 10, 5)).toBe(0);
  });

  it("begins at the top when nothing is selected", () => {
    expect(move("ArrowDown", -1, 10, 5)).toBe(0);
    expect(move("ArrowUp", -1, 10, 5)).toBe(0);
  });

  it("leaves other keys and empty lists alone", () => {
    expect(move("a", 1, 10, 5)).toBeNull();
    expect(move("Home", -1, 0, 5)).toBeNull();
  });
});

describe("addedOnTop", () => {
  it("counts the rows above the old first one", () => {
    expect(addedOnTop([5, 4, 3], 3)).toBe(2);
  });

  it("is zero when the list was replaced", () => {
    expect(addedOnTop([5, 4], 1)).toBe(0);
    expect(addedOnTop([5, 4], null)).toBe(0);
  });
});
