import { describe, expect, it } from "vitest";
import { isTyping, keyboard, pressed, SEQUENCE_MS } from "./keys";

function board(...keys: string[]) {
  const done: string[] = [];
  const held = keyboard();
  const add = (...more: string[]) => held.add(() => Object.fromEntries(more.map((name) => [name, () => void done.push(name)])));
  add(...keys);
  return { done, add, type: (text: string, at_ms = 0) => [...text].map((key) => held.press(key, at_ms)), held };
}

describe("keyboard", () => {
  it("runs every sequence after any other", () => {
    const { done, type } = board("g o", "g a", "g c", "g t");
    type("gagcgtgogc");
    expect(done).toEqual(["g a", "g c", "g t", "g o", "g c"]);
  });

  it("leaves the second key of a sequence to the sequence", () => {
    const { done, add, type } = board("g a", "g n", "n");
    add("a");
    type("gagn");
    expect(done).toEqual(["g a", "g n"]);
    type("an");
    expect(done).toEqual(["g a", "g n", "a", "n"]);
  });

  it("swallows a second key that leads nowhere, and begins again when the first one is repeated", () => {
    const { done, type } = board("g c", "x");
    expect(type("gx")).toEqual([true, true]);
    expect(done).toEqual([]);
    type("ggc");
    expect(done).toEqual(["g c"]);
  });

  it("forgets the first key after a while, and when it is interrupted", () => {
    const { done, held } = board("g c", "c");
    held.press("g", 0);
    held.press("c", SEQUENCE_MS + 1);
    held.press("g", 5000);
    held.interrupt();
    held.press("c", 5001);
    expect(done).toEqual(["c", "c"]);
  });

  it("has no use for other keys, nor for those taken away", () => {
    const { add, done, type } = board();
    const take = add("q");
    take();
    expect(type("q")).toEqual([false]);
    expect(done).toEqual([]);
  });
});

it("reads letters whatever Caps Lock says, and passes keys that are held with others", () => {
  const press = (init: KeyboardEventInit) => pressed(new KeyboardEvent("keydown", init));
  expect(press({ key: "G" })).toBe("g");
  expect(press({ key: "?", shiftKey: true })).toBe("?");
  expect(press({ key: "A", shiftKey: true })).toBeNull();
  expect(press({ key: "a", ctrlKey: true })).toBeNull();
  expect(press({ key: "g", repeat: true })).toBeNull();
  expect(press({ key: "Shift" })).toBeNull();
});

it("knows what is typed into", () => {
  document.body.innerHTML =
    '<input id="text"><input id="box" type="checkbox"><div role="dialog"><button id="inside"></button></div><p id="p">';
  const at = (id: string) => isTyping(document.getElementById(id));
  expect([at("text"), at("box"), at("inside"), at("p")]).toEqual([true, false, true, false]);
});
