import type { ReactNode } from "react";

/** The little Markdown that policies' help uses: headings, paragraphs, lists, tables, fenced code, `code` and **strong**. Made of elements, never of HTML text. */
export function Markdown({ text }: { text: string }) {
  return <div className="markdown">{blocksOf(text).map(shown)}</div>;
}

export type Block =
  | { kind: "heading" | "paragraph" | "code"; text: string }
  | { kind: "list"; ordered: boolean; items: string[] }
  | { kind: "table"; head: string[]; rows: string[][] };

const RULE = /^\s*\|?[\s:|-]+\|[\s:|-]*$/;

/** The cells of `| a | b |`; a bar inside `code` or after a backslash is text. */
const cellsOf = (line: string): string[] =>
  (
    line
      .trim()
      .replace(/^\||\|$/g, "")
      .match(/(?:\\.|`[^`]*`|[^|])+/g) ?? []
  ).map((cell) => cell.trim().replaceAll("\\|", "|"));

const LIST_ITEM = /^\s*(?:[-*]|(\d+)\.)\s+(.*)$/;

export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  const lines = text.replaceAll("\r", "").split("\n");
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const item = LIST_ITEM.exec(line);
    const last = blocks.at(-1);
    const follows = at > 0 && (lines[at - 1] ?? "").trim() !== "";
    if (line.trim().startsWith("```")) {
      const end = lines.findIndex((other, index) => index > at && other.trim().startsWith("```"));
      const stop = end < 0 ? lines.length : end;
      blocks.push({ kind: "code", text: lines.slice(at + 1, stop).join("\n") });
      at = stop;
    } else if (line.includes("|") && RULE.test(lines[at + 1] ?? "")) {
      const end = lines.findIndex((other, index) => index > at + 1 && !other.includes("|"));
      const stop = end < 0 ? lines.length : end;
      blocks.push({ kind: "table", head: cellsOf(line), rows: lines.slice(at + 2, stop).map(cellsOf) });
      at = stop - 1;
    } else if (/^#{1,6}\s/.test(line)) blocks.push({ kind: "heading", text: line.replace(/^#+\s+/, "") });
    else if (item) {
      if (last?.kind === "list" && follows) last.items.push(item[2] ?? "");
      else blocks.push({ kind: "list", ordered: item[1] !== undefined, items: [item[2] ?? ""] });
    } else if (line.trim() !== "") {
      if (follows && last?.kind === "paragraph") last.text += ` ${line.trim()}`;
      else if (follows && last?.kind === "list") last.items[last.items.length - 1] += ` ${line.trim()}`;
      else blocks.push({ kind: "paragraph", text: line.trim() });
    }
  }
  return blocks;
}

function shown(block: Block, index: number): ReactNode {
  switch (block.kind) {
    case "heading":
      return <h4 key={index}>{inline(block.text)}</h4>;
    case "code":
      return (
        <pre key={index} className="code">
          {block.text}
        </pre>
      );
    case "list": {
      const List = block.ordered ? "ol" : "ul";
      return (
        <List key={index}>
          {block.items.map((item) => (
            <li key={item}>{inline(item)}</li>
          ))}
        </List>
      );
    }
    case "table":
      return (
        <table key={index} className="table">
          <thead>
            <tr>
              {block.head.map((cell) => (
                <th key={cell}>{inline(cell)}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {block.rows.map((row) => (
              <tr key={row.join("|")}>
                {row.map((cell) => (
                  <td key={cell}>{inline(cell)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      );
    case "paragraph":
      return <p key={index}>{inline(block.text)}</p>;
  }
}

/** One line of it: `code` and **strong**, for the help below a field. */
export function inline(text: string): ReactNode[] {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part, index) => {
    // biome-ignore-start lint/suspicious/noArrayIndexKey: the parts of one fixed text never move
    if (part.startsWith("`")) return <code key={index}>{part.slice(1, -1)}</code>;
    if (part.startsWith("**")) return <b key={index}>{part.slice(2, -2)}</b>;
    // biome-ignore-end lint/suspicious/noArrayIndexKey: as above
    return part;
  });
}
