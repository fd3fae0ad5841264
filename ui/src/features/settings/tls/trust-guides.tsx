import { useState } from "react";
import type { TrustGuide } from "@/api/types";
import { CopyButton, Field, Select } from "@/shared/ui";

/** The guide to begin with: that of the system this page is seen on. */
export function guideFor(agent: string): string {
  if (/Windows/.test(agent)) return "windows";
  if (/Macintosh|Mac OS/.test(agent)) return "macos";
  return "debian";
}

/** How to let a system or a program trust the local authority, and how to take that back, step by step. */
export function TrustGuides({ guides }: { guides: readonly TrustGuide[] }) {
  const [chosen, setChosen] = useState(() => guideFor(navigator.userAgent));
  const guide = guides.find(({ id }) => id === chosen) ?? guides[0];
  if (!guide) return null;
  return (
    <div className="trust">
      <Field label="How to trust it" help="The steps take the downloaded file from the current folder." className="trust-choice">
        {(ids) => (
          <Select {...ids} value={guide.id} options={guides.map(({ id, title }) => ({ value: id, label: title }))} onChange={setChosen} />
        )}
      </Field>
      <Steps steps={guide.trust} />
      {guide.undo.length > 0 && (
        <details key={guide.id}>
          <summary className="small">To trust it no more</summary>
          <Steps steps={guide.undo} />
        </details>
      )}
    </div>
  );
}

function Steps({ steps }: { steps: TrustGuide["trust"] }) {
  return (
    <ol className="trust-steps">
      {steps.map(({ text, command }) => (
        <li key={text}>
          <span>{text}</span>
          {command && (
            <span className="row command">
              <code className="mono grow select-text">{command}</code>
              <CopyButton text={command} label={`Copy: ${text}`} />
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}
