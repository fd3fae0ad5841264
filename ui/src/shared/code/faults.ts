import type { Diagnostic } from "@codemirror/lint";
import type { Text } from "@codemirror/state";

/** What is wrong at a place in a text. */
export interface CodeFault {
  /** From 1. */
  line: number;
  /** From 1; left out, the whole line is meant. */
  column?: number;
  message: string;
}

/** Faults as CodeMirror shows them; a place outside the text moves to its nearest end. */
export function diagnosticsOf(faults: readonly CodeFault[], text: Text): Diagnostic[] {
  return faults.map((fault) => {
    const line = text.line(Math.min(text.lines, Math.max(1, fault.line)));
    const indent = line.text.length - line.text.trimStart().length;
    const from = Math.min(line.to, line.from + (fault.column === undefined ? indent : Math.max(0, fault.column - 1)));
    return { from, to: line.to, severity: "error", message: fault.message };
  });
}
