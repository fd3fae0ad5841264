import { AlignLeft } from "lucide-react";
import { CodeEditor, pretty } from "@/shared/code";
import { Button, Segments } from "@/shared/ui";
import type { BodyKind } from "./draft";
import { change, useTester } from "./store";

const KINDS: readonly { value: BodyKind; label: string }[] = [
  { value: "none", label: "None" },
  { value: "json", label: "JSON" },
  { value: "text", label: "Text" },
];

/** Why a text is not JSON; `null` when it is, or is empty. */
export function jsonFault(text: string): string | null {
  if (text.trim() === "") return null;
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : "not JSON";
  }
}

export function BodyEditor() {
  const { body, body_kind } = useTester((state) => state.draft);
  const fault = body_kind === "json" ? jsonFault(body) : null;
  return (
    <div className="col body-editor">
      <div className="row body-bar">
        <Segments label="Body" value={body_kind} options={KINDS} onChange={(kind) => change({ body_kind: kind })} />
        {body_kind === "json" && (
          <Button
            size="s"
            look="ghost"
            icon={AlignLeft}
            disabled={fault !== null || body === ""}
            onClick={() => change({ body: pretty(body) })}
          >
            Format
          </Button>
        )}
        {fault && <span className="small c4 trunc">Not JSON yet: {fault}</span>}
      </div>
      {body_kind === "none" ? (
        <p className="small t3 body-none">No body is sent.</p>
      ) : (
        <CodeEditor label="Request body" language={body_kind} value={body} onChange={(text) => change({ body: text })} />
      )}
    </div>
  );
}
