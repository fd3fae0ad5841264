import { type ComponentProps, type ReactNode, useId } from "react";
import { classes } from "./class-names";

type FieldProps = {
  label: ReactNode;
  help?: ReactNode;
  fault?: string | null | undefined;
  className?: string;
  children: (ids: { id: string; "aria-describedby"?: string; "aria-invalid"?: true }) => ReactNode;
};

/** A label above, the control, then help or what is wrong. Hand the ids to the control: `{(ids) => <TextInput {...ids} />}`. */
export function Field({ label, help, fault, className, children }: FieldProps) {
  const id = useId();
  const note = `${id}-note`;
  return (
    <div className={classes("field", className)}>
      <label htmlFor={id}>{label}</label>
      {children({ id, ...((help || fault) && { "aria-describedby": note }), ...(fault && { "aria-invalid": true as const }) })}
      {fault ? (
        <span className="help fault" id={note} role="alert">
          {fault}
        </span>
      ) : (
        help && (
          <span className="help" id={note}>
            {help}
          </span>
        )
      )}
    </div>
  );
}

type TextInputProps = ComponentProps<"input"> & { mono?: boolean; unit?: ReactNode; small?: boolean };

export function TextInput({ mono, unit, small, className, style, ...rest }: TextInputProps) {
  return (
    <span className={classes("input", mono && "mono", small && "input-s", className)} style={style}>
      <input autoComplete="off" autoCapitalize="off" spellCheck={false} {...rest} />
      {unit && <span className="unit">{unit}</span>}
    </span>
  );
}

export function TextArea({ mono, className, ...rest }: ComponentProps<"textarea"> & { mono?: boolean }) {
  return <textarea className={classes("textarea", mono && "mono", className)} spellCheck={false} {...rest} />;
}
