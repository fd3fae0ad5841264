import { CircleAlert, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError, messageOf } from "@/api/errors";
import type { Fault } from "@/api/types";
import { Button } from "./button";

type EmptyProps = { icon?: LucideIcon; title: string; children?: ReactNode; action?: ReactNode };

/** A place with nothing in it: what will be here, and what to do next. */
export function Empty({ icon: Icon, title, children, action }: EmptyProps) {
  return (
    <div className="empty grow">
      {Icon && <Icon className="i i-l" aria-hidden />}
      <h2>{title}</h2>
      {children && <div className="small empty-words">{children}</div>}
      {action}
    </div>
  );
}

type ErrorNoteProps = { title?: string; message?: ReactNode; error?: unknown; onRetry?: () => void };

/** What happened, why, and a way to try again. Faults of an ApiError are listed with their fields. */
export function ErrorNote({ title, message, error, onRetry }: ErrorNoteProps) {
  const shown = message ?? messageOf(error);
  const told = (fault: Fault) => typeof shown === "string" && shown.includes(fault.message);
  const faults = error instanceof ApiError ? error.faults.filter((fault) => !told(fault)) : [];
  return (
    <div className="note note-error" role="alert">
      <CircleAlert className="i i-s c5" aria-hidden />
      <div className="grow">
        {title && <div className="strong">{title}</div>}
        <div>{shown}</div>
        {faults.length > 0 && (
          <ul className="faults">
            {faults.map((fault) => (
              <li key={`${fault.field}:${fault.message}`}>
                <span className="mono">{fault.field}</span> {fault.message}
              </li>
            ))}
          </ul>
        )}
      </div>
      {onRetry && (
        <Button size="s" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}
