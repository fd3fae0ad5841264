import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { Button, IconButton } from "./button";
import { toast } from "./toast";

const SHOWN_MS = 1_500;

/** Copies `text`. With `children` it is a button with words, without an icon named by `label`. */
export function CopyButton({ text, label, children }: { text: string; label: string; children?: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    if (await copyText(text)) setCopied(true);
    else toast("The clipboard is not available here; select the text and copy it.", "error");
  };
  const icon = copied ? Check : Copy;
  if (children === undefined) return <IconButton icon={icon} label={copied ? "Copied" : label} onClick={copy} />;
  return (
    <Button size="s" icon={icon} onClick={copy} aria-label={label}>
      {copied ? "Copied" : children}
    </Button>
  );
}

/** A page that is not on localhost or https has no clipboard object; the old way still works there. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
