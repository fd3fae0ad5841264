import { describe, expect, it } from "vitest";
import { type CallPoint, callsOf, drawn, mergeIntoSteps, stack, stepFor } from "./points";

const point = (at_ms: number, ok_2xx: number, refused = 0): CallPoint => ({
  at_ms,
  ok_2xx,
  redirect_3xx: 0,
  client_4xx: 0,
  server_5xx: 0,
  refused,
});

describe("mergeIntoSteps", () => {
  it("fills steps without calls with zero", () => {
    const merged = mergeIntoSteps([point(1000, 2), point(4000, 3)], 1000, 4000, 1);
    expect(merged.map((step) => step.ok_2xx)).toEqual([2, 0, 0, 3]);
  });

  it("adds up what falls into one step and loses nothing", () => {
    const seconds = Array.from({ length: 900 }, (_, index) => point(index * 1000, index % 3, index % 2));
    const merged = mergeIntoSteps(seconds, 0, 899_000, 5);
    const total = (list: CallPoint[]) => list.reduce((sum, each) => sum + callsOf(each), 0);
    expect(merged).toHaveLength(180);
    expect(total(merged)).toBe(total(seconds));
  });

  it("leaves out what is older than the range", () => {
    const merged = mergeIntoSteps([point(500, 9), point(2500, 1)], 2000, 3000, 1);
    expect(merged.map((step) => step.ok_2xx)).toEqual([1, 0]);
  });

  it("puts two points of the same second into one step", () => {
    expect(mergeIntoSteps([point(1000, 1), point(1900, 1)], 1000, 1999, 1)).toEqual([point(1000, 2)]);
  });
});

describe("stack", () => {
  it("draws each class on top of those below it, a second", () => {
    const layers = stack([point(0, 10, 5)], 5, 60_000);
    expect(layers.map((layer) => layer[0])).toEqual([2, 2, 2, 2, 3]);
  });

  it("does not take the step under way for a drop", () => {
    expect(stack([point(0, 10)], 20, 10_000)[0]).toEqual([1]);
    expect(stack([point(0, 10)], 20, 1)[0]).toEqual([2]);
  });
});

describe("drawn", () => {
  it("draws a handful of calls as bars, and loses none of them", () => {
    const { steps, sparse } = drawn([point(3000, 5), point(800_000, 1, 2)], 0, 899_000, 1);
    expect(sparse).toBe(true);
    expect(steps.length).toBeLessThanOrEqual(91);
    expect(steps.reduce((sum, step) => sum + callsOf(step), 0)).toBe(8);
  });

  it("draws steady traffic as a line", () => {
    const seconds = Array.from({ length: 900 }, (_, index) => point(index * 1000, 3));
    expect(drawn(seconds, 0, 899_000, 1).sparse).toBe(false);
  });
});

describe("stepFor", () => {
  it("takes the finest round step that fits", () => {
    expect(stepFor(900_000, 1, 300)).toBe(5);
    expect(stepFor(86_400_000, 60, 300)).toBe(300);
  });

  it("is never finer than the data", () => {
    expect(stepFor(60_000, 60, 300)).toBe(60);
  });
});
