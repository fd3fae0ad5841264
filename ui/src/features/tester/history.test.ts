import { describe, expect, it } from "vitest";
import { emptyDraft, headerRow } from "./draft";
import { type Entry, entryOf, HISTORY_KEPT, keepable, keepHistory, readHistory, withEntry } from "./history";

const entry = (at_ms: number) => entryOf({ ...emptyDraft(), url: "http://127.0.0.1" }, at_ms, { error: "refused" });

describe("keepable", () => {
  it("writes down no secret, wherever it stands", () => {
    const draft = {
      ...emptyDraft(),
      url: "http://me:s3cret@host/a?client_secret=s3cret&page=2",
      headers: [headerRow("Authorization", "Bearer s3cret"), headerRow("client_secret", "s3cret"), headerRow("x-user", "ann")],
      body_kind: "json" as const,
      body: '{"password": "s3cret"}',
    };
    const kept = keepable(draft);
    expect(JSON.stringify(kept)).not.toContain("s3cret");
    expect(kept.redacted).toBe(true);
    expect(kept.draft.url).toBe("http://host/a?client_secret=&page=2");
    expect(kept.draft.headers[2]?.value).toBe("ann");
  });

  it("keeps all else as it is", () => {
    const draft = { ...emptyDraft(), path: "/posts?page=2", body: '{"title": "x"}' };
    expect(keepable(draft)).toEqual({ draft, redacted: false });
  });
});

describe("withEntry", () => {
  it("puts the newest first and keeps two hundred", () => {
    let history: Entry[] = [];
    for (let at_ms = 1; at_ms <= HISTORY_KEPT + 5; at_ms += 1) history = withEntry(history, entry(at_ms));
    expect(history).toHaveLength(HISTORY_KEPT);
    expect(history[0]?.at_ms).toBe(HISTORY_KEPT + 5);
    expect(new Set(history.map((each) => each.id)).size).toBe(HISTORY_KEPT);
  });
});

describe("readHistory", () => {
  const store = (text: string | null) => ({ getItem: () => text });

  it("reads what was kept", () => {
    const kept: string[] = [];
    const history = withEntry([], entry(1));
    keepHistory({ setItem: (_key, value) => kept.push(value) }, history);
    expect(readHistory(store(kept[0] ?? null))).toEqual(history);
  });

  it("leaves out what it cannot read", () => {
    expect(readHistory(store("{"))).toEqual([]);
    expect(readHistory(store('[{"id":1},null,7]'))).toEqual([]);
    expect(readHistory(store(null))).toEqual([]);
  });

  it("goes on when the store is full", () => {
    const full = {
      setItem: () => {
        throw new DOMException("full", "QuotaExceededError");
      },
    };
    expect(() => keepHistory(full, [])).not.toThrow();
  });
});
