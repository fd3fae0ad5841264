import { describe, expect, it } from "vitest";
import type { CallSummary } from "@/api/types";
import { CALLS_KEPT, emptyList, followed, merge, olderThan, withFirstPage, withLive, withOlder } from "./call-list";

const call = (id: number, status = 200): CallSummary => ({
  id,
  at_us: id,
  method: "GET",
  path: "/",
  api_id: 1,
  api_name: "A",
  client_app_id: null,
  client_name: null,
  status,
  grpc_status: null,
  refused_by: null,
  would_refuse_by: null,
  duration_us: 1,
  upstream_us: 1,
  request_bytes: 0,
  response_bytes: 0,
  request_id: String(id),
});
const ids = (calls: readonly CallSummary[]) => calls.map((each) => each.id);

describe("merge", () => {
  it("lists each call once, newest first", () => {
    expect(ids(merge([call(3), call(1)], [call(2), call(3)]))).toEqual([3, 2, 1]);
  });
});

describe("withLive", () => {
  it("puts calls on top while following, and only those asked for", () => {
    const list = withLive({ ...emptyList, shown: [call(1)] }, [call(2, 500), call(3)], 0, { status: "2xx" }, true);
    expect(ids(list.shown)).toEqual([3, 1]);
  });

  it("holds calls back while paused, and gives them when following again", () => {
    const paused = withLive({ ...emptyList, shown: [call(1)] }, [call(2)], 0, {}, false);
    expect(ids(paused.shown)).toEqual([1]);
    expect(ids(followed(paused).shown)).toEqual([2, 1]);
    expect(followed(paused).waiting).toEqual([]);
  });

  it("counts what was skipped", () => {
    expect(withLive(emptyList, [], 12, {}, true).skipped).toBe(12);
  });

  it("stays bounded, and finds what it dropped by its time", () => {
    const many = Array.from({ length: CALLS_KEPT + 10 }, (_, index) => call(index + 1));
    const list = withLive(emptyList, many, 0, {}, true);
    expect(list.shown).toHaveLength(CALLS_KEPT);
    expect(list.cut).toBe(true);
    expect(olderThan({ ...list, shown: [{ ...call(11), at_us: 5_000_700 }] })).toEqual({ to_ms: 5_001 });
    expect(olderThan(withOlder(list, [call(10)], "10"))).toEqual({ before: "10" });
    expect(olderThan(withOlder(list, [call(10)], null))).toBeNull();
  });

  it("is the same list when nothing in it changes", () => {
    expect(withLive(emptyList, [call(1, 500)], 0, { status: "2xx" }, true)).toBe(emptyList);
  });
});

describe("pages", () => {
  it("keeps calls that came in while the first page was on its way", () => {
    const early = withLive(emptyList, [call(9)], 0, {}, true);
    expect(ids(withFirstPage(early, [call(8), call(7)], "7").shown)).toEqual([9, 8, 7]);
  });

  it("adds older calls at the end and remembers where to go on", () => {
    const list = withOlder({ ...emptyList, shown: [call(3)], next: "3" }, [call(2), call(1)], null);
    expect(ids(list.shown)).toEqual([3, 2, 1]);
    expect(list.next).toBeNull();
  });
});
