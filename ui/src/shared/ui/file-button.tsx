import { FileUp } from "lucide-react";
import { type ChangeEvent, type ReactNode, useRef } from "react";
import { bytes } from "@/shared/format";
import { Button } from "./button";
import { toast } from "./toast";

type FileButtonProps = {
  label: string;
  accept: string;
  /** Largest file, in bytes. */
  most: number;
  onFile: (file: File) => Promise<unknown>;
  children: ReactNode;
};

/** Asks for files with the platform's own dialog, one after another. */
export function FileButton({ label, accept, most, onFile, children }: FileButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  const choose = async (event: ChangeEvent<HTMLInputElement>) => {
    const [file] = event.target.files ?? [];
    event.target.value = "";
    if (!file) return;
    if (file.size > most) toast(`${file.name} is larger than ${bytes(most)}, the most that is taken here.`, "error");
    else await onFile(file);
  };
  return (
    <>
      <Button size="s" icon={FileUp} onClick={() => input.current?.click()}>
        {children}
      </Button>
      <input
        ref={input}
        type="file"
        accept={accept}
        aria-label={label}
        className="sr-only"
        tabIndex={-1}
        onChange={(event) => void choose(event)}
      />
    </>
  );
}
