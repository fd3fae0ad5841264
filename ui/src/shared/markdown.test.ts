import { expect, it } from "vitest";
import { blocksOf } from "./markdown";

it("tells headings, paragraphs, lists and code apart", () => {
  const text = "# Title\nfirst line\nsecond line\n\n- one\n  more of one\n- two\n\n```yaml\na: 1\n\n- b\n```\nlast";
  expect(blocksOf(text)).toEqual([
    { kind: "heading", text: "Title" },
    { kind: "paragraph", text: "first line second line" },
    { kind: "list", ordered: false, items: ["one more of one", "two"] },
    { kind: "code", text: "a: 1\n\n- b" },
    { kind: "paragraph", text: "last" },
  ]);
});

it("reads tables, with bars in code as text", () => {
  expect(blocksOf("before\n\n| What | Answer |\n|---|:-:|\n| `a|b` | 401 |\n| none | |\nafter")).toEqual([
    { kind: "paragraph", text: "before" },
    {
      kind: "table",
      head: ["What", "Answer"],
      rows: [
        ["`a|b`", "401"],
        ["none", ""],
      ],
    },
    { kind: "paragraph", text: "after" },
  ]);
});

it("ends at the end of the text when a fence is never closed", () => {
  expect(blocksOf("```\nx")).toEqual([{ kind: "code", text: "x" }]);
});
