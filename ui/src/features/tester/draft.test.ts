import { describe, expect, it } from "vitest";
import { emptyDraft, faultOf, headerRow, headersOf, requestOf } from "./draft";

describe("headersOf", () => {
  it("leaves out lines that are off or without a name", () => {
    const headers = [headerRow("x-a", "1"), headerRow("x-b", "2", false), headerRow(" ", "3")];
    expect(headersOf({ ...emptyDraft(), headers })).toEqual([["x-a", "1"]]);
  });

  it("names the body's type unless a line does", () => {
    expect(headersOf({ ...emptyDraft(), body_kind: "json" })).toEqual([["content-type", "application/json"]]);
    const headers = [headerRow("Content-Type", "application/xml")];
    expect(headersOf({ ...emptyDraft(), body_kind: "text", headers })).toEqual([["Content-Type", "application/xml"]]);
  });
});

describe("requestOf", () => {
  it("names an API and its path, or a URL, never both", () => {
    expect(requestOf({ ...emptyDraft(), api_id: 3, path: "/1", url: "http://x" })).toMatchObject({ api_id: 3, path: "/1" });
    expect(requestOf({ ...emptyDraft(), api_id: 3, url: "http://x" })).not.toHaveProperty("url");
    expect(requestOf({ ...emptyDraft(), url: " http://x " })).toMatchObject({ url: "http://x" });
  });

  it("sends no body when there is none, whatever was typed before", () => {
    expect(requestOf({ ...emptyDraft(), body: "{}", body_kind: "none" }).body).toBeNull();
  });
});

describe("faultOf", () => {
  it("asks for a whole URL", () => {
    expect(faultOf({ ...emptyDraft(), url: "127.0.0.1" })).not.toBeNull();
    expect(faultOf({ ...emptyDraft(), url: "http://127.0.0.1:8081/x" })).toBeNull();
    expect(faultOf(emptyDraft())).not.toBeNull();
  });

  it("wants paths below an API to begin with a slash", () => {
    expect(faultOf({ ...emptyDraft(), api_id: 1, path: "posts" })).not.toBeNull();
    expect(faultOf({ ...emptyDraft(), api_id: 1, path: "?a=1" })).toBeNull();
  });
});
